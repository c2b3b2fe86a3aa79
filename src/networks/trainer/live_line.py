"""The line that tells, while a network is trained, of its epoch, loss, EER and time left."""

import time

from torch import Tensor
from tqdm import tqdm

from src.networks.trainer.learner import Measured

_EVERY = 1.0
"""Seconds between two looks at the loss, for which a GPU must be waited for."""


class LiveLine:
    """A bar over all steps, with epoch, loss and the last validation beside it.

    Parameters
    ----------
    steps : int
        Of an epoch.
    epochs : int
        At most.
    is_shown : bool
        Whether there is one.
    """

    def __init__(self, steps: int, epochs: int, is_shown: bool) -> None:
        self._steps, self._epochs = steps, epochs
        # Without an end of its own: None lets tqdm write nothing where nobody looks on.
        self._bar = tqdm(
            total=steps * epochs, unit="step", leave=False, disable=None if is_shown else True
        )
        self._told: dict[str, str] = {}
        self._looked = 0.0

    def begin(self, epoch: int, step: int) -> None:
        """Begin an epoch, or go on with one.

        Parameters
        ----------
        epoch, step : int
            From 0 on.
        """
        self._bar.set_description(f"epoch {epoch + 1} of {self._epochs}", refresh=False)
        done = epoch * self._steps + step
        if done > self._bar.n:
            # Of an earlier run: the time left is that of the steps of this one.
            self._bar.initial = self._bar.n = done
        self._bar.refresh()

    def advance(self, loss: Tensor) -> None:
        """Tell of a step.

        Parameters
        ----------
        loss : torch.Tensor
            Of its last batch, a scalar.
        """
        now = time.monotonic()
        if not self._bar.disable and now - self._looked >= _EVERY:
            self._looked = now
            self._told["loss"] = f"{float(loss):.3f}"
            self._bar.set_postfix(self._told, refresh=False)
        self._bar.update()

    def measured(self, found: Measured) -> None:
        """Tell of an epoch's validation.

        Parameters
        ----------
        found : Measured
            On it.
        """
        if found.eer is not None:
            self._told["EER"] = f"{found.eer:.2%}"
        else:
            self._told["validation"] = f"{found.loss:.3f}"

    def close(self) -> None:
        """End the line."""
        self._bar.close()
