"""The losses by name: what the outputs of a head and the labels of a batch cost."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from src.networks.heads import Head, LinearHead
from src.utils.registry import Registry


class Loss(nn.Module, ABC):
    """What the outputs of a batch cost.

    Parameters
    ----------
    spoofs_per_bona_fide : float
        Of the training clips: what each bona-fide clip weighs, a spoof weighing 1.

    Attributes
    ----------
    name : str
        A name of `LOSSES`.
    head : type of Head
        The output layer that it is for.
    outputs : int
        How many outputs that has.
    """

    name: ClassVar[str]
    head: ClassVar[type[Head]]
    outputs: ClassVar[int] = 1

    def __init__(self, spoofs_per_bona_fide: float = 1.0) -> None:
        super().__init__()
        self.spoofs_per_bona_fide = spoofs_per_bona_fide

    @abstractmethod
    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return what each window costs, in nats, shape (batch,), weighted by its class.

        Parameters
        ----------
        outputs : torch.Tensor
            As the head gives them, shape (batch, outputs).
        labels : torch.Tensor
            float32, shape (batch,): 1 bona-fide, 0 spoof.
        """


class CrossEntropy(Loss):
    """Cross-entropy with the rarer class weighted up.

    Parameters
    ----------
    spoofs_per_bona_fide
        See `Loss`.
    """

    name = "cross-entropy"
    head = LinearHead

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy of outputs, one logit or one a class, and labels: (batch,)."""
        if outputs.shape[1] == 1:
            weight = torch.tensor(self.spoofs_per_bona_fide, device=outputs.device)
            return binary_cross_entropy_with_logits(
                outputs[:, 0].float(), labels, pos_weight=weight, reduction="none"
            )
        costs = cross_entropy(outputs.float(), labels.long(), reduction="none")
        return costs * torch.where(labels > 0, self.spoofs_per_bona_fide, 1.0)


LOSSES: Registry[Loss] = Registry(
    "--loss",
    {
        "cross-entropy": "src.networks.losses:CrossEntropy",
    },
)
"""What a network minimises, by the name that `--loss` takes."""
