"""Mean and variance of frames that come in several parts."""

import numpy as np


class Moments:
    """Joins per-part means and variances into those of all frames together.

    Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance": parts are
    joined in float64, so that the order and number of parts does not show.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0

    def add(self, count: int, mean: np.ndarray, variance: np.ndarray) -> None:
        """Add a part of `count` frames, its mean and population variance of any one shape."""
        total = self._count + count
        delta = mean.astype(np.float64) - self._mean
        self._squares = (
            self._squares
            + variance.astype(np.float64) * count
            + delta**2 * (self._count * count / total)
        )
        self._mean = self._mean + delta * (count / total)
        self._count = total

    def mean_and_std(self) -> np.ndarray:
        """Return float32 of shape (layers, 2, dim) for parts of shape (layers, dim)."""
        deviation = np.sqrt(np.asarray(self._squares) / self._count)
        return np.stack([np.asarray(self._mean), deviation], axis=-2).astype(np.float32)
