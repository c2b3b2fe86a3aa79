"""What front ends of spectra share: they have settings and no weights, and compute in float32."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from src.networks.front_ends.front_end import FrameShape, FrontEnd, Kind
from src.networks.part_settings import complete
from src.utils.config import SAMPLE_RATE
from src.utils.errors import ArgumentError


class SpectralFrontEnd(FrontEnd):
    """Spectra or cepstra of a batch of windows, on the device that the batch is on.

    They are differentiable, and not normalised: neither the light CNN of Wang & Yamagishi (2021)
    nor YAMNet is given normalised ones.

    Parameters
    ----------
    settings : mapping
        In place of `defaults`.

    Raises
    ------
    ArgumentError
        For an unknown setting, or a value that cannot be.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        flag = f"--front-end={self.name}"
        self.settings = complete(flag, self.defaults, settings)
        lowest, highest = self.settings.get("lowest_hz", 0), self.settings["highest_hz"]
        if not lowest < highest <= SAMPLE_RATE // 2:
            raise ArgumentError(
                f"{flag}: highest_hz={highest} is not above {lowest} and at most "
                f"{SAMPLE_RATE // 2} Hz"
            )
        self.shape = FrameShape(Kind.SPECTRAL, 1, self.width())

    @classmethod
    def make(cls, settings: Mapping[str, Any]) -> Self:
        """Make it from its settings (see `FrontEnd.make`)."""
        return cls(settings)

    def describe(self) -> dict[str, Any]:
        """Return its settings."""
        return dict(self.settings)

    @abstractmethod
    def width(self) -> int:
        """Return the numbers of a frame."""

    @abstractmethod
    def frames_of(self, windows: Tensor) -> Tensor:
        """Return frames, float32 of shape (batch, frames, width), of windows (batch, samples)."""

    def forward(self, windows: Tensor) -> Tensor:
        """Return frames, shape (batch, 1, frames, width), of windows (batch, samples)."""
        # In bfloat16 the products of an autocast would tell a voice's level by 0.4 %.
        with torch.autocast(windows.device.type, enabled=False):
            return self.frames_of(windows.float())[:, None]


def cut_frames(windows: Tensor, length: int, hop: int) -> Tensor:
    """Return the whole frames of windows, (batch, frames, length).

    Parameters
    ----------
    windows : torch.Tensor
        Shape (batch, samples); shorter ones than a frame are filled up with zeros.
    length, hop : int
        Samples of a frame, and from one to the next.
    """
    return pad(windows, (0, max(0, length - windows.shape[1]))).unfold(1, length, hop)
