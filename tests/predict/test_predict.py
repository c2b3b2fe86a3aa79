"""The stage: what it finds, what it notes, and how it is stopped."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from src.predict import predict as stage
from src.predict.detector import Detector
from src.predict.judge import Judge
from src.predict.predict import predict
from src.predict.verdict import Verdict
from src.utils.errors import AudiosError
from src.utils.tables import read_csv


@pytest.fixture(autouse=True)
def no_run_needed(monkeypatch, detector: Detector) -> None:
    monkeypatch.setattr(stage.Detector, "load", lambda run, checkpoint: detector)
    monkeypatch.setattr(stage, "bandwidths_of", lambda run, rate: None)


@pytest.fixture
def folder(tmp_path: Path, write_audio: Callable, voice: Callable) -> Path:
    for n, name in enumerate(("b.wav", "sub/a.flac", "c.wav")):
        write_audio(tmp_path / "in" / name, voice(0.8, seed=n))
    return tmp_path / "in"


def test_a_file_and_a_folder(detector: Detector, folder: Path) -> None:
    found = predict(detector.run, folder)
    assert [one.file for one in found.verdicts] == ["b.wav", "c.wav", "sub/a.flac"]
    assert (found.n_files, found.was_stopped, len(found.notes)) == (3, False, 2)
    alone = predict(detector.run, folder / "sub" / "a.flac")
    assert [one.file for one in alone.verdicts] == ["a.flac"]
    assert alone.verdicts[0].score == found.verdicts[2].score


class Noting:
    """Takes note of what it is told."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.heard: list[Verdict] = []

    def begin(self, names) -> None:
        self.names += names

    def hear(self, verdict: Verdict) -> None:
        self.heard.append(verdict)


def test_verdicts_are_told_as_they_are_given(detector: Detector, folder: Path, monkeypatch) -> None:
    """Each before the next one is made, also what is refused by its name."""
    (folder / "all.zip").touch()
    listener, real = Noting(), Judge.judge

    def counted(self, files, progress, settled) -> Iterator[Verdict]:
        for number, verdict in enumerate(real(self, files, progress, settled)):
            assert len(listener.heard) == 1 + number
            yield verdict

    monkeypatch.setattr(Judge, "judge", counted)
    found = predict(detector.run, folder, listener=listener)
    assert listener.names == ["b.wav", "c.wav", "sub/a.flac", "all.zip"]
    assert [one.file for one in listener.heard] == ["all.zip", "b.wav", "c.wav", "sub/a.flac"]
    assert sorted(listener.heard, key=lambda one: one.file) == found.verdicts
    assert found.fault == ""


def test_what_cannot_be_listed_is_refused(detector: Detector, folder: Path) -> None:
    (folder / "a.wav").symlink_to(folder / "nowhere" / "a.wav" / "x")
    Path(os.fsdecode(bytes(folder) + b"/\xff.wav")).touch()
    found = {one.file: one for one in predict(detector.run, folder).verdicts}
    assert [*found] == sorted(found)
    assert found[r"\xff.wav"].reason == "has a name that is not UTF-8"
    assert found["b.wav"].score is not None


def test_ctrl_c_keeps_what_was_judged(
    detector: Detector, folder: Path, tmp_path: Path, monkeypatch
) -> None:
    """A second one does not lose it either."""
    real = Judge.judge

    def pressed(self, files, progress, settled) -> Iterator[Verdict]:
        for number, verdict in enumerate(real(self, files, progress, settled)):
            if number == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield verdict

    output = tmp_path / "out.csv"
    monkeypatch.setattr(Judge, "judge", pressed)
    found = predict(detector.run, folder, output=output)
    assert found.was_stopped
    assert (len(found.verdicts), found.n_files) == (2, 3)
    assert read_csv(output)["file"].tolist() == ["b.wav", "c.wav"]

    write = stage.write_verdicts

    def pressed_again(*arguments) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        write(*arguments)

    output.unlink()
    monkeypatch.setattr(stage, "write_verdicts", pressed_again)
    with pytest.raises(KeyboardInterrupt):
        predict(detector.run, folder, output=output)
    assert len(read_csv(output)) == 2


def test_nothing_is_left_unsaid(detector: Detector, folder: Path, tmp_path: Path) -> None:
    """Refused by name, or counted; and no pipe is opened, which would wait for ever."""
    for name in ("memo.xyz", "all.zip", "notes.txt", "pic.png", ".hidden.wav"):
        (folder / name).touch()
    os.mkfifo(folder / "pipe.wav")
    (folder / "gone.wav").symlink_to("nowhere")
    found = predict(detector.run, folder, output=tmp_path / "v.csv")
    reasons = {one.file: one.reason for one in found.verdicts if one.is_refused}
    assert reasons == {
        "all.zip": "is an archive: unpack it (.zip)",
        "gone.wav": "is a link to what is not there",
        "memo.xyz": "is not a kind of recording that is read (.xyz)",
        "pipe.wav": "is a named pipe, not a file",
    }
    assert (
        found.aside.describe() == "2 companion files (png, txt) and 1 hidden file were left aside"
    )
    assert found.n_files == len(found.verdicts) == 7
    for path in folder.glob("**/*.[wf][al]*"):
        path.unlink()
    (tmp_path / "v.csv").unlink()
    with pytest.raises(AudiosError, match=r"no recording in .*: all.zip is an .*; 2 companion fil"):
        predict(detector.run, folder, output=tmp_path / "v.csv")
    assert read_csv(tmp_path / "v.csv")["verdict"].tolist() == ["refused"] * 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pipe.wav", "is a named pipe, not a file"),
        ("null.wav", "is a device"),
        ("gone.wav", "link"),
    ],
)
def test_one_that_is_no_file(detector: Detector, tmp_path: Path, name: str, told: str) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "null.wav").symlink_to(os.devnull)
    (tmp_path / "gone.wav").symlink_to("nowhere")
    with pytest.raises(AudiosError, match=rf"{name} {told}|{name} is a {told}"):
        predict(detector.run, tmp_path / name)


def test_nothing_that_can_be_judged(detector: Detector, folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.*"):
        path.write_text("no audio")
    found = predict(detector.run, folder, output=tmp_path / "a.csv")
    assert re.match(r"not one of 3 recordings can be judged: b\.wav is not", found.fault)
    assert len(read_csv(tmp_path / "a.csv")) == 3
    assert predict(detector.run, folder / "b.wav").fault.startswith("b.wav is not audio")
    with pytest.raises(AudiosError, match="no file or folder"):
        predict(detector.run, folder / "none.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudiosError, match="no recording in"):
        predict(detector.run, tmp_path / "empty")
