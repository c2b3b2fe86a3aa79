"""What a fusion makes of its members' ratios: a sum with weights."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Weights:
    """What a fusion makes of its members' log-likelihood ratios: a sum with weights.

    Attributes
    ----------
    values : numpy.ndarray
        The weight of each member, none below 0, float64 of shape (members,).
    offset : float
        What is added to the sum.
    shrinkage : float
        How strongly the weights were drawn to each other.
    """

    values: np.ndarray
    offset: float
    shrinkage: float = 0.0

    def fuse(self, llrs: np.ndarray) -> np.ndarray:
        """Return fused scores, float64 of shape (clips,).

        Parameters
        ----------
        llrs : numpy.ndarray
            Natural log-likelihood ratios by each member, shape (clips, members).
        """
        return np.asarray(llrs, np.float64) @ self.values + self.offset
