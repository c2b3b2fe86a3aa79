"""Multi-head factorised attentive pooling over all layers of an encoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind


class Mhfa(BackEnd):
    """Keys say where each head looks, values what it finds; each has layer weights of its own.

    Peng et al. (2023), "An attention-based backend allowing efficient fine-tuning of transformer
    models for speaker verification" (SLT 2022); with wav2vec 2.0 and WavLM it has been
    used for anti-spoofing since Rohdin et al. (2024), "BUT systems and analyses for the ASVspoof 5
    challenge". Keys and values are weighted sums of the layers, compressed by a linear layer each;
    a head is a linear function of the compressed keys and a softmax over the frames.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `compression` is the width of keys and values, `size` of the vector.
    """

    name = "mhfa"
    description = "multi-head factorised attentive pooling (MHFA) over all layers"
    takes = (Kind.HIDDEN,)
    takes_layers = True
    defaults: ClassVar[dict[str, Any]] = {"heads": 32, "compression": 128, "size": 256}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        heads, width = self.settings["heads"], self.settings["compression"]
        self.key_layers = nn.Parameter(torch.ones(frames.layers))
        self.value_layers = nn.Parameter(torch.ones(frames.layers))
        self.keys = nn.Linear(frames.width, width)
        self.values = nn.Linear(frames.width, width)
        self.heads = nn.Linear(width, heads)
        self.dim = self.settings["size"]
        self.out = nn.Linear(heads * width, self.dim)

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, (batch, size), of frames (batch, layers, frames, width)."""
        keys = self.keys(_sum_of(frames, self.key_layers))
        values = self.values(_sum_of(frames, self.value_layers))
        shares = self.heads(keys).softmax(dim=1)
        found = torch.einsum("bth,btc->bhc", shares, values)
        return self.out(found.flatten(1))


def _sum_of(frames: Tensor, weights: Tensor) -> Tensor:
    return torch.einsum("l,bltw->btw", weights.softmax(dim=0).to(frames.dtype), frames)
