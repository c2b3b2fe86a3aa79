"""Verdicts that outlive a kill."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from src.predict import predict as stage
from src.predict.detector import Detector
from src.predict.journal import Journal, claimed, settings_of
from src.predict.judge import SETTLED_SEGMENTS, Judge
from src.predict.predict import predict
from src.predict.verdict import REFUSED, JudgedWindow, Stretch, Verdict, worst_of
from src.utils.errors import AudiosError
from src.utils.files import file_identity

JUDGED = Verdict(
    *("=a\x1b.wav", "spoof", -1.2345678901234567, -3.1, 0.04, 7.5),
    warnings=["odd"],
    windows=[JudgedWindow(0.0, 4.0, -2.0, 0.01, True), JudgedWindow(1.0, 5.0)],
)
_PARTLY = replace(
    JUDGED, verdict="partly-spoof", stretches=(Stretch(0.0, 4.0, 0.01),), channel=2, warnings=[]
)
_SILENT = Verdict("b.wav", REFUSED, refusal="is silent", warnings=[], windows=[], channel=1)
NEXT = replace(worst_of([_SILENT, _PARTLY]), file="b.wav")
"""Of two channels, of which one was refused."""
SETTINGS = {"prior": 0.5}
THEN = ("100", "5")


def kept(output: Path, settings: dict = SETTINGS) -> list[Verdict]:
    journal = Journal(output, settings)
    journal.close()
    found = (journal.find(verdict.file, THEN) for verdict in (JUDGED, NEXT))
    return [verdict for verdict in found if verdict is not None]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where two verdicts wait, each in a line of its own."""
    journal = Journal(tmp_path / "v.csv", SETTINGS)
    for verdict in (JUDGED, NEXT):
        journal.add(verdict, THEN)
        journal.settle()
    journal.close()
    return tmp_path / "v.csv"


def test_verdicts_come_back_as_they_were(output: Path) -> None:
    assert kept(output) == kept(output) == [JUDGED, NEXT]
    assert [path.name for path in output.parent.iterdir()] == [".v.csv.partial.jsonl"]


def test_only_the_same_recording_under_the_same_settings(output: Path) -> None:
    journal = Journal(output, SETTINGS)
    assert journal.find("b.wav", ("100", "6")) is None
    assert journal.find("c.wav", THEN) is None
    journal.close()
    assert kept(output, {"prior": 0.1}) == []
    assert kept(output) == []


def test_what_is_not_settled_is_not_kept(output: Path) -> None:
    journal = Journal(output, SETTINGS)
    journal.add(replace(NEXT, score=9.0), THEN)
    journal.close()
    assert kept(output) == [JUDGED, NEXT]


def test_refusals_are_not_kept(output: Path) -> None:
    journal = Journal(output, SETTINGS)
    journal.add(Verdict("c.wav", REFUSED, refusal="cannot be opened"), THEN)
    journal.settle()
    journal.close()
    assert b"c.wav" not in journal.path.read_bytes()


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_torn_line_was_never_written(output: Path, cut: int) -> None:
    path = output.with_name(".v.csv.partial.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    journal = Journal(output, SETTINGS)
    journal.add(replace(NEXT, score=2.0), THEN)
    journal.settle()
    journal.close()
    first, second = kept(output)
    assert first == JUDGED and second.score == 2.0


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        "[1]",
        "null",
        "\x00\x00",
        '[{"file": 1}]',
        "[" * 100_000,
        '"\udcff"',
        "9" * 5000,
    ],
)
def test_damage_is_passed_over(output: Path, line: str) -> None:
    path = output.with_name(".v.csv.partial.jsonl")
    first, *lines = path.read_text().splitlines()
    text = "\n".join([first, lines[0], line, lines[1], ""])
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert kept(output) == [JUDGED, NEXT]
    path.write_text(f"{line[:50].encode('ascii', 'replace').decode()}\n")
    assert kept(output) == []


@pytest.mark.parametrize("name", ["score", "probability", "windows", "file", "bytes", "verdict"])
def test_a_verdict_without_one_of_its_parts_is_none(output: Path, name: str) -> None:
    path = output.with_name(".v.csv.partial.jsonl")
    first, _, line = path.read_text().splitlines()
    [entry] = json.loads(line)
    for changed in ({k: v for k, v in entry.items() if k != name}, entry | {name: None}):
        path.write_text(f"{first}\n{json.dumps([changed])}\n")
        found = Journal(output, SETTINGS)
        found.close()
        assert found.find("b.wav", THEN) is None


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / ".v.csv.partial.jsonl").mkdir()
    with pytest.raises(AudiosError, match=r"cannot write .*\.v\.csv\.partial"):
        Journal(tmp_path / "v.csv", SETTINGS)


