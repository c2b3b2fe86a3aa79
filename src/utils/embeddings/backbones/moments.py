"""Mean and variance over time: of one table of frames, and of frames that come in parts."""

import numpy as np
import torch
from torch import Tensor


def mean_and_variance(frames: Tensor, counts: Tensor | float, mask: Tensor | None = None) -> Tensor:
    """Return the mean and the population variance of each sequence's frames.

    Two passes in float32 whatever the frames are in: the variance is of deviations from the
    mean, so channels with a large mean lose nothing.

    Parameters
    ----------
    frames : torch.Tensor
        Shape (sequences, longest, channels).
    counts : torch.Tensor or float
        float32 of shape (sequences,), or one number for all: how many frames count.
    mask : torch.Tensor, optional
        Bool of shape (sequences, longest), true at frames that count. By default all do.

    Returns
    -------
    torch.Tensor
        float32 of shape (sequences, 2, channels).
    """
    values = frames.float()
    per_clip = counts[:, None] if isinstance(counts, Tensor) else counts
    if mask is not None:
        values = torch.where(mask[:, :, None], values, 0)
    mean = values.sum(1) / per_clip
    deviation = values - mean[:, None]
    if mask is not None:
        deviation = torch.where(mask[:, :, None], deviation, 0)
    return torch.stack([mean, deviation.square_().sum(1) / per_clip], dim=1)


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
        """Add a part.

        Parameters
        ----------
        count : int
            How many frames it has, at least 1.
        mean, variance : numpy.ndarray
            Of these frames; the variance is the population's. Of any shape, one for all parts.
        """
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
