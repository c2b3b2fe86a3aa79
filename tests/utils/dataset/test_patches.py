"""Recordings as log-mel patches: computed once, kept on disk, safe to kill."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.audio.io import read_waveform
from src.utils.audio.log_mel import compute_blocks
from src.utils.dataset import patches as module
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.patches import BLOCKS, INDEX, PatchSet, load_patches
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


def load(dataset: Dataset) -> PatchSet:
    return load_patches(dataset, ["full"], "Test")["full"].clips


def expected(dataset: Dataset, files: np.ndarray) -> np.ndarray:
    """Every patch of all clips, one after the other."""
    found = []
    for file in files:
        blocks = compute_blocks(read_waveform(dataset.path(file)))
        found.append(np.concatenate([blocks[:-1], blocks[1:]], axis=1))
    return np.concatenate(found)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The recordings that are read, as they are."""
    files: list[str] = []
    read = module._read_blocks

    def note(dataset: Dataset, file: str) -> np.ndarray:
        files.append(file)
        return read(dataset, file)

    monkeypatch.setattr(module, "_read_blocks", note)
    return files


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


def test_nothing_is_computed_twice(dataset: Dataset, computed: list[str]) -> None:
    first = load(dataset)
    assert sorted(computed) == sorted(first.files)
    content = (dataset.root / BLOCKS).read_bytes()
    computed.clear()
    again = load(dataset)
    assert not computed
    np.testing.assert_array_equal(again.first, first.first)
    assert (dataset.root / BLOCKS).read_bytes() == content


def test_a_changed_recording_is_computed_anew(
    dataset: Dataset, computed: list[str], voice: Callable, write_audio: Callable
) -> None:
    before = load_patches(dataset, ["full"], "Test")["full"].fingerprint
    computed.clear()
    write_audio(dataset.path("spoof/s1.wav"), voice(1.0, seed=99))
    after = load_patches(dataset, ["full"], "Test")["full"]
    assert computed == ["spoof/s1.wav"]
    np.testing.assert_allclose(
        after.clips.read(np.arange(after.clips.n_patches)),
        expected(dataset, after.clips.files),
        rtol=2**-11,
        atol=1e-4,
    )
    assert after.fingerprint != before


def test_what_was_broken_off_goes_on(
    dataset: Dataset, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add = module._Appending.add

    def stop(self: module._Appending, *clip: object) -> None:
        if self._next > 6:
            raise KeyboardInterrupt
        add(self, *clip)

    monkeypatch.setattr(module._Appending, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        load(dataset)
    monkeypatch.setattr(module._Appending, "add", add)
    # A kill may leave what the index does not name yet.
    with (dataset.root / BLOCKS).open("ab") as stream:
        stream.write(b"half a block")
    computed.clear()
    clips = load(dataset)
    assert 0 < len(computed) < 8
    wanted = expected(dataset, clips.files)
    np.testing.assert_allclose(clips.read(np.arange(16)), wanted, rtol=2**-11, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"cut short"])
def test_lost_blocks_are_computed_anew(
    dataset: Dataset, computed: list[str], content: bytes
) -> None:
    clips = load(dataset)
    (dataset.root / BLOCKS).write_bytes(content)
    with pytest.raises(DatasetError, match=rf"{BLOCKS} is cut short"):
        clips.read(np.arange(3))
    computed.clear()
    wanted = expected(dataset, clips.files)
    np.testing.assert_allclose(load(dataset).read(np.arange(16)), wanted, rtol=2**-11, atol=1e-4)
    assert len(computed) == 8


def test_another_version_is_computed_anew(
    dataset: Dataset, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_patches(dataset, ["full"], "Test")["full"]
    computed.clear()
    monkeypatch.setattr(module, "VERSION", 99)
    after = load_patches(dataset, ["full"], "Test")["full"]
    assert len(computed) == 8
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
