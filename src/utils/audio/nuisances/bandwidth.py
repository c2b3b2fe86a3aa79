"""Effective bandwidth of a recording, from its mean power spectrum."""

import numpy as np
from scipy import fft
from scipy.ndimage import median_filter

from src.utils.audio.windows import hann

_BELOW_PEAK_DB = 70.0
_ABOVE_QUANTISATION_DB = 6.0
_SMOOTHED_BINS = 9
"""The window spreads a line over four bins; a median takes out what fills less than half of it."""


class MeanSpectrum:
    """The mean power spectrum of a recording that arrives block by block.

    White noise of variance v has the value v in every bin.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._size = 1024 if sample_rate <= 24_000 else 2048
        window = hann(self._size)
        self._window = (window / np.sqrt(np.square(window).sum())).astype(np.float32)
        self._sum = np.zeros(self._size // 2 + 1)
        self._frames = 0

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,); one shorter than a frame is padded with zeros.

        Parameters
        ----------
        mono : numpy.ndarray
            float32, full scale at 1.
        """
        if len(mono) < self._size:
            mono = np.pad(mono, (0, self._size - len(mono)))
        frames = mono[: len(mono) // self._size * self._size].reshape(-1, self._size)
        spectrum = fft.rfft(frames * self._window, axis=1)
        self._sum += (np.square(spectrum.real) + np.square(spectrum.imag)).sum(axis=0)
        self._frames += len(frames)

    def bandwidth(self, bits: int) -> float:
        """Return the highest frequency with energy, in Hz.

        The highest bin that is less than 70 dB under the strongest and stands out of the
        quantisation noise of `bits` bits (variance of a step over 12), after a median over nine
        bins, which takes out single lines. 0 for silence.

        Parameters
        ----------
        bits : int
            Bits of a sample that are really in use, see `Nuisances.bit_depth`.
        """
        power = median_filter(self._sum / max(1, self._frames), _SMOOTHED_BINS, mode="nearest")
        quantisation = 4.0 ** (1 - bits) / 12 * 10 ** (_ABOVE_QUANTISATION_DB / 10)
        threshold = max(power.max() / 10 ** (_BELOW_PEAK_DB / 10), quantisation)
        above = np.flatnonzero(power > threshold)
        return float(above[-1] * self._rate / self._size) if len(above) else 0.0
