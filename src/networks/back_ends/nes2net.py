"""Nes2Net and Nes2Net-X: Res2Nets nested in a Res2Net, on all numbers of a frame."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.errors import ArgumentError

_TAPS = 3


class _Gate(nn.Module):
    """Squeeze and excitation: channels are weighted by what their means over time say."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv1d(channels, max(channels // reduction, 1), 1)
        self.excite = nn.Conv1d(max(channels // reduction, 1), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Weight the channels of x (batch, channels, frames)."""
        means = x.mean(dim=2, keepdim=True)
        return x * torch.sigmoid(self.excite(torch.relu(self.squeeze(means))))


class _Inner(nn.Module):
    """A Res2Net block: what the convolution of one group gives is added to the next group."""

    def __init__(self, channels: int, groups: int, dilation: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, _TAPS, padding=dilation, dilation=dilation)
            for _ in range(groups - 1)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in range(groups - 1))

    def forward(self, groups: tuple[Tensor, ...]) -> Tensor:
        """Map groups (batch, channels, frames) to one tensor of all their channels."""
        found: list[Tensor] = []
        for part, convolve, norm in zip(groups, self.convolutions, self.norms, strict=False):
            given = part + found[-1] if found else part
            found.append(norm(torch.relu(convolve(given))))
        return torch.cat([*found, groups[-1]], dim=1)


class _InnerX(nn.Module):
    """As `_Inner`, but groups are set side by side, and summed by learned weights at the end."""

    def __init__(self, channels: int, groups: int, dilation: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, (_TAPS, 1), padding=(dilation, 0), dilation=(dilation, 1))
            for _ in range(groups - 1)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(groups - 1))
        self.sums = nn.ParameterList(
            torch.full((1, 1, 1, count), 1 / count) for count in range(2, groups + 1)
        )

    def forward(self, groups: tuple[Tensor, ...]) -> Tensor:
        """Map groups (batch, channels, frames) to one tensor of all their channels."""
        found, beside = [], groups[-1].unsqueeze(-1)
        layers = zip(groups, self.convolutions, self.norms, self.sums, strict=False)
        for part, convolve, norm, weights in layers:
            beside = torch.cat([beside, part.unsqueeze(-1)], dim=-1)
            beside = norm(torch.relu(convolve(beside)))
            found.append((beside * weights).sum(dim=-1))
        return torch.cat([*found, groups[-1]], dim=1)


_INNER: dict[str, type[_Inner] | type[_InnerX]] = {"nes2net": _Inner, "nes2net-x": _InnerX}


class _Block(nn.Module):
    """A nested block, with a way past it."""

    def __init__(self, channels: int, settings: Mapping[str, Any]) -> None:
        super().__init__()
        groups = settings["inner_groups"]
        self._width = channels // groups
        inside = self._width * groups
        self.enter = nn.Conv1d(channels, inside, 1)
        self.enter_norm = nn.BatchNorm1d(inside)
        self.inner = _INNER[settings["variant"]](self._width, groups, settings["dilation"])
        self.leave = nn.Conv1d(inside, channels, 1)
        self.leave_norm = nn.BatchNorm1d(channels)
        self.gate = _Gate(channels, settings["reduction"])

    def forward(self, x: Tensor) -> Tensor:
        """Map x (batch, channels, frames) to the same shape."""
        inside = self.enter_norm(torch.relu(self.enter(x)))
        inside = self.inner(inside.split(self._width, dim=1))
        return x + self.gate(self.leave_norm(torch.relu(self.leave(inside))))


class Nes2Net(BackEnd):
    """Nes2Net and Nes2Net-X, which bring no frame to fewer numbers before they look at it.

    Liu et al. (2025), "Nes2Net: a lightweight nested architecture for foundation model driven
    speech anti-spoofing" (IEEE TIFS). The numbers of a frame are dealt to groups; each
    but the last goes, with what the one before gave, through a Res2Net block with groups of its
    own. The mean over frames is the vector.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `variant` is `nes2net-x` or `nes2net`; `groups` and `inner_groups` are the
        outer and inner scales, `reduction` is of squeeze and excitation. The defaults are those of
        the networks released for ASVspoof; those for singing voices have `dilation` 1.
    """

    name = "nes2net"
    description = "Nes2Net, Res2Nets nested in a Res2Net"
    takes = (Kind.HIDDEN,)
    defaults: ClassVar[dict[str, Any]] = {
        "variant": "nes2net-x",
        "groups": 8,
        "inner_groups": 8,
        "dilation": 2,
        "reduction": 1,
    }
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {"variant": tuple(reversed(_INNER))}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        groups, inner = self.settings["groups"], self.settings["inner_groups"]
        if min(groups, inner) < 2 or frames.width % groups or frames.width // groups < inner:
            raise ArgumentError(
                f"--back-end={self.name}: frames of {frames.width} numbers cannot be dealt to "
                f"{groups} groups of {inner} each"
            )
        self._width = frames.width // groups
        self.blocks = nn.ModuleList(_Block(self._width, self.settings) for _ in range(groups - 1))
        self.norms = nn.ModuleList(nn.BatchNorm1d(self._width) for _ in range(groups - 1))
        self.norm = nn.BatchNorm1d(frames.width)
        self.dim = frames.width

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, (batch, width), of frames (batch, 1, frames, width)."""
        groups = frames[:, 0].transpose(1, 2).split(self._width, dim=1)
        found: list[Tensor] = []
        for part, block, norm in zip(groups, self.blocks, self.norms, strict=False):
            given = part + found[-1] if found else part
            found.append(norm(torch.relu(block(given))))
        return torch.relu(self.norm(torch.cat([*found, groups[-1]], dim=1))).mean(dim=2)
