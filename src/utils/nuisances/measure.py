"""Every nuisance of a recording, in one pass over its blocks."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from src.utils.audio import read_blocks, read_info
from src.utils.errors import AudioError
from src.utils.nuisances.activity import FRAME_SECONDS, LOWEST_DB, find_activity, frame_levels
from src.utils.nuisances.bandwidth import MeanSpectrum
from src.utils.nuisances.encoder import read_encoder

VERSION = 2
"""Raise it when a figure changes, so that old and new ones never mix."""

_EXACT_BITS = 24
"""The longest integers that a float32 sample holds exactly."""

_TOP = 0.98
_STEPS_ENOUGH = 1_000
"""With fewer steps up to its peak a recording has equal neighbours there without being clipped."""
_LIKE_BITS = 16
"""Of samples that are no integers: for them steps count as if they were these."""

_PCM_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


@dataclass(frozen=True)
class Nuisances:
    """What a recording gives away besides the voice.

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


NAMES = tuple(field.name for field in fields(Nuisances))


def measure_nuisances(path: Path) -> Nuisances:
    """Measure a recording block by block, so that its length does not matter.

    Raises
    ------
    AudioError
        When it is missing, cannot be decoded to its end or holds values that are not finite.
    """
    info = read_info(path)
    bits = _PCM_BITS.get(info.subtype, 0)
    frame = max(1, round(FRAME_SECONDS * info.sample_rate))
    spectrum = MeanSpectrum(info.sample_rate)
    levels = []
    steps = np.int32(0)
    peak = total = energy = 0.0
    count = samples = zeros = 0
    tops: list[tuple[float, int]] = []
    for block in read_blocks(path):
        mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
        magnitude = np.abs(block)
        highest = float(magnitude.max())
        peak = max(peak, highest)
        tops.append((highest, _count_flat(block, magnitude, highest)))
        total += float(mono.sum(dtype=np.float64))
        energy += float(np.square(block, dtype=np.float64).sum())
        zeros += int((block == 0).sum())
        if bits:
            # The lowest bit that any sample sets tells how many are really in use.
            integers = (block * 2.0 ** (_EXACT_BITS - 1)).astype(np.int32)
            steps |= np.bitwise_or.reduce(integers, axis=None)
        levels.append(frame_levels(mono, frame))
        spectrum.add(mono)
        count += len(block)
        samples += block.size
    used = _used_bits(int(steps), bits)
    activity = find_activity(np.concatenate(levels))
    seconds = count / info.sample_rate
    level = energy / samples
    flat = sum(number for highest, number in tops if highest >= _TOP * peak)
    return Nuisances(
        duration=seconds,
        peak=peak,
        rms=float(10 * np.log10(max(level, 10 ** (LOWEST_DB / 10)))),
        dc_offset=abs(total / count),
        leading_silence=activity.first * FRAME_SECONDS,
        trailing_silence=(len(activity.active) - activity.last) * FRAME_SECONDS,
        silence_ratio=float(1 - activity.active.mean()) if len(activity.active) else 0.0,
        digital_silence=zeros / samples,
        noise_floor=activity.noise_floor,
        sample_rate=info.sample_rate,
        bandwidth=spectrum.bandwidth(used or _EXACT_BITS),
        bit_depth=used,
        clipping=flat / samples if _steps(peak, used) > _STEPS_ENOUGH else 0.0,
        format=f"{info.format} {info.subtype}",
        encoder=_encoder(path),
        channels=info.channels,
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
