"""The residual encoder of AASIST, and the fixed band-pass filters before it."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, max_pool2d, selu


def sinc_filters(count: int, taps: int, sample_rate: int) -> Tensor:
    """Return windowed band-pass filters that are equally wide in mel, float32 (count, taps).

    Parameters
    ----------
    count : int
        How many, side by side from 0 Hz to half the rate.
    taps : int
        Of each; an odd number.
    sample_rate : int
        Hz.
    """
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    mels = torch.linspace(0, top, count + 1, dtype=torch.float64)
    edges = 700 * (10 ** (mels / 2595) - 1)
    time = torch.arange(-(taps // 2), taps // 2 + 1, dtype=torch.float64)
    # A low-pass filter up to each edge, and their differences.
    ratios = 2 * edges[:, None] / sample_rate
    low = ratios * torch.sinc(ratios * time)
    window = torch.hamming_window(taps, periodic=False, dtype=torch.float64)
    return ((low[1:] - low[:-1]) * window).float()


POOLED = 3
"""Filters and samples, and then frames, of which the greatest is kept."""


class FilterBank(nn.Module):
    """Magnitudes behind fixed sinc filters, pooled by three in frequency and in time.

    Parameters
    ----------
    count, taps
        See `sinc_filters`.
    sample_rate : int
        Hz.
    """

    filters: Tensor

    def __init__(self, count: int = 70, taps: int = 129, sample_rate: int = 16_000) -> None:
        super().__init__()
        filters = sinc_filters(count, taps, sample_rate)[:, None]
        # Computed anew wherever it is made, so that no file can hold others.
        self.register_buffer("filters", filters, persistent=False)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, windows: Tensor) -> Tensor:
        """Map windows (batch, samples) to (batch, 1, count // 3, frames)."""
        filtered = conv1d(windows[:, None], self.filters)
        return selu(self.norm(max_pool2d(filtered[:, None].abs(), POOLED)))


class ResidualBlock(nn.Module):
    """Two convolutions beside a way past them, and pooling in time.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    pooled : int
        Frames of which the greatest is kept; of 1, all are.
    """

    def __init__(self, n_in: int, n_out: int, pooled: int = POOLED) -> None:
        super().__init__()
        self.pooled = pooled
        self.first = nn.Conv2d(n_in, n_out, (2, 3), padding=(1, 1))
        self.norm = nn.BatchNorm2d(n_out)
        self.second = nn.Conv2d(n_out, n_out, (2, 3), padding=(0, 1))
        self.past = None if n_in == n_out else nn.Conv2d(n_in, n_out, (1, 3), padding=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map maps x (batch, n_in, bands, frames) to (batch, n_out, bands, frames // pooled)."""
        changed = self.second(selu(self.norm(self.first(x))))
        changed = changed + (x if self.past is None else self.past(x))
        return changed if self.pooled == 1 else max_pool2d(changed, (1, self.pooled))


class Encoder(nn.Sequential):
    """Residual blocks in a row.

    Parameters
    ----------
    channels : tuple of int
        What each block gives; the first is given one channel.
    pooled : int
        See `ResidualBlock`.
    """

    def __init__(self, channels: tuple[int, ...], pooled: int = POOLED) -> None:
        super().__init__(*(ResidualBlock(*both, pooled) for both in pairwise((1, *channels))))

    def blocks(self) -> Iterator[ResidualBlock]:
        """Yield its blocks, the first one first."""
        return cast(Iterator[ResidualBlock], iter(self))


def bias_of(convolution: nn.Conv2d) -> Tensor:
    """Return the bias of a convolution, which those of the encoder have.

    Parameters
    ----------
    convolution : torch.nn.Conv2d
        One of a block's.
    """
    assert convolution.bias is not None
    return convolution.bias


def running_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the running mean and variance of a normalisation, which those here have.

    Parameters
    ----------
    norm : torch.nn.BatchNorm2d
        One of a block's, or of the filters'.
    """
    assert norm.running_mean is not None and norm.running_var is not None
    return norm.running_mean, norm.running_var
