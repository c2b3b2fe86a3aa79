"""AASIST as a back end: an encoder, two graphs, and a master node of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.aasist.encoder import Encoder, FilterBank
from src.networks.back_ends.aasist.fast import encode_fast, filter_fast, is_fast, threads_of_one
from src.networks.back_ends.aasist.graphs import (
    GraphAttention,
    GraphPool,
    HeterogeneousAttention,
)
from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind


@dataclass(frozen=True)
class Variant:
    """The sizes of a published network.

    Attributes
    ----------
    channels : tuple of int
        Of the residual blocks.
    nodes : (int, int)
        Numbers of a node behind the first graph attention, and behind the heterogeneous ones.
    kept : (float, float, float)
        The share of the nodes that pooling keeps: of bands, of frames, and behind the
        heterogeneous attention.
    bands : int
        Bands that the encoder gives.
    """

    channels: tuple[int, ...]
    nodes: tuple[int, int]
    kept: tuple[float, float, float]
    bands: int = 23


VARIANTS = {
    "aasist": Variant((32, 32, 64, 64, 64, 64), (64, 32), (0.5, 0.7, 0.5)),
    "aasist-l": Variant((32, 32, 24, 24, 24, 24), (24, 32), (0.4, 0.5, 0.7)),
}

_WARM, _HOT = 2.0, 100.0
"""Temperatures of the attention within a graph, and between the two."""


class _Branch(nn.Module):
    """Two heterogeneous attentions with pooling between them, and a master node."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        size, out = variant.nodes
        self.master = nn.Parameter(torch.randn(1, 1, size))
        self.first = HeterogeneousAttention(size, out, _HOT)
        self.second = HeterogeneousAttention(out, out, _HOT)
        self.pool_bands = GraphPool(variant.kept[2], out)
        self.pool_frames = GraphPool(variant.kept[2], out)

    def forward(self, frames: Tensor, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map the nodes of both graphs to fewer ones, and the master node."""
        master = self.master.expand(len(frames), -1, -1)
        frames, bands, master = self.first(frames, bands, master)
        bands, frames = self.pool_bands(bands), self.pool_frames(frames)
        more_frames, more_bands, more_master = self.second(frames, bands, master)
        return frames + more_frames, bands + more_bands, master + more_master


class Aasist(BackEnd):
    """AASIST and AASIST-L, with the quirks of the released networks.

    Parameters
    ----------
    frames, settings
        See `BackEnd`.
    """

    name = "aasist"
    description = "AASIST, a graph attention network over bands and frames"
    takes = (Kind.WAVEFORM,)
    defaults: ClassVar[dict[str, Any]] = {"variant": "aasist"}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {"variant": tuple(VARIANTS)}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        variant = VARIANTS[self.settings["variant"]]
        channels, (size, out) = variant.channels[-1], variant.nodes
        self.filter_bank = FilterBank()
        self.encoder = Encoder(variant.channels)
        self.band_places = nn.Parameter(torch.randn(1, variant.bands, channels))
        self.among_bands = GraphAttention(channels, size, _WARM)
        self.among_frames = GraphAttention(channels, size, _WARM)
        self.pool_bands = GraphPool(variant.kept[0], size)
        self.pool_frames = GraphPool(variant.kept[1], size)
        self.branches = nn.ModuleList(_Branch(variant) for _ in range(2))
        self.drop_in_branches, self.dropout = nn.Dropout(0.2), nn.Dropout(0.5)
        self.dim = 5 * out

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, shape (batch, 160), of frames that are samples (batch, 1, samples, 1)."""
        windows = frames[:, 0, :, 0]
        if not self.training and is_fast(frames):
            with threads_of_one() as each:
                maps = filter_fast(self.filter_bank, windows, each)
                maps = encode_fast(self.encoder, maps, each)
            maps = maps.permute(0, 3, 2, 1).abs()
        else:
            maps = self.encoder(self.filter_bank(windows)).abs()
        bands = self.among_bands(maps.amax(dim=3).transpose(1, 2) + self.band_places)
        times = self.among_frames(maps.amax(dim=2).transpose(1, 2))
        bands, times = self.pool_bands(bands), self.pool_frames(times)
        parts = zip(*(branch(times, bands) for branch in self.branches), strict=True)
        times, bands, master = (torch.maximum(*map(self.drop_in_branches, both)) for both in parts)
        told = [
            *(times.abs().amax(dim=1), times.mean(dim=1)),
            *(bands.abs().amax(dim=1), bands.mean(dim=1)),
            master[:, 0],
        ]
        return self.dropout(torch.cat(told, dim=1))
