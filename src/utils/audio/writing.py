"""Writing recordings, by libsndfile."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from src.utils.audio.info import PCM_BITS, AudioInfo
from src.utils.config import SAMPLE_RATE
from src.utils.errors import AudioError
from src.utils.files import replacing

WRITTEN_SUBTYPE = "PCM_16"
"""Sample format that `write_waveform` writes."""


def full_scale(subtype: str) -> float:
    """Return the largest sample magnitude that `subtype` holds without clipping.

    Integer PCM of n bits ends at 1 - 2**(1 - n); everything else at 1.

    Parameters
    ----------
    subtype : str
        As libsndfile names it, such as `PCM_16`.
    """
    bits = PCM_BITS.get(subtype)
    return 1.0 if bits is None else 1.0 - 2.0 ** (1 - bits)


def write_blocks(path: Path, blocks: Iterable[np.ndarray], like: AudioInfo) -> None:
    """Write blocks of shape (frames, channels) with the rate, format and subtype of `like`.

    The file appears under its name only when it is whole.

    Parameters
    ----------
    path : pathlib.Path
        The file to write, which is replaced.
    blocks : iterable of numpy.ndarray
        float32, shape (frames, channels), in order; full scale at 1.
    like : AudioInfo
        What the file shall be; its `frames` are not used.

    Raises
    ------
    AudioError
        When libsndfile cannot write this combination.
    """
    with replacing(path) as temporary:
        try:
            with soundfile.SoundFile(
                temporary,
                "w",
                samplerate=like.sample_rate,
                channels=like.channels,
                format=like.format,
                subtype=like.subtype,
            ) as stream:
                for block in blocks:
                    stream.write(block)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
            raise AudioError(
                f"cannot be written as {like.format} {like.subtype}: {error}"
            ) from error


def write_waveform(path: Path, waveform: np.ndarray, sample_rate: int = SAMPLE_RATE) -> None:
    """Write a mono waveform of shape (samples,) as 16-bit WAV.

    Parameters
    ----------
    path : pathlib.Path
        The file to write, which is replaced.
    waveform : numpy.ndarray
        float32, full scale at 1; what exceeds it is clipped.
    sample_rate : int
        Hz.
    """
    info = AudioInfo(sample_rate, len(waveform), 1, "WAV", WRITTEN_SUBTYPE)
    write_blocks(path, [waveform[:, None]], info)
