"""What the trainer is given: what learns, from what, and how it is measured."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from torch import Tensor, nn

FRONT, BACK = "front", "back"
"""The parts of a learner that have learning rates of their own."""


class Learner(nn.Module, ABC):
    """A network with its loss: what a training changes.

    Attributes
    ----------
    reaches_all : bool
        Whether every batch's loss depends on every trained parameter, which several processes that
        train together need not find out then.
    """

    reaches_all: bool = False

    @abstractmethod
    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of a batch, a float32 scalar.

        Parameters
        ----------
        batch : mapping of str to torch.Tensor
            What `Examples.example` gives, of several examples stacked, on the learner's device.
        """

    @abstractmethod
    def parts(self) -> Mapping[str, list[nn.Parameter]]:
        """Return the parameters that are trained, by `FRONT` and `BACK`; a part may be empty."""

    def begin_step(self, step: int, steps: int) -> None:
        """Prepare for a step, such as by lowering a temperature; by default nothing is to be done.

        Parameters
        ----------
        step : int
            Its number over all epochs, from 0 on.
        steps : int
            How many there are at most.
        """


class Examples(Protocol):
    """What a learner learns from; it can be pickled, since worker processes read it."""

    def __len__(self) -> int:
        """Return how many there are in an epoch."""

    def example(self, epoch: int, number: int) -> Mapping[str, np.ndarray] | None:
        """Return one of them, the same whenever and wherever it is asked for.

        Parameters
        ----------
        epoch : int
            From 0 on; what is drawn at random differs from one to the next.
        number : int
            From 0 on.

        Returns
        -------
        mapping of str to numpy.ndarray or None
            Arrays of the same shapes for all examples; None where its recording cannot be read,
            so that the next one that can be is taken in its place.
        """


@dataclass(frozen=True)
class Measured:
    """How a learner does on validation.

    Attributes
    ----------
    loss : float
        Mean loss.
    accuracy, eer : float or None
        Between 0 and 1, of a detector.
    more : dict of str to float
        What else is drawn, such as a codebook's perplexity.
    """

    loss: float
    accuracy: float | None = None
    eer: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[float, float]:
        """What the best epoch has the lowest of: the EER, and of equal ones the loss."""
        return (self.loss if self.eer is None else self.eer, self.loss)


class Validator(Protocol):
    """Measures a learner on validation, always by the same examples."""

    def measure(self, learner: Learner) -> Measured:
        """Return how it does; it is in evaluation mode, and no gradient is computed.

        Layers compute in float32, whatever they are trained in. It is called in every process at
        once; what the main one returns counts.

        Parameters
        ----------
        learner : Learner
            The one that is trained.
        """
