"""A whole waveform at another rate, and at a length."""

import numpy as np

from src.utils.audio.resampler import Resampler


def resampled(waveform: np.ndarray, native: int, wanted: int) -> np.ndarray:
    """Return a waveform at another rate.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    native, wanted : int
        Rates in Hz.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,).
    """
    resampler = Resampler(native, wanted)
    resampler.add(np.asarray(waveform, np.float32))
    return resampler.finish()


def at_length(waveform: np.ndarray, samples: int) -> np.ndarray:
    """Cut a waveform at its end, or put silence behind it.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    samples : int
        The length wanted.
    """
    return np.pad(waveform[:samples], (0, max(0, samples - len(waveform))))
