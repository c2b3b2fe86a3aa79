"""The waveforms of recordings, decoded once and read again and again, any part of any of them."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from src.utils.audio.io import read_waveform
from src.utils.dataset.presence import Presence
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import AudioError, StorageError
from src.utils.faults import cannot
from src.utils.files import PARTIAL, require_unchanged, writing
from src.utils.parallel import attempt, map_ahead, n_workers

NAME = f".waveforms{PARTIAL}"
"""The file of samples; it is needed only for as long as its training runs."""

_SHARE_OF_DISK = 0.5
"""Of what is free, that waveforms may take; beyond it they are decoded whenever they are read."""

_TYPE = np.dtype("<f4")


@dataclass(frozen=True)
class Waveforms:
    """The waveforms of some recordings.

    Any process can read them: only places are kept here. What is read often stays in the system's
    page cache, in memory as far as there is any.

    Attributes
    ----------
    file : pathlib.Path or None
        The file of all samples, float32; None where they are decoded whenever they are read.
    paths : tuple of pathlib.Path
        The recordings.
    identities : tuple of (str, str)
        Their state when they were decoded.
    starts, lengths : tuple of int
        Of each recording, the first of its samples in the file, and how many there are.
    sample_rate : int
        Hz.
    """

    file: Path | None
    paths: tuple[Path, ...]
    identities: tuple[tuple[str, str], ...]
    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    sample_rate: int

    def __len__(self) -> int:
        return len(self.paths)

    def part(self, row: int, start: int = 0, count: int | None = None) -> np.ndarray:
        """Return samples of a recording, float32 of shape (count,).

        Parameters
        ----------
        row : int
            The recording's.
        start : int
            The first sample.
        count : int, optional
            How many (default: all that follow); they are there.

        Raises
        ------
        AudioError
            When the recording cannot be decoded, or has changed.
        StorageError
            When the file cannot be read.
        """
        count = self.lengths[row] - start if count is None else count
        if self.file is not None:
            return _read(self.file, self.starts[row] + start, count)
        waveform = read_waveform(self.paths[row], self.sample_rate)
        require_unchanged(self.paths[row], self.identities[row])
        return waveform[start : start + count]


@dataclass(frozen=True)
class Decoded:
    """The recordings of splits that can be used, and their waveforms.

    Attributes
    ----------
    recordings : tuple of SplitRecordings
        Of each split, those that can.
    waveforms : tuple of Waveforms
        Theirs.
    rejected : dict of str to str
        The reason of each that cannot.
    """

    recordings: tuple[SplitRecordings, ...]
    waveforms: tuple[Waveforms, ...]
    rejected: dict[str, str]


def _read(file: Path, first: int, count: int) -> np.ndarray:
    try:
        found = np.fromfile(file, _TYPE, count, offset=first * _TYPE.itemsize)
    except OSError as error:
        raise cannot("read", file, error) from error
    if len(found) < count:
        raise StorageError(f"{file} was cut short while it was read; run this again")
    return found.astype(np.float32, copy=False)


@contextmanager
def decoding(
    splits: Sequence[SplitRecordings], sample_rate: int, folder: Path, description: str
) -> Iterator[Decoded]:
    """Decode every recording of some splits once, into a file for as long as the block runs.

    Parameters
    ----------
    splits : sequence of SplitRecordings
        The splits, of one data set.
    sample_rate : int
        Hz.
    folder : pathlib.Path
        Where the file is.
    description : str
        The text before the progress bar.

    Yields
    ------
    Decoded

    Raises
    ------
    StorageError
        When the folder cannot be written to, or the recordings' disk has gone.
    """
    path = folder / NAME
    try:
        yield _decode(splits, sample_rate, path, description)
    finally:
        path.unlink(missing_ok=True)


def _decode(
    splits: Sequence[SplitRecordings], sample_rate: int, path: Path, description: str
) -> Decoded:
    rows = [(part, row) for part, split in enumerate(splits) for row in range(len(split))]
    kept: list[np.ndarray] = [np.zeros(len(split), bool) for split in splits]
    starts: list[list[int]] = [[] for _ in splits]
    lengths: list[list[int]] = [[] for _ in splits]
    rejected: dict[str, str] = {}

    def read(place: tuple[int, int]) -> np.ndarray:
        split, row = splits[place[0]], place[1]
        found = read_waveform(split.path(row), sample_rate)
        require_unchanged(split.path(row), split.identities[row])
        return found

    presence = Presence(splits[0].source)
    # No more at once than can be in work: recordings may be long.
    results = map_ahead(partial(attempt, read), rows, ahead=n_workers() + 1)
    with _Samples(path) as samples:
        for (part, row), found in zip(
            rows, tqdm(results, description, len(rows), unit="clip", leave=False), strict=True
        ):
            file = str(splits[part].clips.files[row])
            presence.note(file, isinstance(found, AudioError))
            if isinstance(found, AudioError):
                rejected[file] = str(found)
                continue
            kept[part][row] = True
            starts[part].append(samples.append(found))
            lengths[part].append(len(found))
        file_of_all = path if samples.is_whole else None
    recordings = tuple(split.where(mask) for split, mask in zip(splits, kept, strict=True))
    waveforms = tuple(
        Waveforms(
            file_of_all,
            tuple(split.path(row) for row in range(len(split))),
            split.identities,
            tuple(begin),
            tuple(length),
            sample_rate,
        )
        for split, begin, length in zip(recordings, starts, lengths, strict=True)
    )
    return Decoded(recordings, waveforms, rejected)


class _Samples:
    """The file of samples while it is written, as long as the disk has room."""

    def __init__(self, path: Path) -> None:
        self._path, self._end = path, 0
        self.is_whole = True

    def __enter__(self) -> "_Samples":
        with writing(self._path):
            self._stream: BinaryIO = self._path.open("wb")
        self._most = int(shutil.disk_usage(self._path.parent).free * _SHARE_OF_DISK)
        return self

    def append(self, waveform: np.ndarray) -> int:
        """Write a waveform, and return the place of its first sample."""
        start, self._end = self._end, self._end + len(waveform)
        if self._end * _TYPE.itemsize > self._most:
            self.is_whole = False
        if self.is_whole:
            with writing(self._path):
                self._stream.write(waveform.astype(_TYPE).data)
        return start

    def __exit__(self, *raised: object) -> None:
        with writing(self._path):
            self._stream.close()
        if not self.is_whole:
            self._path.unlink(missing_ok=True)
