"""The one door for audio: headers, decoding, resampling and writing.

Inside AUDIOS a waveform is float32 of shape (samples,), mono, full scale at 1.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from src.utils.audio.sink import Sink, fetched
from src.utils.config import SAMPLE_RATE
from src.utils.errors import AudioError
from src.utils.faults import rejection
from src.utils.files import replacing

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

SILENCE_PEAK = 1e-4
"""A clip whose peak stays below -80 dBFS holds nothing a detector could judge."""

BLOCK_SECONDS = 30

RESAMPLED_AT_ONCE = 1 << 14
"""Samples, few enough to stay in the cache on their way through the resampler."""

WRITTEN_SUBTYPE = "PCM_16"
"""Sample format that `write_waveform` writes."""

PCM_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
"""Bits of a sample by subtype, for those that are integers."""

_CUT_SHORT = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
"""How libsndfile's log tells that a WAV ends before its header says; decoding would not."""

_UNKNOWN_SIZE = 0x7FFFF000


@dataclass(frozen=True)
class AudioInfo:
    """The header of a file: its rate, length, channels and format.

    Attributes
    ----------
    sample_rate : int
        Hz.
    frames : int
        Samples per channel.
    channels : int
        How many there are.
    format, subtype : str
        Container and sample format as libsndfile names them, for instance `WAV` and `PCM_16`.
    """

    sample_rate: int
    frames: int
    channels: int
    format: str
    subtype: str

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


def is_audio(path: Path) -> bool:
    """Say whether a file's suffix is one that AUDIOS reads.

    Parameters
    ----------
    path : pathlib.Path
        A file, there or not.
    """
    return path.suffix.lower() in AUDIO_SUFFIXES


def read_info(path: Path) -> AudioInfo:
    """Read a file's header only.

    Parameters
    ----------
    path : pathlib.Path
        The recording, of which no sample is decoded.

    Raises
    ------
    AudioError
        When the file is missing, not audio, or holds no samples.
    """
    with _opened(path) as stream:
        return _info(stream)


def read_blocks(path: Path, seconds: float = BLOCK_SECONDS) -> Iterator[np.ndarray]:
    """Decode a file block by block, so that its length does not matter.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    seconds : float
        The length of a block, in seconds; the last may be shorter.

    Yields
    ------
    numpy.ndarray
        float32, shape (frames, channels), at the file's own rate.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end or holds a value that is not finite.
    """
    with _opened(path) as stream:
        yield from _blocks(stream, seconds * _info(stream).sample_rate)


def to_mono(block: np.ndarray) -> np.ndarray:
    """Return the mean over channels of a block of shape (frames, channels).

    Parameters
    ----------
    block : numpy.ndarray
        float32, shape (frames, channels).
    """
    # One channel is its own mean, which would take a fifth of the time.
    return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)


