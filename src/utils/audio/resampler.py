"""Changing the sample rate of a waveform that comes block by block."""

import numpy as np
import soxr

RESAMPLED_AT_ONCE = 1 << 14
"""Samples, few enough to stay in the cache on their way through the resampler."""


class Resampler:
    """Changes the rate of a mono waveform that comes block by block, holding only the result.

    By the SoX resampler at high quality (https://github.com/dofuuz/python-soxr).

    Parameters
    ----------
    native, wanted : int
        Rates in Hz.
    """

    def __init__(self, native: int, wanted: int) -> None:
        self._stream = None
        if native != wanted:
            self._stream = soxr.ResampleStream(native, wanted, 1, dtype="float32", quality="HQ")
        # Grows in place, where joining a list of blocks would hold a long clip twice.
        self._samples = bytearray()

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,).

        Parameters
        ----------
        mono : numpy.ndarray
            float32, at the native rate.
        """
        if self._stream is None:
            self._samples += np.ascontiguousarray(mono).data
            return
        for start in range(0, len(mono), RESAMPLED_AT_ONCE):
            part = mono[start : start + RESAMPLED_AT_ONCE]
            self._samples += self._stream.resample_chunk(part).data

    def take(self, count: int) -> np.ndarray | None:
        """Return and forget the first `count` samples, None while there are not so many yet.

        Parameters
        ----------
        count : int
            Samples at the wanted rate.
        """
        size = count * np.dtype(np.float32).itemsize
        if len(self._samples) < size:
            return None
        taken = np.frombuffer(bytes(self._samples[:size]), np.float32)
        del self._samples[:size]
        return taken

    def finish(self) -> np.ndarray:
        """Return the whole at the wanted rate, float32, shape (samples,), and end."""
        if self._stream is not None:
            self._samples += self._stream.resample_chunk(np.empty(0, np.float32), last=True).data
        return np.frombuffer(self._samples, np.float32)
