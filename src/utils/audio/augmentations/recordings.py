"""Recordings that others are mixed with: listed, kept decoded for a while, cut to a length."""

import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from src.utils.audio.augmentations.augmentation import Value
from src.utils.audio.augmentations.mixing import rms
from src.utils.audio.downmix import SILENCE_PEAK
from src.utils.audio.io import is_audio, read_info, read_parts
from src.utils.errors import ArgumentError, AudioError

LONGEST_SECONDS = 300
"""What is heard of a recording: the rest of one of hours would fill the memory."""

_CACHE_BYTES = 64 << 20
"""Decoded recordings that each process keeps: 3 minutes at 96 kHz, 17 at 16 kHz."""

_PAUSE = 10 ** (-30 / 20)
"""A part this far below its recording is a pause, whose hiss no level would make a sound."""

_TRIES = 20
"""Recordings beyond those wanted that are drawn in place of unreadable ones."""


@dataclass(frozen=True)
class Recording:
    """A decoded recording.

    Attributes
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), not to be changed.
    level : float
        Its RMS, full scale at 1.
    """

    waveform: np.ndarray
    level: float


class RecordingCache:
    """Recordings decoded a while ago, the oldest forgotten first; threads may share it.

    Parameters
    ----------
    most_bytes : int
        Of all that is kept.
    """

    def __init__(self, most_bytes: int = _CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Path, int, int | None], Recording] = OrderedDict()
        self._lock = Lock()
        self.n_bytes = 0

    def read(self, path: Path, sample_rate: int, channel: int | None = None) -> Recording:
        """Return the first `LONGEST_SECONDS` of a recording.

        Parameters
        ----------
        path : pathlib.Path
            The recording.
        sample_rate : int
            The rate wanted, Hz.
        channel : int, optional
            Which channel, from 0 on, is heard alone; by default all are, as one.

        Raises
        ------
        AudioError
            When it cannot be decoded or is silent, with its name.
        """
        key = path, sample_rate, channel
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Two threads may decode the same once each, rather than wait for each other.
        recording = _read(path, sample_rate, channel)
        size = recording.waveform.nbytes
        with self._lock:
            if key not in self._kept and size <= self._most_bytes:
                self._kept[key] = recording
                self.n_bytes += size
                while self.n_bytes > self._most_bytes:
                    self.n_bytes -= self._kept.popitem(last=False)[1].waveform.nbytes
        return recording


RECORDINGS = RecordingCache()
"""Of this process."""


def _read(path: Path, sample_rate: int, channel: int | None) -> Recording:
    try:
        parts = read_parts(path, LONGEST_SECONDS * sample_rate, sample_rate, channel=channel)
        waveform = next(parts, np.zeros(0, np.float32))
    except AudioError as error:
        raise AudioError(f"cannot be mixed with {path.name}, which {error}") from error
    if np.abs(waveform).max(initial=0) < SILENCE_PEAK:
        raise AudioError(f"cannot be mixed with {path.name}, which is silent")
    waveform.flags.writeable = False
    # In place of `rms`, which would hold it once more in double precision.
    return Recording(waveform, float(np.sqrt(np.dot(waveform, waveform) / len(waveform))))


def list_recordings(folder: Path, flag: str) -> tuple[str, ...]:
    """List the recordings below a folder, relative to it, sorted; hidden ones are left out.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    flag : str
        The flag that names it, for the message.

    Raises
    ------
    ArgumentError
        When it is no folder, or holds no recording that can be read.
    """
    if not folder.is_dir():
        raise ArgumentError(f"{flag}={folder} is not a folder")
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        within = Path(place).relative_to(folder)
        found += [
            (within / name).as_posix()
            for name in names
            if not name.startswith(".") and is_audio(Path(name))
        ]
    # A name that is not UTF-8 stands in no table.
    found = [name for name in found if name.encode(errors="replace").decode() == name]
    # A file system lists in an order of its own, and draws are the same every time.
    found.sort()
    if not any(is_readable(folder / name) for name in found):
        raise ArgumentError(f"{flag}={folder} holds no recording that can be read")
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def count_channels(path: Path) -> int:
    """Return how many channels a recording has, 0 where it cannot be opened.

    Parameters
    ----------
    path : pathlib.Path
        The recording; it is opened once a process.
    """
    try:
        return read_info(path).channels
    except AudioError:
        return 0


def is_readable(path: Path) -> bool:
    """Say whether a recording can be opened.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    """
    return count_channels(path) > 0


def draw_readable(
    paths: Sequence[Path], count: int, random: np.random.Generator
) -> tuple[int, ...]:
    """Draw different recordings of a list, by their places in it, passing over unreadable ones.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        To draw from.
    count : int
        How many, at most.
    random : numpy.random.Generator
        Of the clip.

    Returns
    -------
    tuple of int
        Fewer than `count` where no more of those drawn can be read.
    """
    drawn: list[int] = []
    tries = min(len(paths), count + _TRIES)
    for at in random.choice(len(paths), tries, replace=False):
        if is_readable(paths[at]):
            drawn.append(int(at))
        if len(drawn) == count:
            break
    return tuple(drawn)


def write_names(names: Sequence[str]) -> str:
    """Return the names of recordings as one parameter.

    Parameters
    ----------
    names : sequence of str
        The names.
    """
    return json.dumps(list(names))


def read_names(parameter: Value) -> list[str]:
    """Return the names that `write_names` made one parameter of.

    Parameters
    ----------
    parameter : str
        As `write_names` gives it.
    """
    names: list[str] = json.loads(str(parameter))
    return names


def cut_or_loop(recording: Recording, count: int, at: float) -> np.ndarray:
    """Return part of a recording; one that is too short is repeated.

    Where the part would be a pause it is taken from where the sound goes on.

    Parameters
    ----------
    recording : Recording
        What it is taken from.
    count : int
        Samples wanted, 1 or more.
    at : float
        Where to begin: from 0, as early as can be, to 1, as late as can be; of a recording that is
        repeated, the share of it that comes last.

    Returns
    -------
    numpy.ndarray
        Shape (count,).
    """
    size = len(recording.waveform)
    first = int(at * (size - count if size > count else size))
    # A lap of parts that overlap by half holds one as loud as the recording, or nearly so.
    while rms(cut := _take(recording.waveform, first, count)) < _PAUSE * recording.level:
        first += max(1, count // 2)
    return cut


def _take(waveform: np.ndarray, first: int, count: int) -> np.ndarray:
    if first + count <= len(waveform):
        return waveform[first : first + count]
    return np.take(waveform, np.arange(first, first + count), mode="wrap")


def mix_recordings(paths: Sequence[Path], count: int, sample_rate: int, seed: int) -> np.ndarray:
    """Mix parts of several recordings, each at the same level.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The recordings.
    count : int
        Samples of the mixture.
    sample_rate : int
        Its rate, Hz.
    seed : int
        Of the positions in the recordings where the parts begin.

    Returns
    -------
    numpy.ndarray
        Shape (count,), of any level.

    Raises
    ------
    AudioError
        When one cannot be decoded or is silent.
    """
    mixture = np.zeros(count)
    for path, at in zip(paths, np.random.default_rng(seed).random(len(paths)), strict=True):
        part = cut_or_loop(RECORDINGS.read(path, sample_rate), count, float(at))
        mixture += part / rms(part)
    return mixture
