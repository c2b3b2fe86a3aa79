"""RMS level of a waveform: measuring it, and setting it without clipping."""

import numpy as np
from numpy.typing import NDArray

PEAK_LIMIT = 0.98
"""Largest magnitude a waveform may reach, as a fraction of full scale."""


def rms(waveform: NDArray[np.floating]) -> float:
    """Measure the root mean square of a waveform.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        Signal, full scale 1.0.

    Returns
    -------
    float
        Root mean square, in the unit of the waveform.
    """
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))


def set_rms(waveform: NDArray[np.floating], target: float) -> NDArray[np.float32]:
    """Scale a waveform to a root mean square, or to a lower one where it would clip.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        Signal, full scale 1.0. A silent one comes back silent.
    target : float
        Wanted root mean square.

    Returns
    -------
    ndarray of float32, shape (samples,)
        The scaled signal; its peak is at most `PEAK_LIMIT`, so a very spiky signal may come
        back below the target.
    """
    level, peak = rms(waveform), float(np.max(np.abs(waveform), initial=0.0))
    gain = min(target / level, PEAK_LIMIT / peak) if level > 0.0 else 0.0
    return (waveform * gain).astype(np.float32)
