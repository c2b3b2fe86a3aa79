"""Mixing a voice and what it is drowned in at one ratio of their levels."""

import math

import numpy as np

_AT_ONCE = 1 << 20
"""Samples: a recording of hours is not held once more for each operation."""


def add_at_snr(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise, scaled so that the signal-to-noise ratio is the one asked for.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    noise : numpy.ndarray
        Of any level, shape (samples,).
    snr_db : float
        Ratio of the powers over the whole length, dB.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,).
    """
    scale = rms(waveform) / max(rms(noise), np.finfo(np.float64).tiny) / 10 ** (snr_db / 20)
    mixed = np.empty(len(waveform), dtype=np.float32)
    for start in range(0, len(waveform), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        mixed[part] = waveform[part] + scale * noise[part]
    return mixed


def rms(waveform: np.ndarray) -> float:
    """Return the root of the mean square, full scale at 1.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,), at least one.
    """
    starts = range(0, len(waveform), _AT_ONCE)
    energies = [np.square(waveform[n : n + _AT_ONCE], dtype=np.float64).sum() for n in starts]
    return math.sqrt(math.fsum(energies) / len(waveform))
