"""Every nuisance of a recording, in one pass over its blocks."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from src.utils.audio.info import bits_of
from src.utils.audio.io import BLOCK_SECONDS, open_audio
from src.utils.audio.nuisances.activity import decibels, find_activity, frame_length, frame_levels
from src.utils.audio.nuisances.bandwidth import MeanSpectrum
from src.utils.audio.nuisances.encoder import read_encoder
from src.utils.audio.opened import OpenedAudio
from src.utils.errors import AudioError

VERSION = 3
"""Version of what is measured: raise it when a value changes, so that old and new never mix."""

_EXACT_BITS = 24
"""The longest integers that a float32 sample holds exactly."""

_BIT_RATE_STEP = 1000
"""Bits a second: encoders of one setting differ by less."""

_TOP = 0.98
_STEPS_ENOUGH = 1_000
"""With fewer steps up to its peak a recording has equal neighbours there without being clipped."""
_LIKE_BITS = 16
"""Bits assumed where samples are no integers, to count quantisation steps."""


@dataclass(frozen=True)
class Nuisances:
    """The nuisance factors of a recording: what it gives away besides the voice.

    Attributes
    ----------
    duration : float
        Seconds.
    peak : float
        Largest magnitude over all channels, full scale at 1.
    rms : float
        dBFS, over all channels.
    dc_offset : float
        Magnitude of the mean, full scale at 1.
    leading_silence, trailing_silence : float
        Seconds before the first and behind the last sound (see `find_activity`).
    silence_ratio : float
        Share of silent frames of 10 ms.
    digital_silence : float
        Share of samples that are exactly 0.
    noise_floor : float
        5th percentile of the level of frames, dBFS.
    sample_rate : int
        Hz, of the file.
    bandwidth : float
        Highest frequency with energy, Hz.
    bit_depth : int
        Bits that integer samples really use; 0 for lossy and floating-point formats.
    clipping : float
        Share of samples that stay where their neighbour is, at the very top; 0 for recordings of
        so few steps (8 bits, very quiet ones) that it cannot be told.
    format : str
        Container and sample format as libsndfile names them, such as `WAV PCM_16`.
    encoder : str
        See `read_encoder`.
    channels : int
        How many the file has.
    bit_rate : int
        Bits of encoded sound in a second, rounded to `_BIT_RATE_STEP`; 0 for lossless formats.
    original_rate : int
        Hz before encoding, where the file tells another rate than it is decoded at, else 0.
    """

    duration: float
    peak: float
    rms: float
    dc_offset: float
    leading_silence: float
    trailing_silence: float
    silence_ratio: float
    digital_silence: float
    noise_floor: float
    sample_rate: int
    bandwidth: float
    bit_depth: int
    clipping: float
    format: str
    encoder: str
    channels: int
    bit_rate: int
    original_rate: int


NAMES = tuple(field.name for field in fields(Nuisances))


def measure_nuisances(
    path: Path, on_block: Callable[[np.ndarray], None] | None = None
) -> Nuisances:
    """Measure a recording block by block, so that its length does not matter.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    on_block : callable, optional
        Is called with the mean over the channels of every block, float32 of shape (frames,):
        decoding is most of the work, and whoever needs the sound too is spared a second time.

    Raises
    ------
    AudioError
        When it is missing, cannot be decoded to its end or holds values that are not finite.
    """
    with open_audio(path) as audio:
        return measure_opened(audio, on_block)


def measure_opened(
    audio: OpenedAudio, on_block: Callable[[np.ndarray], None] | None = None
) -> Nuisances:
    """Measure a recording as `measure_nuisances` does, of which nothing has been read yet.

    Parameters
    ----------
    audio : OpenedAudio
        The recording, read to its end here; its warnings are complete then.
    on_block : callable, optional
        As for `measure_nuisances`.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end or holds values that are not finite.
    """
    meter = _Meter(audio)
    for block in audio.blocks(BLOCK_SECONDS):
        mono = audio.to_mono(block)
        meter.add(block, mono)
        if on_block is not None:
            on_block(mono)
    return meter.finish()


class _Meter:
    """Adds a recording up from its blocks."""

    def __init__(self, audio: OpenedAudio) -> None:
        self._audio = audio
        self._encoder = _encoder(audio.path)
        self._bits = bits_of(audio.subtype)
        self._frame = frame_length(audio.sample_rate)
        self._spectrum = MeanSpectrum(audio.sample_rate)
        self._levels: list[np.ndarray] = []
        self._steps = 0
        self._tops: list[tuple[float, int]] = []
        self._total = self._energy = 0.0
        self._count = self._samples = self._zeros = 0

    def add(self, block: np.ndarray, mono: np.ndarray) -> None:
        """Add a block of shape (frames, channels), with its mean over the channels.

        Of its level, what is left over behind the last whole 10 ms is not measured.
        """
        magnitude = np.abs(block)
        highest = float(magnitude.max())
        self._tops.append((highest, _count_flat(block, magnitude, highest)))
        self._total += float(mono.sum(dtype=np.float64))
        self._energy += float(np.square(block, dtype=np.float64).sum())
        self._zeros += int(block.size - np.count_nonzero(block))
        if self._bits:
            # The lowest bit that any sample sets tells how many are really in use.
            integers = (block * 2.0 ** (_EXACT_BITS - 1)).astype(np.int32)
            self._steps |= int(np.bitwise_or.reduce(integers, axis=None))
        self._levels.append(frame_levels(mono, self._frame))
        self._spectrum.add(mono)
        self._count += len(block)
        self._samples += block.size

    def finish(self) -> Nuisances:
        """Return what was measured."""
        audio = self._audio
        used = _used_bits(self._steps, self._bits)
        activity = find_activity(np.concatenate(self._levels))
        peak = max(highest for highest, _ in self._tops)
        flat = sum(number for highest, number in self._tops if highest >= _TOP * peak)
        n_frames = len(activity.active)
        return Nuisances(
            duration=self._count / audio.sample_rate,
            peak=peak,
            rms=float(decibels(self._energy / self._samples)),
            dc_offset=abs(self._total / self._count),
            leading_silence=activity.first * self._frame / audio.sample_rate,
            trailing_silence=(n_frames - activity.last) * self._frame / audio.sample_rate,
            silence_ratio=float(1 - activity.active.mean()) if n_frames else 0.0,
            digital_silence=self._zeros / self._samples,
            noise_floor=activity.noise_floor,
            sample_rate=audio.sample_rate,
            bandwidth=self._spectrum.bandwidth(used or _EXACT_BITS),
            bit_depth=used,
            clipping=flat / self._samples if _steps(peak, used) > _STEPS_ENOUGH else 0.0,
            format=f"{audio.format} {audio.subtype}",
            encoder=self._encoder,
            channels=audio.channels,
            bit_rate=_BIT_RATE_STEP * round(audio.bit_rate / _BIT_RATE_STEP),
            original_rate=audio.original_rate if audio.original_rate != audio.sample_rate else 0,
        )


def _count_flat(block: np.ndarray, magnitude: np.ndarray, highest: float) -> int:
    """Count samples at a block's top that equal the one before them."""
    at_top = magnitude[1:] >= _TOP * highest
    # Few are, and only they are compared.
    return int((block[1:][at_top] == block[:-1][at_top]).sum()) if highest else 0


def _steps(peak: float, used: int) -> float:
    """Return how many steps lie between zero and the peak."""
    return peak * 2.0 ** ((used or _LIKE_BITS) - 1)


def _used_bits(steps: int, bits: int) -> int:
    """Return the bits in use of samples whose set bits, as 24-bit integers, are `steps`."""
    if not bits or not steps:
        return bits
    trailing_zeros = (steps & -steps).bit_length() - 1
    return min(bits, _EXACT_BITS - trailing_zeros)


def _encoder(path: Path) -> str:
    try:
        return read_encoder(path)
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}") from error
