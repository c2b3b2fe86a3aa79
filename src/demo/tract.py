"""The vocal tract as a time-varying filter of the glottal source.

Cascade of resonators and a branch for mouth noise, after Klatt (1980), "Software for a
cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67(3).
"""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from src.demo.score import Score

_FFT_HOPS = 12  # length of the responses in hops: 60 ms, longer than any formant rings
_BANDWIDTHS = (70.0, 90.0, 130.0, 200.0, 260.0)  # of the first five formants, Hz
_NASAL_POLE, _NASAL_ZERO = 280.0, 480.0  # Hz, at full opening of the nose


def tract_response(score: Score, scale: float, hop: int, sample_rate: int) -> NDArray[np.complex64]:
    """Compute the response of the whole vocal tract, which voice and breath go through.

    Every resonator has unit gain at 0 Hz, as in a cascade synthesizer. In an oral sound the
    nasal pole and zero lie on each other and cancel; opening the nose draws them apart.

    Parameters
    ----------
    score : Score
        The articulation, frame by frame.
    scale : float
        Factor on all formants.
    hop : int
        Samples per frame of the score.
    sample_rate : int
        Samples per second.

    Returns
    -------
    ndarray of complex64, shape (frames, bins)
        Responses for `src.utils.audio.frames.moving_filter`.
    """
    size = _FFT_HOPS * hop
    rows = len(score.pitch)
    upper = np.broadcast_to([3500.0, 4500.0], (rows, 2))
    formants = np.concatenate([score.formants, upper], axis=1) * scale
    formants = np.minimum(formants, 0.47 * sample_rate)
    poles = np.ones((rows, 1))
    for index, bandwidth in enumerate(_BANDWIDTHS):
        wide = bandwidth * (1.0 + 0.5 * score.nasal)
        poles = _multiply(poles, _resonators(formants[:, index], wide, sample_rate))
    pole = np.full(rows, _NASAL_POLE)
    zeros = _resonators(pole + (_NASAL_ZERO - _NASAL_POLE) * score.nasal, 100.0, sample_rate)
    poles = _multiply(poles, _resonators(pole, 100.0, sample_rate))
    zeros *= (poles.sum(axis=1) / zeros.sum(axis=1))[:, None]
    # In single precision the polynomial of six poles would cancel to nothing near 0 Hz.
    lower = scipy.fft.rfft(zeros, size, axis=1) / scipy.fft.rfft(poles, size, axis=1)
    response: NDArray[np.complex64] = lower.astype(np.complex64)
    response *= _upper_tract(scale, size, sample_rate)
    return response


def mouth_response(score: Score, hop: int, sample_rate: int) -> NDArray[np.complex64]:
    """Compute the response that shapes the noise of fricatives and bursts.

    For the parameters see `tract_response`.

    Returns
    -------
    ndarray of complex64, shape (frames, bins)
        One resonance per frame; white noise of unit power leaves it with the power that the
        score asks for.
    """
    size = _FFT_HOPS * hop
    heard = score.noise > 1e-4  # most frames have none, and need no filter
    poles = _resonators(score.centre[heard], score.width[heard], sample_rate)
    # A zero at 0 Hz: a narrowing in the mouth makes no low rumble.
    shape = scipy.fft.rfft(np.array([1.0, -1.0], dtype=np.float32), size)[None, :]
    shape = shape / scipy.fft.rfft(poles.astype(np.float32), size, axis=1)
    power = np.mean(np.abs(shape) ** 2, axis=1)
    response = np.zeros((len(heard), shape.shape[1]), dtype=np.complex64)
    response[heard] = shape * (score.noise[heard] / np.sqrt(power))[:, None]
    return response


def _resonators(
    frequency: NDArray[np.float64], bandwidth: NDArray[np.float64] | float, sample_rate: int
) -> NDArray[np.float64]:
    """Write second-order resonators as polynomials ``1 - 2 r cos(w) z^-1 + r^2 z^-2``.

    Klatt (1980), equation 2, without the gain; shape (...,) becomes (..., 3).
    """
    radius = np.exp(-np.pi * np.asarray(bandwidth) / sample_rate) * np.ones_like(frequency)
    middle = -2.0 * radius * np.cos(2.0 * np.pi * frequency / sample_rate)
    return np.stack([np.ones_like(frequency), middle, radius**2], axis=-1)


def _multiply(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply polynomials row by row, shapes (frames, m) and (frames, 3)."""
    product = np.zeros((len(left), left.shape[1] + 2))
    for power in range(3):
        product[:, power : power + left.shape[1]] += left * right[:, power : power + 1]
    return product


@lru_cache(maxsize=64)
def _upper_tract(scale: float, size: int, sample_rate: int) -> NDArray[np.complex64]:
    """Compute the response of the formants above the fifth, which hardly move."""
    response = np.ones(size // 2 + 1, dtype=np.complex128)
    for frequency in np.arange(5500.0, 0.47 * sample_rate / scale, 1000.0) * scale:
        poly = _resonators(np.array([frequency]), 400.0, sample_rate)[0]
        response *= poly.sum() / scipy.fft.rfft(poly, size)
    return response.astype(np.complex64)
