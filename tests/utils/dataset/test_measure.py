"""Durations and amplitudes."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import soundfile

from src.utils.audio.info import AudioInfo
from src.utils.audio.io import read_info
from src.utils.dataset import measure
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.measure import (
    AMPLITUDE_STAGE,
    DURATION_STAGE,
    add_amplitudes,
    add_durations,
    is_measured,
)
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.errors import DatasetError
from src.utils.tables import read_csv


@pytest.fixture
def dataset(tmp_path: Path, write_audio: Callable) -> Dataset:
    time = np.arange(8000)
    wave = np.sin(time)
    write_audio(tmp_path / "a.wav", (0.5 * wave / np.abs(wave).max()).astype(np.float32), 8000)
    stereo = np.stack([0.1 * np.sin(time), -0.25 * np.ones(8000)], axis=1)[:4000]
    write_audio(tmp_path / "b.flac", stereo.astype(np.float32), 16_000)
    (tmp_path / "c.wav").write_text("no audio")
    rows = "a.wav,real,x\nb.flac,fake,y\nc.wav,real,z\n"
    (tmp_path / "metadata.csv").write_text("file,label,mood\n" + rows)
    generate_tables(tmp_path)
    return Dataset.open(tmp_path)


def test_durations(dataset: Dataset, monkeypatch) -> None:
    def refuse(*_, **__):
        raise AssertionError("samples were decoded")

    monkeypatch.setattr(soundfile.SoundFile, "read", refuse)
    assert not is_measured(dataset, DURATION_STAGE, "duration")
    rejected = add_durations(dataset).rejected
    assert list(rejected) == ["c.wav"]
    table = dataset.read_files().set_index("file")
    assert table["duration"].round(6).tolist()[:2] == [1.0, 0.25]
    assert table["sample_rate"].tolist()[:2] == [8000, 16_000]
    assert table.loc["c.wav", ["duration", "sample_rate"]].isna().all()
    assert table["mood"].tolist() == ["x", "y", "z"]
    assert dataset.read_rejected(DURATION_STAGE) == rejected
    assert is_measured(dataset, DURATION_STAGE, "duration")
    assert not is_measured(dataset, AMPLITUDE_STAGE, "amplitude")


def test_amplitudes(dataset: Dataset) -> None:
    rejected = add_amplitudes(dataset).rejected
    assert list(rejected) == ["c.wav"]
    table = dataset.read_files().set_index("file")
    assert table["amplitude"].tolist()[:2] == pytest.approx([0.5, 0.25], abs=1e-4)
    assert np.isnan(table["amplitude"]["c.wav"])
    # The other stage's column stays as it is.
    add_durations(dataset)
    again = dataset.read_files().set_index("file")
    assert again["amplitude"].equals(table["amplitude"])
    assert is_measured(dataset, AMPLITUDE_STAGE, "amplitude")


def test_what_is_odd_is_told_and_used(dataset: Dataset, write_audio: Callable) -> None:
    path = dataset.path("a.wav")
    path.write_bytes(path.read_bytes() + b"rubbish! " * 100)
    odd = "900 bytes behind the end of its sound are not heard"
    assert add_durations(dataset).warnings == {"a.wav": odd}
    write_audio(dataset.path("c.wav"), np.full(8000, 3, np.float32), subtype="FLOAT")
    assert add_amplitudes(dataset).warnings == {
        "a.wav": odd,
        "c.wav": "its samples reach 3, where full scale is 1",
    }
    told = read_csv(dataset.root / "warnings.csv")
    assert told.groupby("stage")["file"].agg(list).to_dict() == {
        DURATION_STAGE: ["a.wav"],
        AMPLITUDE_STAGE: ["a.wav", "c.wav"],
    }


def test_mended_files_leave_the_list(dataset: Dataset, write_audio: Callable) -> None:
    add_durations(dataset)
    write_audio(dataset.path("c.wav"), np.ones(160, np.float32) / 2)
    add_durations(dataset)
    assert dataset.read_rejected(DURATION_STAGE) == {}
    assert dataset.read_files()["duration"].notna().all()


def test_nothing_readable_fails(dataset: Dataset) -> None:
    for file in ("a.wav", "b.flac"):
        dataset.path(file).write_text("no audio")
    for stage in (add_durations, add_amplitudes):
        with pytest.raises(DatasetError, match="not one of 3 recordings"):
            stage(dataset)
    # It is told all the same.
    assert len(dataset.read_rejected(DURATION_STAGE)) == 3


def test_stages_at_once_lose_nothing(tmp_path: Path, make_cetuc: Callable) -> None:
    """Each waits for its turn at the tables, and keeps the others' columns and rejected files."""
    root = make_cetuc(tmp_path / "data")
    (root / "real_voices/Ana_F001/broken.wav").write_text("no audio")
    generate_tables(root)
    stages = [add_durations, add_amplitudes, _generate, _split] * 2
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        waiting = [pool.submit(_call, stage, root) for stage in stages]
        assert [one.result() for one in waiting] == [None] * 8
    dataset = Dataset.open(root)
    files = dataset.read_files()
    is_broken = files["file"].str.endswith("broken.wav")
    assert is_broken.sum() == 1
    # Generating them anew keeps what was measured before, or the measuring comes after it.
    assert files.loc[~is_broken, ["duration", "amplitude"]].notna().all(axis=None)
    for stage in (DURATION_STAGE, AMPLITUDE_STAGE):
        assert list(dataset.read_rejected(stage)) == files["file"][is_broken].tolist()
    assert not [*root.rglob("*.lock"), *root.rglob("*.partial*")]


def _call(stage: Callable, root: Path) -> None:
    stage(Dataset.open(root))


def _generate(dataset: Dataset) -> None:
    generate_tables(dataset.root)


def _split(dataset: Dataset) -> None:
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))


@pytest.mark.parametrize("is_read", [False, True])
def test_measurements_are_of_the_state_that_was_read(
    dataset: Dataset, monkeypatch, is_read: bool
) -> None:
    path = dataset.path("a.wav")
    about = path.stat()

    def disturbed(of: Path) -> AudioInfo:
        if of != path:
            return read_info(of)
        found = read_info(of) if is_read else None
        os.utime(path, ns=(1, 1))
        return found or read_info(of)

    with monkeypatch.context() as patch:
        patch.setattr(measure, "read_info", disturbed)
        assert add_durations(dataset).rejected["a.wav"] == "changed while it was read"
    assert dataset.read_measurements(["a.wav", "b.flac"])["duration"].notna().tolist() == [
        False,
        True,
    ]
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert "a.wav" not in add_durations(dataset).rejected


def test_a_recording_that_changes_before_the_table_is_written_is_not_known(
    dataset: Dataset, monkeypatch
) -> None:
    write = Dataset.write_rejected

    def disturbed(self: Dataset, *arguments) -> None:
        # All has been read by now.
        os.utime(self.path("a.wav"), ns=(1, 1))
        write(self, *arguments)

    monkeypatch.setattr(Dataset, "write_rejected", disturbed)
    assert "a.wav" not in add_durations(dataset).rejected
    known = dataset.read_measurements(["a.wav", "b.flac"])["duration"]
    assert known.notna().tolist() == [False, True]
