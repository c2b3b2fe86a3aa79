"""The learning curves of a training."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """Learning curves: losses and rates on both splits, one value a step (an epoch, or a tree).

    Attributes
    ----------
    train_losses, val_losses : numpy.ndarray
        Mean cross-entropy in nats, shape (steps,); class-weighted where the training is.
    val_accuracies, val_eers : numpy.ndarray
        Accuracy and EER on validation, between 0 and 1, shape (steps,).
    step : str
        Name of a step (`epoch` or `tree`), for the axis of a plot.
    best : int
        The step whose model was kept by early stopping.
    """

    train_losses: np.ndarray
    val_losses: np.ndarray
    val_accuracies: np.ndarray
    val_eers: np.ndarray
    step: str
    best: int
