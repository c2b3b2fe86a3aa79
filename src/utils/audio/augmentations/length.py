"""Keeping the length of a waveform."""

import numpy as np


def fit(waveform: np.ndarray, length: int) -> np.ndarray:
    """Return so many samples of a waveform, zeros behind where it is shorter.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    length : int
        Samples.
    """
    return np.pad(waveform[:length], (0, max(length - len(waveform), 0)))
