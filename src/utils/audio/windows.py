"""The window that spectra are taken through."""

import numpy as np


def hann(length: int) -> np.ndarray:
    """Return the periodic Hann window, float64 of shape (length,).

    To the last bit that of `scipy.signal.get_window`, which takes longer to load than a clip takes
    to be judged.

    Parameters
    ----------
    length : int
        In samples.
    """
    return (0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, length + 1)))[:-1]
