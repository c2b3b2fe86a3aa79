"""The course of one training: when its learning rate falls, when it ends, and what is kept."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from src.models.classifier import Hyperparameters
from src.utils.history import History
from src.utils.metrics.eer import compute_eer

FALL = 1e-4
"""A validation loss that falls by less than this share is one that stalls."""

LEAST_STEP = 1e-8
"""A learning rate is not halved where halving takes less away."""


class Course:
    """The epochs of one network so far.

    The learning rate is halved when the validation loss has stalled for more than half of
    `patience` epochs, by the rule of torch's `ReduceLROnPlateau`; training ends when the loss has
    not been at its lowest for `patience` epochs, or is not a finite number.

    Parameters
    ----------
    settings : dict
        The MLP's hyperparameters.

    Attributes
    ----------
    rate : float
        The learning rate of the next epoch.
    kept : tuple of torch.Tensor
        The weights at the lowest validation loss; empty before there is a finite one.
    """

    def __init__(self, settings: Hyperparameters) -> None:
        self.rate: float = settings["learning_rate"]
        self.kept: tuple[Tensor, ...] = ()
        self._epochs, self._patience = settings["epochs"], settings["patience"]
        self._rows: list[tuple[float, float, float, float]] = []
        self._lowest, self._best = np.inf, -1
        self._fallen_to, self._stalled = np.inf, 0

    def goes_on(
        self,
        train_loss: float,
        val_loss: float,
        scores: np.ndarray,
        labels: np.ndarray,
        weights: Callable[[], tuple[Tensor, ...]],
    ) -> bool:
        """Note an epoch, and return whether there shall be another one.

        Parameters
        ----------
        train_loss, val_loss : float
            Mean loss a clip, in nats.
        scores, labels : numpy.ndarray
            Of the validation clips, shape (clips,).
        weights : callable
            Copies the network's weights.
        """
        if not np.isfinite(val_loss):
            return False
        self._adapt_rate(val_loss)
        accuracy = float(((scores >= 0) == labels).mean())
        self._rows.append((train_loss, val_loss, accuracy, compute_eer(scores, labels)[0]))
        epoch = len(self._rows) - 1
        if val_loss < self._lowest:
            self._lowest, self._best, self.kept = val_loss, epoch, weights()
        elif epoch - self._best >= self._patience:
            return False
        return epoch + 1 < self._epochs

    def history(self) -> History:
        """Return the learning curves of an ended training that has kept weights."""
        train_losses, val_losses, accuracies, eers = np.array(self._rows).T
        return History(train_losses, val_losses, accuracies, eers, step="epoch", best=self._best)

    def _adapt_rate(self, val_loss: float) -> None:
        if val_loss < self._fallen_to * (1 - FALL):
            self._fallen_to, self._stalled = val_loss, 0
            return
        self._stalled += 1
        if self._stalled > self._patience // 2:
            self._stalled = 0
            if self.rate / 2 > LEAST_STEP:
                self.rate /= 2
