"""Writing recordings, by libsndfile."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from src.utils.audio.formats import FORMATS
from src.utils.audio.info import PCM_BITS, AudioInfo, bits_of
from src.utils.audio.sink import Sink, fetched
from src.utils.config import SAMPLE_RATE
from src.utils.errors import AudioError
from src.utils.files import replacing

_WRITTEN_AT_ONCE = 1 << 16
"""Samples per channel: libsndfile's Vorbis encoder overflows its stack on some ten times more."""

WRITTEN_SUBTYPE = "PCM_16"
"""Sample format that `write_waveform` writes."""


_UNWRITTEN = ("MPEG_LAYER_I", "MPEG_LAYER_II")
"""Subtypes that libsndfile reads and does not write, though it says that it does."""

WRITTEN_SUFFIXES = frozenset(
    suffix
    for known in FORMATS
    if known.by_libsndfile or known.name == "MP3"
    for suffix in known.suffixes
)
"""Suffixes of formats that are written as they are; of others copies are WAV."""


def writable_like(info: AudioInfo) -> AudioInfo:
    """Return the format in which a copy of a recording is written: its own, or else WAV.

    Parameters
    ----------
    info : AudioInfo
        The recording. Of a lossless one that libsndfile does not write the copy has as many bits.
    """
    if info.subtype not in _UNWRITTEN and soundfile.check_format(info.format, info.subtype):
        return info
    bits = bits_of(info.subtype)
    return replace(info, format="WAV", subtype=f"PCM_{bits}" if bits > 16 else WRITTEN_SUBTYPE)


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
        When libsndfile cannot write this combination, or what gives the blocks fails.
    StorageError
        When the disk is full or the folder cannot be written to.
    """
    with replacing(path) as temporary:
        sink = Sink(temporary)
        try:
            with soundfile.SoundFile(
                sink,
                "w",
                samplerate=like.sample_rate,
                channels=like.channels,
                format=like.format,
                subtype=like.subtype,
            ) as stream:
                for block in fetched(blocks):
                    for start in range(0, len(block), _WRITTEN_AT_ONCE):
                        stream.write(block[start : start + _WRITTEN_AT_ONCE])
                    sink.check()
        except (soundfile.LibsndfileError, RuntimeError, ValueError, AssertionError) as error:
            raise AudioError(
                f"cannot be written as {like.format} {like.subtype}: {error}"
            ) from error
        finally:
            # Raises what the disk has refused, whatever libsndfile has made of it.
            sink.close()


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
