"""Attentive statistics pooling: where to look is learned, and how much is told by two moments."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind

_LEAST_VARIANCE = 1e-10
"""Below it the gradient of a standard deviation would have no bound."""


class Attentive(BackEnd):
    """Weighted mean and standard deviation of projected frames; one weight a frame is learned.

    Okabe, Koshinaka & Shinoda (2018), "Attentive statistics pooling for deep speaker embedding"
    (Interspeech): the weights are a softmax over frames of a small network with
    one hidden layer. The frames are projected first, with a rectifier.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `size` is of the projection, `attention` of the hidden layer.
    """

    name = "attentive"
    description = "attentive statistics pooling of projected frames"
    takes = (Kind.SPECTRAL, Kind.HIDDEN)
    defaults: ClassVar[dict[str, Any]] = {"size": 256, "attention": 128}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        size, hidden = self.settings["size"], self.settings["attention"]
        self.projection = nn.Linear(frames.width, size)
        self.hidden = nn.Linear(size, hidden)
        # A bias would add the same to all frames, which a softmax over them does not see.
        self.weight = nn.Linear(hidden, 1, bias=False)
        self.dim = 2 * size

    def forward(self, frames: Tensor) -> Tensor:
        """Return mean and deviation, (batch, 2 size), of frames (batch, 1, frames, width)."""
        projected = torch.relu(self.projection(frames[:, 0]))
        shares = self.weight(torch.tanh(self.hidden(projected))).float().softmax(dim=1)
        projected = projected.float()
        mean = (shares * projected).sum(dim=1, keepdim=True)
        variance = (shares * (projected - mean).square()).sum(dim=1)
        deviation = variance.clamp(min=_LEAST_VARIANCE).sqrt()
        return torch.cat([mean[:, 0], deviation], dim=1)
