"""The front end that hands on samples, for back ends that filter them themselves."""

from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor

from src.networks.front_ends.front_end import FrameShape, FrontEnd, Kind


class Raw(FrontEnd):
    """Gives the samples themselves, one a frame."""

    name = "raw"
    description = "the raw waveform"
    shape = FrameShape(Kind.WAVEFORM, 1, 1)

    @classmethod
    def make(cls, settings: Mapping[str, Any]) -> Self:
        """Make it; there is nothing to set (see `FrontEnd.make`)."""
        return cls()

    def describe(self) -> dict[str, Any]:
        """Return nothing: there is nothing to set."""
        return {}

    def forward(self, windows: Tensor) -> Tensor:
        """Return samples, shape (batch, 1, samples, 1), of windows (batch, samples)."""
        return windows[:, None, :, None]
