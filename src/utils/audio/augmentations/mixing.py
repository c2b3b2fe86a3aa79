"""Mixing a voice and what it is drowned in at one ratio of their levels."""

import numpy as np


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
    return (waveform + scale * noise).astype(np.float32)


def rms(waveform: np.ndarray) -> float:
    """Return the root of the mean square, full scale at 1.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    """
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
