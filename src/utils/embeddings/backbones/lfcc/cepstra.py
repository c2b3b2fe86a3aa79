"""Linear-frequency cepstral coefficients (LFCC) with deltas, as in the baseline of ASVspoof 2019.

Sahidullah, Kinnunen & Hanilci (2015), "A comparison of features for synthetic speech detection",
with the parameters of the LFCC-GMM baseline of ASVspoof 2019 (Todisco et al. 2019, "ASVspoof 2019:
future horizons in spoofed and fake audio detection"), whose `extract_lfcc(x, 16000, 20, 512, 20)`
this follows step by step:

1. pre-emphasis, x[n] - 0.97 x[n - 1];
2. Hamming windows of 20 ms (320 samples) every 10 ms (160), the last one filled up with zeros;
3. the power spectrum of a 512-point Fourier transform;
4. 20 triangular filters, equally wide in Hz, from 0 to 8 kHz;
5. the common logarithm of each energy plus 2.2e-16 (the spacing of float64 at 1);
6. an orthonormal DCT-II, of which all 20 coefficients are kept, the 0th included;
7. deltas over three frames, c[t + 1] - c[t - 1], with the first and last frame repeated; double
   deltas are deltas of the deltas.

The baselines of ASVspoof 2021 differ: LFCC-LCNN puts the log energy of the frame in place of
coefficient 0, and LFCC-GMM has windows of 30 ms every 15 ms, 1,024 points and 70 filters.
"""

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from src.utils.config import SAMPLE_RATE

N_COEFFICIENTS = 20
"""Static ones; with deltas and double deltas there are three times as many."""

PRE_EMPHASIS = 0.97
WINDOW = 320
HOP = 160
FFT_SIZE = 512
N_FILTERS = 20
LOG_OFFSET = float(np.finfo(np.float64).eps)

_FRAMES_AT_ONCE = 3_000
"""Half a minute, so that the spectra of a long recording do not fill the memory."""


def compute_lfcc(waveform: np.ndarray) -> np.ndarray:
    """Return the static coefficients, deltas and double deltas of every frame.

    Parameters
    ----------
    waveform : numpy.ndarray
        At 16 kHz, shape (samples,), of any length: what is shorter than a window is one frame.

    Returns
    -------
    numpy.ndarray
        float64, shape (frames, 60): 20 static coefficients, then 20 deltas, then 20 double deltas.
    """
    static = _static(waveform)
    first = delta(static)
    return np.concatenate([static, first, delta(first)], axis=1)


def delta(frames: np.ndarray) -> np.ndarray:
    """Return the difference between the next frame and the one before, the ends repeated.

    Unlike a regression slope it is not divided by the two frames that it spans. A single frame
    has deltas of 0.

    Parameters
    ----------
    frames : numpy.ndarray
        Shape (frames, coefficients).

    Examples
    --------
    >>> delta(np.array([[1.0], [2.0], [4.0]])).ravel()
    array([1., 3., 2.])
    """
    padded = np.pad(frames, ((1, 1), (0, 0)), mode="edge")
    return padded[2:] - padded[:-2]


def filter_bank(
    n_filters: int = N_FILTERS, fft_size: int = FFT_SIZE, highest_hz: float = SAMPLE_RATE / 2
) -> np.ndarray:
    """Return the weight of every bin in every filter, float64 of shape (n_filters, bins).

    The filters reach 1 where the next one begins.

    Parameters
    ----------
    n_filters : int
        How many, equally wide, from 0 Hz on.
    fft_size : int
        Points of the Fourier transform, which has half as many bins, and one more.
    highest_hz : float
        Where the last one ends.
    """
    bins = np.linspace(0.0, SAMPLE_RATE / 2, fft_size // 2 + 1)
    edges = np.linspace(0.0, highest_hz, n_filters + 2)[:, None]
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


def _static(waveform: np.ndarray) -> np.ndarray:
    n_samples = len(waveform)
    n_frames = max(1, -(-(n_samples - WINDOW) // HOP) + 1)
    emphasised = np.zeros((n_frames - 1) * HOP + WINDOW)
    emphasised[:n_samples] = waveform
    emphasised[1:n_samples] -= PRE_EMPHASIS * emphasised[: max(0, n_samples - 1)]
    frames = sliding_window_view(emphasised, WINDOW)[::HOP]
    window, weights = np.hamming(WINDOW), filter_bank()
    energies = np.empty((n_frames, N_FILTERS))
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        part = slice(start, start + _FRAMES_AT_ONCE)
        spectrum = scipy.fft.rfft(frames[part] * window, FFT_SIZE, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        # Not a matrix product: that one's last bits depend on the number of threads.
        energies[part] = np.einsum("tf,bf->tb", power, weights)
    cepstra = scipy.fft.dct(np.log10(energies + LOG_OFFSET), type=2, axis=1, norm="ortho")
    return np.asarray(cepstra[:, :N_COEFFICIENTS])
