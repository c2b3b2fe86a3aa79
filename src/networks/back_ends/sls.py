"""Sensitive layer selection: each window decides how much each layer of an encoder counts."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, selu

from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.errors import ArgumentError

_POOL = 3
"""Frames and numbers of a frame, of which the highest is kept."""


class Sls(BackEnd):
    """A gated sum of the layers, pooled by three in both directions, and a large linear layer.

    Zhang, Wen & Hu (2024), "Audio deepfake detection with self-supervised XLS-R and SLS classifier"
    (ACM Multimedia). A layer's gate is a sigmoid of a linear function of its mean frame.
    As published, the output layer's logits go through a SELU (the head `selu`).

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `frames` is the number of frames that the linear layer is laid out for: 201
        of 4 s, as published. Those of other windows are brought to a third of it by pooling over
        more frames, or fewer. `first_layer` is the first that is used: 1, since layer 0 is what
        enters the transformer, of which all layers are used. `size` is of the vector.
    """

    name = "sls"
    description = "sensitive layer selection (SLS) over all layers"
    takes = (Kind.HIDDEN,)
    takes_layers = True
    defaults: ClassVar[dict[str, Any]] = {"frames": 201, "first_layer": 1, "size": 1024}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        self._first = self.settings["first_layer"]
        if self._first >= frames.layers:
            raise ArgumentError(
                f"--back-end={self.name}: first_layer={self._first}, and the front end has the "
                f"layers 0 to {frames.layers - 1}"
            )
        self._pooled, width = self.settings["frames"] // _POOL, frames.width // _POOL
        if not self._pooled or not width:
            raise ArgumentError(
                f"--back-end={self.name} takes frames={_POOL} and more, of {_POOL} numbers and more"
            )
        self.gate = nn.Linear(frames.width, 1)
        self.norm = nn.BatchNorm2d(1)
        self.dim = self.settings["size"]
        self.out = nn.Linear(self._pooled * width, self.dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, (batch, size), of frames (batch, layers, frames, width)."""
        layers = frames[:, self._first :]
        gates = torch.sigmoid(self.gate(layers.mean(dim=2))).squeeze(-1).to(layers.dtype)
        summed = torch.einsum("bl,bltw->btw", gates, layers)
        normed = selu(self.norm(summed[:, None]))
        pooled = pool_frames(max_pool2d(normed, (1, _POOL))[:, 0], self._pooled)
        return selu(self.out(pooled.flatten(1)))


def pool_frames(frames: Tensor, count: int) -> Tensor:
    """Return the highest of each of `count` even shares of frames, (batch, count, width).

    Parameters
    ----------
    frames : torch.Tensor
        Shape (batch, frames, width).
    count : int
        How many there are to be; shares overlap where they must.

    Notes
    -----
    `adaptive_max_pool2d` does the same, but cannot be exported where shares overlap.
    """
    length = frames.shape[1]
    numbers = torch.arange(count, device=frames.device)
    # Of numbers above 0 alone: whole numbers below it are divided otherwise in ONNX.
    starts = numbers * length // count
    last = ((numbers + 1) * length + count - 1) // count - 1
    # One or two more than the widest has, which are its last again.
    widest = length // count + 2
    places = torch.minimum(
        starts[:, None] + torch.arange(widest, device=frames.device), last[:, None]
    )
    return frames[:, places].amax(dim=2)