class Resampler:
    """Changes the rate of a mono waveform that comes block by block, holding only the result.

    By the SoX resampler at high quality (https://github.com/dofuuz/python-soxr).

    Parameters
    ----------
    native, wanted : int
        Rates in Hz.
    """

    def __init__(self, native: int, wanted: int) -> None:
        self._stream = None
        if native != wanted:
            self._stream = soxr.ResampleStream(native, wanted, 1, dtype="float32", quality="HQ")
        # Grows in place, where joining a list of blocks would hold a long clip twice.
        self._samples = bytearray()

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,).

        Parameters
        ----------
        mono : numpy.ndarray
            float32, at the native rate.
        """
        if self._stream is None:
            self._samples += np.ascontiguousarray(mono).data
            return
        for start in range(0, len(mono), RESAMPLED_AT_ONCE):
            part = mono[start : start + RESAMPLED_AT_ONCE]
            self._samples += self._stream.resample_chunk(part).data

    def take(self, count: int) -> np.ndarray | None:
        """Return and forget the first `count` samples, None while there are not so many yet.

        Parameters
        ----------
        count : int
            Samples at the wanted rate.
        """
        size = count * np.dtype(np.float32).itemsize
        if len(self._samples) < size:
            return None
        taken = np.frombuffer(bytes(self._samples[:size]), np.float32)
        del self._samples[:size]
        return taken

    def finish(self) -> np.ndarray:
        """Return the whole at the wanted rate, float32, shape (samples,), and end."""
        if self._stream is not None:
            self._samples += self._stream.resample_chunk(np.empty(0, np.float32), last=True).data
        return np.frombuffer(self._samples, np.float32)


def read_waveform(path: Path, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Decode a whole file as a mono waveform at `sample_rate`, holding little beside the result.

    Channels are averaged, and the rate is changed as `Resampler` does.

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
        When it cannot be decoded, is silent (peak under -80 dBFS), not finite, or too short to
        give a single sample.
    """
    peak = 0.0
    with _opened(path) as stream:
        native = _info(stream).sample_rate
        resampler = Resampler(native, sample_rate)
        for block in _blocks(stream, BLOCK_SECONDS * native):
            mono = to_mono(block)
            peak = max(peak, float(np.abs(mono).max()))
            resampler.add(mono)
    if peak < SILENCE_PEAK:
        raise AudioError("is silent (its peak is under -80 dBFS)")
    waveform = resampler.finish()
    if not len(waveform):
        raise AudioError(f"is shorter than one sample at {sample_rate:,} Hz")
    return waveform


def read_parts(path: Path, size: int, sample_rate: int = SAMPLE_RATE) -> Iterator[np.ndarray]:
    """Decode a file as `read_waveform` does, but part by part, so that its length does not matter.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    size : int
        Samples of a part, at `sample_rate`.
    sample_rate : int
        The rate wanted, Hz.

    Yields
    ------
    numpy.ndarray
        float32, shape (size,); the last one is what is left.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end or is not finite.
    """
    with _opened(path) as stream:
        native = _info(stream).sample_rate
        resampler = Resampler(native, sample_rate)
        for block in _blocks(stream, BLOCK_SECONDS * native):
            resampler.add(to_mono(block))
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
    """

    peak: float
    rms: float


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
    peak, energy, count = 0.0, 0.0, 0
    for block in read_blocks(path, seconds):
        peak = max(peak, float(np.abs(block).max()))
        energy += float(np.square(block, dtype=np.float64).sum())
        count += block.size
    return Level(peak, float(np.sqrt(energy / count)))


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
                    stream.write(block)
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


def _opened(path: Path) -> soundfile.SoundFile:
    try:
        if not path.is_file():
            raise AudioError("is missing")
        # libsndfile says no more than "System error" of too many open files, or a lost disk.
        path.open("rb").close()
    except OSError as error:
        raise rejection(error) from error
    try:
        return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        raise AudioError(f"cannot be opened as audio: {reason}") from error


def _blocks(stream: soundfile.SoundFile, frames: float) -> Iterator[np.ndarray]:
    """Yield blocks of at most so many frames, checked as `read_blocks` says."""
    size = max(1, int(frames))
    decoded = 0
    while True:
        try:
            block = stream.read(size, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(f"cannot be decoded: {error}") from error
        if not len(block):
            break
        if not np.isfinite(block).all():
            raise AudioError("holds samples that are not finite numbers")
        decoded += len(block)
        yield block
    if not decoded:
        raise AudioError("holds no samples")
    # Headers of compressed files may be estimates, so only a clear lack counts.
    if decoded < 0.9 * stream.frames:
        raise AudioError(f"is cut short: {decoded:,} of {stream.frames:,} samples decode")


def _info(stream: soundfile.SoundFile) -> AudioInfo:
    cut = _CUT_SHORT.search(stream.extra_info) if stream.format == "WAV" else None
    # Recorders that stream write a size near the limit, which says nothing.
    if cut and int(cut[2]) < int(cut[1]) < _UNKNOWN_SIZE:
        raise AudioError(f"is cut short: {cut[2]} of {cut[1]} bytes are there")
    if stream.frames <= 0:
        raise AudioError("holds no samples")
    return AudioInfo(
        stream.samplerate, stream.frames, stream.channels, stream.format, stream.subtype
    )
