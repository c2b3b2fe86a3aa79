"""The output layers: from the vector of a window to outputs that a loss takes, and to a score."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, selu


class Head(nn.Module, ABC):
    """Scores vectors.

    Parameters
    ----------
    dim : int
        Numbers of a vector.
    outputs : int
        1, or 2 for one a class, that of bona-fide behind that of spoofs.
    """

    name: ClassVar[str]

    def __init__(self, dim: int, outputs: int = 1) -> None:
        super().__init__()
        self.dim, self.outputs = dim, outputs

    def forward(self, vectors: Tensor) -> Tensor:
        """Return outputs, float32 of shape (batch, outputs), of vectors (batch, dim)."""
        # In bfloat16 logits have three digits, of which a loss and the order of clips are made; and
        # cosines near 1 would have steps of 0.004, which a scale of 20 shows.
        with torch.autocast(vectors.device.type, enabled=False):
            return self._outputs(vectors.float())

    @abstractmethod
    def _outputs(self, vectors: Tensor) -> Tensor:
        """Return what `forward` does, of float32 vectors and with autocast off."""

    def score(self, vectors: Tensor) -> Tensor:
        """Return scores, shape (batch,), higher for bona-fide, of vectors (batch, dim)."""
        return self(vectors)[:, -1]


class LinearHead(Head):
    """A linear layer; of two outputs, as published networks have, the score is bona-fide's.

    Parameters
    ----------
    dim, outputs
        See `Head`.
    """

    name = "linear"

    def __init__(self, dim: int, outputs: int = 1) -> None:
        super().__init__(dim, outputs)
        self.layer = nn.Linear(dim, outputs)

    def _outputs(self, vectors: Tensor) -> Tensor:
        return self.layer(vectors)


class SeluHead(LinearHead):
    """A linear layer and a SELU of its two logits, as SLS has; the score is their difference.

    The published score is the logarithm of bona-fide's share in a softmax of both, by which clips
    have the same order.

    Parameters
    ----------
    dim, outputs
        See `Head`.
    """

    name = "selu"

    def __init__(self, dim: int, outputs: int = 2) -> None:
        super().__init__(dim, outputs)

    def _outputs(self, vectors: Tensor) -> Tensor:
        return selu(self.layer(vectors))

    def score(self, vectors: Tensor) -> Tensor:
        """Return scores of vectors (see `Head.score`)."""
        logits = self(vectors)
        return logits[:, -1] if self.outputs == 1 else logits[:, 1] - logits[:, 0]


class CosineHead(Head):
    """The cosine between a vector and each class' direction; with two, the score is the difference.

    Parameters
    ----------
    dim, outputs
        See `Head`.
    """

    name = "cosine"

    def __init__(self, dim: int, outputs: int = 1) -> None:
        super().__init__(dim, outputs)
        self.directions = nn.Parameter(torch.empty(outputs, dim))
        nn.init.kaiming_uniform_(self.directions, 0.25)

    def _outputs(self, vectors: Tensor) -> Tensor:
        return linear(normalize(vectors, dim=1), normalize(self.directions, dim=1))

    def score(self, vectors: Tensor) -> Tensor:
        """Return scores between -2 and 2 of vectors (see `Head.score`)."""
        cosines = self(vectors)
        return cosines[:, 0] if self.outputs == 1 else cosines[:, 1] - cosines[:, 0]


HEADS: dict[str, type[Head]] = {head.name: head for head in (LinearHead, SeluHead, CosineHead)}
"""The output layers by name; a loss says which it takes."""
