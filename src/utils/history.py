"""How a training went, step by step."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """How training went, one value a step (an epoch, or a tree).

    Attributes
    ----------
    train_losses, val_losses : numpy.ndarray
        Mean cross-entropy in nats, shape (steps,); weighted by class where training is.
    val_accuracies, val_eers : numpy.ndarray
        Shares between 0 and 1, shape (steps,).
    step : str
        What a step is, for the axis of a plot.
    best : int
        The step whose model was kept.
    """

    train_losses: np.ndarray
    val_losses: np.ndarray
    val_accuracies: np.ndarray
    val_eers: np.ndarray
    step: str
    best: int
