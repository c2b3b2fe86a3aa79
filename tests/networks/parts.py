"""Small parts of networks: a front end of each kind of frames, and whole networks of them."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends.front_end import FrameShape, FrontEnd, Kind
from src.networks.front_ends.log_mel import LogMel
from src.networks.front_ends.raw import Raw
from src.networks.heads import LinearHead
from src.networks.network import LayerChoice, Network
from src.networks.settings import LAST
from tests.networks.small import small_back_end

WIDTH, LAYERS = 16, 3


class Encoder(FrontEnd):
    """Hidden layers of something that is trained: convolutions, one on top of the other."""

    name = "encoder"
    description = "a small encoder"

    def __init__(self) -> None:
        super().__init__()
        self.shape = FrameShape(Kind.HIDDEN, LAYERS, WIDTH)
        self.first = nn.Conv1d(1, WIDTH, 320, stride=160)
        self.more = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, padding=1) for _ in range(LAYERS - 1))

    @classmethod
    def make(cls, settings: Mapping[str, Any]) -> Self:
        return cls()

    def describe(self) -> dict[str, Any]:
        return {}

    def forward(self, windows: Tensor) -> Tensor:
        layers = [torch.tanh(5 * self.first(windows[:, None]))]
        for convolution in self.more:
            layers.append(torch.tanh(convolution(layers[-1])))
        return torch.stack(layers, dim=1).transpose(2, 3)


FRONT_ENDS: dict[Kind, Callable[[], FrontEnd]] = {
    Kind.WAVEFORM: Raw,
    Kind.SPECTRAL: lambda: LogMel({"bands": WIDTH}),
    Kind.HIDDEN: Encoder,
}
"""One that gives frames of each kind."""


def make_network(back_end: str, kind: Kind, seed: int = 0, **settings: Any) -> Network:
    """Make a small network with a back end, on frames of a kind that it takes."""
    torch.manual_seed(seed)
    front, back_class = FRONT_ENDS[kind](), BACK_ENDS.load(back_end)
    layers, shape = None, front.shape
    if not back_class.takes_layers:
        layers = LayerChoice(shape.layers, LAST)
        shape = FrameShape(shape.kind, 1, shape.width)
    back = back_class(shape, small_back_end(back_end).settings | settings)
    return Network(front, layers, back, LinearHead(back.dim))


def make_windows(voice: Callable[..., np.ndarray], count: int, seconds: float = 0.3) -> Tensor:
    """Return windows of as many voices, float32 of shape (count, samples)."""
    return torch.from_numpy(np.stack([voice(seconds, seed=seed) for seed in range(count)]))
