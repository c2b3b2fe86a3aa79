"""Pitch tracking, and a pulse train that follows the pitch."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from src.utils.audio import frames

LOWEST, HIGHEST = 65.0, 400.0
"""Range of the search in Hz."""

_WINDOW_SECONDS = 0.04
_VOICED = 0.55  # normalised autocorrelation from which a frame counts as voiced
_QUIET = 10.0 ** (-30.0 / 20.0)  # below this part of the loudest frame nothing is voiced


def track_pitch(waveform: NDArray[np.floating], sample_rate: int, hop: int) -> NDArray[np.float64]:
    """Track the fundamental frequency and decide on voicing.

    The autocorrelation of each windowed frame is divided by that of the window, after Boersma
    (1993), "Accurate short-term analysis of the fundamental frequency", Proc. IFA 17; a median
    over five frames stands in for his path search.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        Recording.
    sample_rate : int
        Samples per second.
    hop : int
        Samples between two frames.

    Returns
    -------
    ndarray, shape (frames,)
        Fundamental frequency in Hz per frame, 0 where unvoiced.
    """
    size = 2 * round(_WINDOW_SECONDS * sample_rate / 2)
    shortest, longest = int(sample_rate / HIGHEST), int(sample_rate / LOWEST) + 1
    pieces = frames.split_frames(waveform, size, hop) * frames.hann(size)
    correlation = _autocorrelation(pieces)[:, : longest + 1]
    energy = correlation[:, 0]
    loud = energy > _QUIET**2 * max(float(energy.max(initial=0.0)), 1e-12)
    ratio = correlation / np.maximum(energy, 1e-12)[:, None] / _window_correlation(size, longest)
    # Without a slight preference for short lags, the pitch would often drop by an octave.
    lags = np.arange(shortest, longest + 1)
    score = ratio[:, shortest:] - 0.02 * np.log2(lags / shortest)
    best = np.argmax(score, axis=1)
    peak = np.take_along_axis(ratio[:, shortest:], best[:, None], axis=1)[:, 0]
    pitch = np.where(loud & (peak > _VOICED), sample_rate / lags[best], 0.0)
    smooth: NDArray[np.float64] = median_filter(pitch, 5)
    return smooth


def _autocorrelation(pieces: NDArray[np.floating]) -> NDArray[np.floating]:
    """Correlate every row with itself, shape (rows, size) to (rows, size)."""
    size = pieces.shape[1]
    fft = scipy.fft.next_fast_len(2 * size, real=True)
    power = np.abs(scipy.fft.rfft(pieces, fft, axis=1)) ** 2
    correlation: NDArray[np.floating] = scipy.fft.irfft(power, fft, axis=1)
    return correlation[:, :size]


@lru_cache(maxsize=8)
def _window_correlation(size: int, longest: int) -> NDArray[np.floating]:
    """Correlate the window with itself, 1 at lag zero, shape (longest + 1,)."""
    correlation = _autocorrelation(frames.hann(size)[None, :].astype(np.float64))[0]
    normalised: NDArray[np.floating] = correlation[: longest + 1] / correlation[0]
    return normalised


def pulse_train(
    pitch: NDArray[np.float64], sample_rate: int, hop: int, samples: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Make the pulses of a classic vocoder, one per period, of unit power where voiced.

    Parameters
    ----------
    pitch : ndarray, shape (frames,)
        Fundamental frequency in Hz, 0 where unvoiced.
    sample_rate : int
        Samples per second.
    hop : int
        Samples between two frames.
    samples : int
        Length of the result.

    Returns
    -------
    pulses : ndarray of float32, shape (samples,)
        Pulses, zero where unvoiced.
    voiced : ndarray of bool, shape (samples,)
        Where the pulses are to be used.
    """
    voiced = np.repeat(pitch > 0.0, hop)[hop // 2 : hop // 2 + samples]
    known = np.flatnonzero(pitch)
    pulses = np.zeros(samples, dtype=np.float32)
    if not known.size:
        return pulses, voiced
    f0 = np.interp(np.arange(samples), known * hop, pitch[known])
    cycle = np.floor(np.cumsum(f0 / sample_rate))
    begins = np.flatnonzero((np.diff(cycle, prepend=0.0) > 0.0) & voiced)
    pulses[begins] = np.sqrt(sample_rate / f0[begins])
    return pulses, voiced
