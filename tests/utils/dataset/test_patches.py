"""Recordings as log-mel patches: computed once, kept on disk, safe to kill."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.audio import log_mel
from src.utils.audio.io import read_waveform
from src.utils.audio.log_mel import compute_blocks
from src.utils.dataset import patches as module
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.patches import (
    BLOCKS,
    INDEX,
    PatchSet,
    SplitPatches,
    load_patches,
    read_clip_blocks,
)
from src.utils.errors import AudiosError, DatasetError
from src.utils.files import locked

LENGTHS = {"s0": 0.4, "s1": 1.3, "s2": 2.0, "s3": 0.97}


@pytest.fixture
def dataset(tmp_path: Path, voice: Callable, write_audio: Callable) -> Dataset:
    """Four people of one real and one fake clip each, of one to four patches."""
    rows = []
    for seed, (speaker, seconds) in enumerate(LENGTHS.items()):
        for label in ("bona-fide", "spoof"):
            file = f"{label}/{speaker}.wav"
            write_audio(tmp_path / "data" / file, voice(seconds, seed=seed + 10 * len(label)))
            rows.append((file, speaker, speaker, "MF"[seed % 2], label))
    made = Dataset.open(tmp_path / "data")
    columns = ["file", "speaker", "id", "gender", "label"]
    made.write_tables(pd.DataFrame(rows, columns=columns).assign(attack=""))
    return made


def load_split(dataset: Dataset, read: Callable = read_clip_blocks) -> SplitPatches:
    return load_patches(dataset, ["full"], "Test", read=read)["full"]


def load(dataset: Dataset, read: Callable = read_clip_blocks) -> PatchSet:
    return load_split(dataset, read).clips


def expected(dataset: Dataset, files: np.ndarray) -> np.ndarray:
    """Every patch of all clips, one after the other."""
    found = []
    for file in files:
        blocks = compute_blocks(read_waveform(dataset.path(file)))
        found.append(np.concatenate([blocks[:-1], blocks[1:]], axis=1))
    return np.concatenate(found)


class Reading:
    """Reads as `load_patches` does by itself and notes what, up to a recording to stop at."""

    def __init__(self, dataset: Dataset) -> None:
        self.files: list[str] = []
        self.stop_at: str | None = None
        self._dataset = dataset

    def __call__(self, path: Path) -> np.ndarray:
        file = path.relative_to(self._dataset.audio).as_posix()
        if file == self.stop_at:
            raise KeyboardInterrupt
        self.files.append(file)
        return read_clip_blocks(path)


@pytest.fixture
def reading(dataset: Dataset) -> Reading:
    return Reading(dataset)


def test_any_patch_is_read_as_it_is_computed(dataset: Dataset) -> None:
    clips = load(dataset)
    assert clips.counts.tolist() == [1, 1, 2, 2, 4, 4, 1, 1]
    assert clips.y.tolist() == [1, 0] * 4
    wanted = expected(dataset, clips.files)
    assert clips.n_patches == len(wanted) == 16
    order = np.random.default_rng(7).permutation(16)
    found = clips.read(order)
    assert found.shape == (16, 96, 64)
    assert found.dtype == np.float32
    # Half precision keeps 11 bits.
    np.testing.assert_allclose(found, wanted[order], rtol=2**-11, atol=1e-4)
    assert np.array_equal(clips.clip_of, np.repeat(np.arange(8), clips.counts))


def test_means_are_over_a_clip_s_own_patches(dataset: Dataset) -> None:
    values = np.random.default_rng(7).normal(size=16)
    clips = load(dataset)
    wanted = [values[clips.clip_of == clip].mean() for clip in range(8)]
    np.testing.assert_allclose(clips.means(values), wanted)


def test_a_part_of_the_clips_reads_its_own_patches(dataset: Dataset) -> None:
    clips = load(dataset)
    women = clips.where(clips.gender == "F")
    every = np.arange(women.n_patches)
    np.testing.assert_array_equal(
        women.read(every), clips.read(np.flatnonzero(clips.gender[clips.clip_of] == "F"))
    )


def test_nothing_is_computed_twice(dataset: Dataset, reading: Reading) -> None:
    first = load(dataset, reading)
    assert sorted(reading.files) == sorted(first.files)
    content = (dataset.root / BLOCKS).read_bytes()
    reading.files.clear()
    again = load(dataset, reading)
    assert not reading.files
    np.testing.assert_array_equal(again.first, first.first)
    assert (dataset.root / BLOCKS).read_bytes() == content


def test_a_changed_recording_is_computed_anew(
    dataset: Dataset, reading: Reading, voice: Callable, write_audio: Callable
) -> None:
    before = load_split(dataset).fingerprint
    write_audio(dataset.path("spoof/s1.wav"), voice(1.0, seed=99))
    after = load_split(dataset, reading)
    assert reading.files == ["spoof/s1.wav"]
    np.testing.assert_allclose(
        after.clips.read(np.arange(after.clips.n_patches)),
        expected(dataset, after.clips.files),
        rtol=2**-11,
        atol=1e-4,
    )
    assert after.fingerprint != before


def test_what_was_broken_off_goes_on(dataset: Dataset, reading: Reading) -> None:
    files = dataset.read_files()["file"].tolist()
    reading.stop_at = files[5]
    with pytest.raises(KeyboardInterrupt):
        load(dataset, reading)
    # A kill may leave what the index does not name yet.
    with (dataset.root / BLOCKS).open("ab") as stream:
        stream.write(b"half a block")
    reading.stop_at = None
    reading.files.clear()
    clips = load(dataset, reading)
    assert sorted(reading.files) == sorted(files[5:])
    wanted = expected(dataset, clips.files)
    np.testing.assert_allclose(clips.read(np.arange(16)), wanted, rtol=2**-11, atol=1e-4)


def test_an_index_without_versions_by_recording_serves(dataset: Dataset, reading: Reading) -> None:
    """As it was written when one version was noted for the whole file."""
    first = load(dataset)
    index = dataset.root / INDEX
    with closing(sqlite3.connect(index)) as database, database:
        rows = database.execute(
            "SELECT file, bytes, mtime_ns, first, patches FROM clips"
        ).fetchall()
    index.unlink()
    with closing(sqlite3.connect(index)) as database, database:
        database.execute(
            "CREATE TABLE clips (file TEXT PRIMARY KEY, bytes TEXT, mtime_ns TEXT, first, patches)"
        )
        database.executemany("INSERT INTO clips VALUES (?, ?, ?, ?, ?)", rows)
        database.execute(f"PRAGMA user_version = {log_mel.VERSION}")
    again = load(dataset, reading)
    assert not reading.files
    np.testing.assert_array_equal(again.first, first.first)
    # It takes in new ones too.
    os.utime(dataset.path("spoof/s1.wav"), (1_000_000_000, 1_000_000_000))
    clips = load(dataset, reading)
    assert reading.files == ["spoof/s1.wav"]
    wanted = expected(dataset, clips.files)
    np.testing.assert_allclose(clips.read(np.arange(16)), wanted, rtol=2**-11, atol=1e-4)
    # Of another version, none of it does.
    with closing(sqlite3.connect(index)) as database, database:
        database.execute("ALTER TABLE clips DROP COLUMN version")
        database.execute(f"PRAGMA user_version = {log_mel.VERSION + 1}")
    reading.files.clear()
    clips = load(dataset, reading)
    assert len(reading.files) == 8
    np.testing.assert_allclose(clips.read(np.arange(16)), wanted, rtol=2**-11, atol=1e-4)
    assert sorted(clips.first)[0] == 0


@pytest.mark.parametrize("content", [b"", b"cut short"])
def test_lost_blocks_are_computed_anew(dataset: Dataset, reading: Reading, content: bytes) -> None:
    clips = load(dataset)
    (dataset.root / BLOCKS).write_bytes(content)
    with pytest.raises(DatasetError, match=rf"{BLOCKS} is cut short"):
        clips.read(np.arange(3))
    wanted = expected(dataset, clips.files)
    found = load(dataset, reading).read(np.arange(16))
    np.testing.assert_allclose(found, wanted, rtol=2**-11, atol=1e-4)
    assert len(reading.files) == 8


def test_another_version_is_computed_anew(
    dataset: Dataset, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_split(dataset)
    monkeypatch.setattr(module, "VERSION", 99)
    after = load_split(dataset, reading)
    assert len(reading.files) == 8
    assert after.fingerprint != before.fingerprint
    assert (dataset.root / BLOCKS).stat().st_size == 24 * 48 * 64 * 2


def test_bad_recordings_are_left_out_and_listed(
    dataset: Dataset, write_audio: Callable, voice: Callable
) -> None:
    write_audio(dataset.path("spoof/s1.wav"), np.zeros(8_000, np.float32))
    dataset.path("spoof/s2.wav").unlink()
    clips = load(dataset)
    assert "spoof/s1.wav" not in clips.files
    assert len(clips) == 6
    rejected = dataset.read_rejected("Test")
    assert list(rejected) == ["spoof/s1.wav", "spoof/s2.wav"]
    assert "silent" in rejected["spoof/s1.wav"]
    write_audio(dataset.path("spoof/s1.wav"), voice(0.4))
    assert len(load(dataset)) == 7
    assert list(dataset.read_rejected("Test")) == ["spoof/s2.wav"]


def test_what_changes_while_it_is_read_is_not_kept(dataset: Dataset) -> None:
    file = "spoof/s1.wav"
    path = dataset.path(file)
    content, about = path.read_bytes(), path.stat()

    def read(of: Path) -> np.ndarray:
        found = read_clip_blocks(of)
        if of == path:
            path.write_bytes(content[:-2])
        return found

    assert file not in load(dataset, read).files
    assert dataset.read_rejected("Test") == {file: "changed while it was read"}
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert file in load(dataset).files


def test_nothing_to_use_is_an_error(dataset: Dataset, write_audio: Callable) -> None:
    for file in dataset.read_files()["file"]:
        write_audio(dataset.path(file), np.zeros(8_000, np.float32))
    with pytest.raises(DatasetError, match="not one of 8 recordings can be used"):
        load(dataset)


def test_two_do_not_write_at_once(dataset: Dataset) -> None:
    with (
        locked(dataset.root / f".{INDEX}.lock", "it"),
        pytest.raises(AudiosError, match="another process is writing the log-mel spectra of"),
    ):
        load(dataset)


def test_a_damaged_index_says_what_to_do(dataset: Dataset) -> None:
    (dataset.root / INDEX).write_bytes(b"no database, but more than a hundred bytes of text" * 9)
    with pytest.raises(DatasetError, match=rf"cannot use .*{INDEX}.*remove it"):
        load(dataset)


def test_parts_that_do_not_fit_together_are_refused(dataset: Dataset) -> None:
    clips = load(dataset)
    with pytest.raises(DatasetError, match="broken clips: counts has 7 rows for 8 files"):
        replace(clips, counts=clips.counts[1:])
