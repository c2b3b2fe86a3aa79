"""AASIST as a back end: an encoder, two graphs, and a master node of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import selu

from src.networks.back_ends.aasist.encoder import POOLED, Encoder, FilterBank
from src.networks.back_ends.aasist.fast import (
    encode_fast,
    filter_fast,
    is_fast,
    is_on_cpu,
    pool_filtered,
)
from src.networks.back_ends.aasist.fused import train_encoder
from src.networks.back_ends.aasist.graphs import (
    GraphAttention,
    GraphPool,
    HeterogeneousAttention,
)
from src.networks.back_ends.aasist.hidden import Projection, Readout
from src.networks.back_ends.back_end import BackEnd, repeated
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.errors import ArgumentError


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
    takes : Kind
        The frames it is for: of samples, filters make bands; hidden ones are projected to bands,
        and what the encoder makes of them is weighed by attention.
    """

    channels: tuple[int, ...]
    nodes: tuple[int, int]
    kept: tuple[float, float, float]
    bands: int = 23
    takes: Kind = Kind.WAVEFORM


VARIANTS = {
    "aasist": Variant((32, 32, 64, 64, 64, 64), (64, 32), (0.5, 0.7, 0.5)),
    "aasist-l": Variant((32, 32, 24, 24, 24, 24), (24, 32), (0.4, 0.5, 0.7)),
    "ssl": Variant(
        (32, 32, 64, 64, 64, 64), (64, 32), (0.5, 0.5, 0.5), bands=42, takes=Kind.HIDDEN
    ),
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
        master = self.master.expand(frames.shape[0], -1, -1)
        frames, bands, master = self.first(frames, bands, master)
        bands, frames = self.pool_bands(bands), self.pool_frames(frames)
        more_frames, more_bands, more_master = self.second(frames, bands, master)
        return frames + more_frames, bands + more_bands, master + more_master


class Aasist(BackEnd):
    """AASIST and AASIST-L, and AASIST on an encoder, with the quirks of the released networks.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. The variant goes with the frames; without one it is the first that does.
    """

    name = "aasist"
    description = "AASIST, a graph attention network over bands and frames"
    takes = (Kind.WAVEFORM, Kind.HIDDEN)
    defaults: ClassVar[dict[str, Any]] = {"variant": None}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {"variant": tuple(VARIANTS)}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        fitting = [name for name, each in VARIANTS.items() if each.takes == frames.kind]
        name = self.settings["variant"] or fitting[0]
        if name not in fitting:
            raise ArgumentError(
                f"--back-end={self.name}: the variant {name} takes no {frames.kind} frames; those "
                f"that do: {', '.join(fitting)}"
            )
        self.settings["variant"] = name
        variant = VARIANTS[name]
        channels, (size, out) = variant.channels[-1], variant.nodes
        if frames.kind == Kind.WAVEFORM:
            self.filter_bank = FilterBank()
            self.encoder = Encoder(variant.channels)
            # Of which one frame is left behind the poolings of the filters and of each block.
            taps = self.filter_bank.filters.shape[-1]
            self._least = taps - 1 + POOLED ** (1 + len(variant.channels))
        else:
            self.projection = Projection(frames.width, POOLED * variant.bands + 2)
            self.encoder = Encoder(variant.channels, pooled=1)
            self._least = 2 * POOLED
            self.readout = Readout(channels)
        self.band_places = nn.Parameter(torch.randn(1, variant.bands, channels))
        self.among_bands = GraphAttention(channels, size, _WARM)
        self.among_frames = GraphAttention(channels, size, _WARM)
        self.pool_bands = GraphPool(variant.kept[0], size)
        self.pool_frames = GraphPool(variant.kept[1], size)
        self.branches = nn.ModuleList(_Branch(variant) for _ in range(2))
        self.drop_in_branches, self.dropout = nn.Dropout(0.2), nn.Dropout(0.5)
        self.dim = 5 * out
        self._takes_samples = frames.kind == Kind.WAVEFORM

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, shape (batch, dim), of frames (batch, 1, frames, width).

        Frames that are samples have the shape (batch, 1, samples, 1).
        """
        bands, times = self._read(self._encode(frames))
        bands = self.pool_bands(self.among_bands(bands + self.band_places))
        times = self.pool_frames(self.among_frames(times))
        parts = zip(*(branch(times, bands) for branch in self.branches), strict=True)
        times, bands, master = (torch.maximum(*map(self.drop_in_branches, both)) for both in parts)
        told = [
            *(times.abs().amax(dim=1), times.mean(dim=1)),
            *(bands.abs().amax(dim=1), bands.mean(dim=1)),
            master[:, 0],
        ]
        return self.dropout(torch.cat(told, dim=1))

    def _encode(self, frames: Tensor) -> Tensor:
        """Return maps, shape (batch, channels, bands, frames)."""
        frames = repeated(frames, self._least)[:, 0]
        if (
            self.training
            and is_on_cpu(frames)
            and not (self._takes_samples and frames.requires_grad)
        ):
            return train_encoder(self.encoder, self._enter_training(frames)).permute(0, 3, 2, 1)
        if self.training or not is_fast(frames):
            return self.encoder(
                self.filter_bank(frames[..., 0]) if self._takes_samples else self.projection(frames)
            )
        if self._takes_samples:
            maps = filter_fast(self.filter_bank, frames[..., 0])
        else:
            maps = self.projection(frames).permute(0, 3, 2, 1).contiguous()
        return encode_fast(self.encoder, maps).permute(0, 3, 2, 1)

    def _enter_training(self, frames: Tensor) -> Tensor:
        """Return what the encoder is given in training, laid out by time."""
        if not self._takes_samples:
            return self.projection(frames).permute(0, 3, 2, 1).contiguous()
        with torch.no_grad():
            pooled = pool_filtered(self.filter_bank, frames[..., 0])
        return selu(self.filter_bank.norm(pooled.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)

    def _read(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return nodes of bands and of frames, both (batch, nodes, channels)."""
        if self._takes_samples:
            maps = maps.abs()
            bands, times = (maps.amax(dim=dim).transpose(1, 2) for dim in (3, 2))
        else:
            bands, times = self.readout(maps)
        # Dropout draws in the order of the memory, which differs between ways to compute the maps.
        return bands.contiguous(), times.contiguous()
