"""Short-time spectra and mel filters, for vocoders that go by way of them."""

from functools import lru_cache

import librosa
import numpy as np
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array

_FLOOR = 1e-7


def fft_size(sample_rate: int) -> int:
    """Return samples of an analysis frame of 46 to 93 ms, a power of two.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Examples
    --------
    >>> fft_size(16_000), fft_size(22_050), fft_size(48_000)
    (1024, 1024, 4096)
    """
    return 1 << (round(0.0464 * sample_rate) - 1).bit_length()


def transform(waveform: np.ndarray, size: int) -> np.ndarray:
    """Return the short-time spectrum with Hann windows and a hop of a quarter.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    size : int
        Samples of a frame.

    Returns
    -------
    numpy.ndarray
        complex64, shape (bins, frames).
    """
    return librosa.stft(waveform, n_fft=size, pad_mode="constant")


def invert(spectrum: np.ndarray, samples: int) -> np.ndarray:
    """Return the waveform of a short-time spectrum, its least-squares estimate.

    Parameters
    ----------
    spectrum : numpy.ndarray
        As of `transform`.
    samples : int
        Length of the result.
    """
    return librosa.istft(spectrum, n_fft=2 * (len(spectrum) - 1), length=samples)


def through_mel(magnitude: np.ndarray, sample_rate: int, bands: int) -> np.ndarray:
    """Reduce magnitudes to mel bands and bring them back by the pseudo-inverse.

    Only neighbouring bands overlap, so ``M M^T`` is tridiagonal. Sparse and banded arithmetic has
    one order of summation, whatever the number of threads.

    Parameters
    ----------
    magnitude : numpy.ndarray
        float32, shape (bins, frames).
    sample_rate : int
        Hz.
    bands : int
        Number of mel bands.

    Returns
    -------
    numpy.ndarray
        float32, shape (bins, frames), above 0.
    """
    mel, gram = _bank(sample_rate, 2 * (len(magnitude) - 1), bands)
    back = mel.T @ solveh_banded(gram, mel @ magnitude.astype(np.float64))
    return np.maximum(back, _FLOOR).astype(np.float32)


@lru_cache(maxsize=64)
def _bank(sample_rate: int, size: int, bands: int) -> tuple[csr_array, np.ndarray]:
    """Return the filters, (bands, bins), and the upper diagonals of their products."""
    dense = librosa.filters.mel(sr=sample_rate, n_fft=size, n_mels=bands, dtype=np.float64)
    # Narrow bands between two bins would be empty.
    dense = dense[dense.sum(axis=1) > 0]
    gram = np.zeros((2, len(dense)))
    gram[0, 1:] = (dense[1:] * dense[:-1]).sum(axis=1)
    gram[1] = np.square(dense).sum(axis=1)
    # Two bands that lie on the same bin are one.
    gram[1] *= 1.0 + 1e-6
    return csr_array(dense), gram
