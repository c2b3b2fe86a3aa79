"""Waveforms that are decoded once: every part of each, and those that cannot be."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.io import read_waveform
from src.utils.dataset import waveforms as module
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import NAME, decoding
from src.utils.errors import AudioError, StorageError
from src.utils.files import file_identity


@pytest.fixture
def recordings(tmp_path: Path, make_spoken: Callable) -> SplitRecordings:
    return SplitRecordings.read(make_spoken(tmp_path / "data"), "downstream_train")


def test_parts_are_those_of_the_decoded_recordings(
    recordings: SplitRecordings, tmp_path: Path
) -> None:
    validation = SplitRecordings.read(recordings.source, "downstream_val")
    with decoding([recordings, validation], 8_000, tmp_path, "decode") as decoded:
        assert (tmp_path / NAME).is_file()
        for split, found in zip((recordings, validation), decoded.waveforms, strict=True):
            copy = pickle.loads(pickle.dumps(found))
            for row in range(len(split)):
                whole = read_waveform(split.path(row), 8_000)
                assert found.lengths[row] == len(whole)
                np.testing.assert_array_equal(found.part(row), whole)
                np.testing.assert_array_equal(copy.part(row, 100, 50), whole[100:150])
    assert not (tmp_path / NAME).exists()


def test_a_disk_without_room_decodes_again_and_again(
    recordings: SplitRecordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHARE_OF_DISK", 0.0)
    with decoding([recordings], 16_000, tmp_path, "decode") as decoded:
        assert not (tmp_path / NAME).exists()
        [found] = decoded.waveforms
        whole = read_waveform(recordings.path(2))
        np.testing.assert_array_equal(found.part(2, 10, 30), whole[10:40])
        recordings.path(2).write_bytes(recordings.path(3).read_bytes() + b"more")
        with pytest.raises(AudioError, match="changed"):
            found.part(2)


def test_what_cannot_be_read_is_told_and_left_out(
    recordings: SplitRecordings, tmp_path: Path
) -> None:
    file = str(recordings.clips.files[1])
    recordings.path(1).write_bytes(b"no sound")
    source: Dataset = recordings.source
    again = SplitRecordings.read(source, "downstream_train")
    with decoding([again], 16_000, tmp_path, "decode") as decoded:
        assert list(decoded.rejected) == [file]
        assert file not in decoded.recordings[0].clips.files
        assert len(decoded.waveforms[0]) == len(recordings) - 1
        assert again.identities[1] == file_identity(recordings.path(1))
        np.testing.assert_array_equal(
            decoded.waveforms[0].part(1), read_waveform(recordings.path(2))
        )


def test_a_file_that_was_taken_away_is_a_storage_error(
    recordings: SplitRecordings, tmp_path: Path
) -> None:
    with decoding([recordings], 16_000, tmp_path, "decode") as decoded:
        (tmp_path / NAME).write_bytes(b"")
        with pytest.raises(StorageError, match="cut short"):
            decoded.waveforms[0].part(0)
        (tmp_path / NAME).unlink()
        with pytest.raises(StorageError, match="cannot read"):
            decoded.waveforms[0].part(0)
