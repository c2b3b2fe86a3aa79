"""The plainest back end: the mean of the frames."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends.front_end import FrameShape, Kind


class Linear(BackEnd):
    """The mean of the frames, which the output layer scores by a linear function.

    Parameters
    ----------
    frames, settings
        See `BackEnd`.
    """

    name = "linear"
    description = "a linear layer on the mean of the frames"
    takes = (Kind.SPECTRAL, Kind.HIDDEN)

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        self.dim = frames.width

    def forward(self, frames: Tensor) -> Tensor:
        """Return the mean frame, shape (batch, width), of frames (batch, 1, frames, width)."""
        return frames[:, 0].mean(dim=1)
