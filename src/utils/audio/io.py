"""The one door for audio: every recording is heard to its end, whatever its header says.

Inside AUDIOS a waveform is float32 of shape (samples,), mono, full scale at 1.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.utils.audio.downmix import SILENCE_PEAK
from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.audio.info import AudioInfo
from src.utils.audio.opened import OpenedAudio
from src.utils.audio.resampler import Resampler
from src.utils.config import SAMPLE_RATE
from src.utils.errors import AudioError

BLOCK_SECONDS = 30

MAX_WHOLE_SECONDS = 4 * 3600
"""Longest recording that is held whole: its waveform at 16 kHz takes a GB."""


def is_audio(path: Path) -> bool:
    """Say whether a file's suffix is one of a format that is read.

    Parameters
    ----------
    path : pathlib.Path
        A file, there or not.
    """
    return path.suffix.lower() in AUDIO_SUFFIXES


def open_audio(
    path: Path, number: int | None = None, channel: int | None = None
) -> closing[OpenedAudio]:
    """Open a recording for a `with` block.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    number : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    channel : int, optional
        Which channel, from 0 on, is heard as if it were the only one; by default all are.

    Raises
    ------
    AudioError
        As `OpenedAudio` does.
    """
    return closing(OpenedAudio(path, number, channel))


def read_info(path: Path, number: int | None = None) -> AudioInfo:
    """Read what a recording is and how long, decoding it only where nothing else tells.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    number : int, optional
        As for `open_audio`.

    Raises
    ------
    AudioError
        When it is missing, empty, not audio, cut short or without samples.
    """
    with open_audio(path, number) as audio:
        return audio.info()


def estimate_seconds(path: Path) -> float:
    """Return about how long a recording is, in no time, 0 where nothing tells.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    AudioError
        As `open_audio` does.
    """
    with open_audio(path) as audio:
        return audio.estimate_seconds()


def read_blocks(
    path: Path, seconds: float = BLOCK_SECONDS, number: int | None = None
) -> Iterator[np.ndarray]:
    """Decode a file block by block, so that its length does not matter.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    seconds : float
        The length of a block, in seconds; the last may be shorter.
    number : int, optional
        As for `open_audio`.

    Yields
    ------
    numpy.ndarray
        float32, shape (frames, channels), at the file's own rate.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end or holds a value that is not finite.
    """
    with open_audio(path, number) as audio:
        yield from audio.blocks(seconds)


def read_waveform(path: Path, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Decode a whole file as a mono waveform at `sample_rate`, holding little beside the result.

    Channels become one as `Downmix` says, and the rate is changed as `Resampler` does.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    sample_rate : int
        The rate wanted, Hz.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,).

    Raises
    ------
    AudioError
        When it cannot be decoded, is silent (peak under -80 dBFS), not finite, longer than
        `MAX_WHOLE_SECONDS`, or too short to give a single sample.
    """
    with open_audio(path) as audio:
        resampler = Resampler(audio.sample_rate, sample_rate)
        count = 0
        for block in audio.blocks(BLOCK_SECONDS):
            mono = audio.to_mono(block)
            count += len(mono)
            if count > MAX_WHOLE_SECONDS * audio.sample_rate:
                raise AudioError(f"is longer than {MAX_WHOLE_SECONDS // 3600} h: cut it")
            resampler.add(mono)
    if audio.peak < SILENCE_PEAK:
        raise AudioError("is silent (its peak is under -80 dBFS)")
    waveform = resampler.finish()
    if not len(waveform):
        raise AudioError(f"is shorter than one sample at {sample_rate:,} Hz")
    return waveform


def read_parts(
    path: Path,
    size: int,
    sample_rate: int = SAMPLE_RATE,
    number: int | None = None,
    channel: int | None = None,
) -> Iterator[np.ndarray]:
    """Decode a file as `read_waveform` does, but part by part, so that its length does not matter.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    size : int
        Samples of a part, at `sample_rate`.
    sample_rate : int
        The rate wanted, Hz.
    number, channel : int, optional
        As for `open_audio`.

    Yields
    ------
    numpy.ndarray
        float32, shape (size,); the last one is what is left.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end or is not finite.
    """
    with open_audio(path, number, channel) as audio:
        resampler = Resampler(audio.sample_rate, sample_rate)
        for block in audio.blocks(BLOCK_SECONDS):
            resampler.add(audio.to_mono(block))
            while (part := resampler.take(size)) is not None:
                yield part
        rest = resampler.finish()
        if len(rest):
            yield rest


@dataclass(frozen=True)
class Level:
    """Peak and RMS level of a recording, over all its channels.

    Attributes
    ----------
    peak : float
        Largest magnitude; full scale is 1.
    rms : float
        Root of the mean square.
    warnings : tuple of str
        What is odd about the recording, as said of it.
    """

    peak: float
    rms: float
    warnings: tuple[str, ...] = ()


def measure_level(path: Path, seconds: float = BLOCK_SECONDS) -> Level:
    """Measure peak and RMS in one pass of blocks.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    seconds : float
        The length of a block.

    Raises
    ------
    AudioError
        As `read_blocks` does.
    """
    energy, count = 0.0, 0
    with open_audio(path) as audio:
        for block in audio.blocks(seconds):
            energy += float(np.square(block, dtype=np.float64).sum())
            count += block.size
        return Level(audio.peak, float(np.sqrt(energy / count)), audio.warnings)