def test_two_never_write_one_output(tmp_path: Path) -> None:
    output = tmp_path / "v.csv"
    with (
        claimed(output),
        pytest.raises(AudiosError, match=r"another process is writing .*v\.csv"),
        claimed(output),
    ):
        pass
    with claimed(output):
        pass
    assert not list(tmp_path.iterdir())


def test_settings_tell_what_verdicts_depend_on(detector: Detector, tmp_path: Path) -> None:
    detector.run.folder.mkdir()
    (detector.run.folder / "model.skops").write_text("x")
    settings = settings_of(detector, tmp_path, 0.5)
    assert settings == settings_of(detector, tmp_path, 0.5)
    assert settings != settings_of(detector, tmp_path, 0.4)
    assert settings != settings_of(detector, tmp_path / "x", 0.5)
    other = replace(detector, calibration=replace(detector.calibration, slope=1.0))
    assert settings != settings_of(other, tmp_path, 0.5)
    (detector.run.folder / "model.skops").write_text("xy")
    assert settings != settings_of(detector, tmp_path, 0.5)


@pytest.fixture
def folder(
    tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch, detector: Detector
) -> Path:
    """More recordings than settle at once."""
    monkeypatch.setattr(stage.Detector, "load", lambda run, checkpoint: detector)
    monkeypatch.setattr(stage, "bandwidths_of", lambda run, rate: None)
    first = write_audio(tmp_path / "in" / "000.wav", voice(0.6))
    for number in range(1, SETTLED_SEGMENTS + 10):
        (tmp_path / "in" / f"{number:03}.wav").write_bytes(first.read_bytes())
    (tmp_path / "in" / "bad.wav").write_text("x")
    return tmp_path / "in"


def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of every recording that is judged."""
    names: list[str] = []
    real = Judge.judge

    def watched(self, files, *callbacks) -> Iterator[Verdict]:
        for verdict in real(self, files, *callbacks):
            names.append(verdict.file)
            yield verdict

    monkeypatch.setattr(Judge, "judge", watched)
    return names


def break_off(
    detector: Detector,
    folder: Path,
    output: Path,
    meanwhile: Callable[[str], None] = lambda file: None,
) -> None:
    """Predict until some verdicts behind the settled ones; `meanwhile` is told each of them."""
    real = Judge.judge

    def killed(self, files, *callbacks) -> Iterator[Verdict]:
        for number, verdict in enumerate(real(self, files, *callbacks)):
            meanwhile(verdict.file)
            if number == SETTLED_SEGMENTS + 5:
                raise MemoryError
            yield verdict

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Judge, "judge", killed)
        with pytest.raises(MemoryError):
            predict(detector.run, folder, output=output)


def test_a_broken_off_prediction_goes_on(
    detector: Detector, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, output = tmp_path / "whole.json", tmp_path / "v.json"
    predict(detector.run, folder, output=whole)
    break_off(detector, folder, output)
    assert not output.exists()
    (folder / "005.wav").touch()
    identity = file_identity(folder / "005.wav")
    names = judged(monkeypatch)
    found = predict(detector.run, folder, output=output)
    assert found.n_taken_over == SETTLED_SEGMENTS - 1
    assert names == ["005.wav", *(f"{n:03}.wav" for n in range(64, 74)), "bad.wav"]
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "v.json",
        "whole.json",
    ]
    assert file_identity(folder / "005.wav") == identity
    assert predict(detector.run, folder, output=output).n_taken_over == 0


def test_no_verdict_is_kept_of_a_recording_that_changed_meanwhile(
    detector: Detector, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing = folder / "005.wav"
    about = changing.stat()

    def touch(file: str) -> None:
        if file == changing.name:
            changing.touch()

    break_off(detector, folder, tmp_path / "v.json", touch)
    os.utime(changing, ns=(about.st_atime_ns, about.st_mtime_ns))
    names = judged(monkeypatch)
    predict(detector.run, folder, output=tmp_path / "v.json")
    assert names[:2] == ["005.wav", "064.wav"]


def test_nothing_is_kept_without_an_output(detector: Detector, folder: Path) -> None:
    before = {path.name for path in folder.parent.iterdir()}
    assert predict(detector.run, folder).n_taken_over == 0
    assert {path.name for path in folder.parent.iterdir()} == before
