"""Cascades of band-stop filters drawn at random, and waveforms sent through them in blocks."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

BANDS = 5
"""Band-stop filters of a cascade."""

_CENTRE_HZ = (20.0, 8000.0)
_WIDTH_HZ = (100.0, 1000.0)
_TAPS = (10, 100)
_PAPER_RATE = 16_000
"""Hz, at which the numbers of taps are counted; at other rates filters last as long."""

_SAMPLES_AT_ONCE = 1 << 16
"""Few enough to stay in the cache on their way through the transforms."""


@dataclass(frozen=True)
class Blocks:
    """How a waveform is cut so that filters are applied by short Fourier transforms.

    Blocks overlap by the reach of the filters and the part that wraps around is left out
    (overlap-save).

    Attributes
    ----------
    sample_rate : int
        Hz.
    """

    sample_rate: int

    @property
    def reach(self) -> int:
        """Samples that a cascade reaches to either side."""
        return BANDS * _half_taps(np.array(_TAPS[1]), self.sample_rate).item()

    @property
    def size(self) -> int:
        """Samples of a block, a power of two."""
        return 1 << (8 * self.reach - 1).bit_length()


def _half_taps(taps: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the taps on either side of the middle one, of so many at the paper's rate."""
    return np.maximum(np.rint((taps // 2) * sample_rate / _PAPER_RATE), 1).astype(int)


def draw_notches(random: np.random.Generator, gains_db: np.ndarray, sample_rate: int) -> np.ndarray:
    """Draw cascades of band-stop filters and return their frequency responses.

    Each cascade is of five: centre, width and number of taps are uniform, as RawBoost (Tak et al.
    2022) has them. The filters are ideal band-stops under a Hamming window, symmetric around 0, so
    that nothing is delayed and responses are real.

    Parameters
    ----------
    random : numpy.random.Generator
        Where they are drawn.
    gains_db : numpy.ndarray
        The highest gain of each cascade, dB, shape (cascades,).
    sample_rate : int
        Hz; centres lie below half of it.

    Returns
    -------
    numpy.ndarray
        float32, shape (cascades, `Blocks.size` // 2 + 1).
    """
    blocks = Blocks(sample_rate)
    shape = (len(gains_db), BANDS, 1)
    centre = random.uniform(_CENTRE_HZ[0], min(_CENTRE_HZ[1], sample_rate / 2), shape)
    width = random.uniform(*_WIDTH_HZ, shape)
    half = _half_taps(random.integers(_TAPS[0], _TAPS[1] + 1, shape), sample_rate)
    # In cycles a sample, within the band.
    low = np.maximum(centre - width / 2, 0.0) / sample_rate
    high = np.minimum(centre + width / 2, sample_rate / 2) / sample_rate
    at = np.arange(half.max() + 1)
    taps = 2 * low * np.sinc(2 * low * at) - 2 * high * np.sinc(2 * high * at)
    taps[..., 0] += 1.0
    taps *= np.where(at <= half, 0.54 + 0.46 * np.cos(np.pi * at / half), 0.0)
    kernel = np.zeros((*shape[:2], blocks.size))
    kernel[..., : len(at)] = taps
    kernel[..., -len(at) + 1 :] = taps[..., :0:-1]
    response = np.prod(scipy.fft.rfft(kernel, axis=-1).real, axis=1)
    peak = np.abs(response).max(axis=-1, keepdims=True)
    return (response * (10 ** (gains_db[:, None] / 20) / peak)).astype(np.float32)


def filter_powers(waveform: np.ndarray, responses: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the sum of a waveform's powers, each filtered.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    responses : numpy.ndarray
        Of the filter of the first power, the second and so on, as `draw_notches` gives them.
    sample_rate : int
        Hz, as there.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,), not delayed.
    """
    blocks = Blocks(sample_rate)
    hop = blocks.size - 2 * blocks.reach
    count = -(-len(waveform) // hop)
    padded = np.zeros(count * hop + 2 * blocks.reach, np.float32)
    padded[blocks.reach : blocks.reach + len(waveform)] = waveform
    filtered = np.empty((count, hop), np.float32)
    at_once = max(_SAMPLES_AT_ONCE // blocks.size, 1)
    for start in range(0, count, at_once):
        stop = min(start + at_once, count)
        part = padded[start * hop : stop * hop + 2 * blocks.reach]
        cut = np.lib.stride_tricks.sliding_window_view(part, blocks.size)[::hop]
        spectrum = scipy.fft.rfft(cut, axis=1) * responses[0]
        power = cut
        for response in responses[1:]:
            power = power * cut
            spectrum += scipy.fft.rfft(power, axis=1) * response
        whole = scipy.fft.irfft(spectrum, blocks.size, axis=1)
        filtered[start:stop] = whole[:, blocks.reach : blocks.reach + hop]
    return filtered.ravel()[: len(waveform)]
