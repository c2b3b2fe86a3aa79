"""The losses by name: what the outputs of a head and the labels of a batch cost."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, softplus

from src.networks.heads import CosineHead, Head, LinearHead
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

    @classmethod
    def takes(cls, head: Head) -> bool:
        """Say whether the outputs of a head are such as it is computed of.

        Parameters
        ----------
        head : Head
            Of a network that was trained before.
        """
        return isinstance(head, cls.head) and head.outputs == cls.outputs

    def weigh(self, costs: Tensor, labels: Tensor) -> Tensor:
        """Return what windows cost by their labels' weights, both of shape (batch,)."""
        return costs * torch.where(labels > 0, self.spoofs_per_bona_fide, 1.0)

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

    @classmethod
    def takes(cls, head: Head) -> bool:
        """Say whether a head gives logits, one or one a class (see `Loss.takes`)."""
        return isinstance(head, cls.head)

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy of outputs, one logit or one a class, and labels: (batch,)."""
        if outputs.shape[1] == 1:
            weight = torch.tensor(self.spoofs_per_bona_fide, device=outputs.device)
            return binary_cross_entropy_with_logits(
                outputs[:, 0].float(), labels, pos_weight=weight, reduction="none"
            )
        costs = cross_entropy(outputs.float(), labels.long(), reduction="none")
        return self.weigh(costs, labels)


SCALE = 20.0
"""What cosines are multiplied by, in both losses of angles."""


class OcSoftmax(Loss):
    """OC-Softmax: only bona-fide has a direction; spoofs are kept away from it, wherever they are.

    Zhang, Jiang & Duan (2021), "One-class learning towards synthetic voice spoofing detection"
    (IEEE Signal Processing Letters), with their scale of 20 and their margins: the
    cosine of bona-fide is pushed above 0.9, that of spoofs below 0.2.

    Parameters
    ----------
    spoofs_per_bona_fide
        See `Loss`.
    """

    name = "oc-softmax"
    head = CosineHead
    margin_bona_fide, margin_spoof = 0.9, 0.2

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the cost of one cosine a window, outputs (batch, 1), and labels: (batch,)."""
        cosines = outputs[:, 0].float()
        beyond = torch.where(
            labels > 0, self.margin_bona_fide - cosines, cosines - self.margin_spoof
        )
        return self.weigh(softplus(SCALE * beyond), labels)


class AmSoftmax(Loss):
    """AM-Softmax: each class has a direction, and its own must be nearer by a margin.

    Wang, Cheng, Liu & Liu (2018), "Additive margin softmax for face verification" (IEEE Signal
    Processing Letters), with the scale of 20 and the margin of 0.9 that Zhang, Jiang & Duan (2021)
    compare with.

    Parameters
    ----------
    spoofs_per_bona_fide
        See `Loss`.
    """

    name = "am-softmax"
    head = CosineHead
    outputs = 2
    margin = 0.9

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the cost of two cosines a window, outputs (batch, 2), and labels: (batch,)."""
        spoof, bona_fide = outputs.float().unbind(dim=1)
        ahead = torch.where(labels > 0, bona_fide - spoof, spoof - bona_fide)
        return self.weigh(softplus(SCALE * (self.margin - ahead)), labels)


LOSSES: Registry[Loss] = Registry(
    "--loss",
    {
        "cross-entropy": "src.networks.losses:CrossEntropy",
        "oc-softmax": "src.networks.losses:OcSoftmax",
        "am-softmax": "src.networks.losses:AmSoftmax",
    },
)
"""What a network minimises, by the name that `--loss` takes."""
