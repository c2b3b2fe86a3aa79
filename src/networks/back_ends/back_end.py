"""What every back end is: frames in, one vector a window out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from src.networks.front_ends.front_end import FrameShape, Kind
from src.networks.part_settings import complete
from src.utils.errors import ArgumentError


class BackEnd(nn.Module, ABC):
    """Turns frames into one vector a window, which the output layer scores.

    Parameters
    ----------
    frames : FrameShape
        Of what it is given.
    settings : mapping, optional
        In place of `defaults`.

    Attributes
    ----------
    name : str
        A name of `BACK_ENDS`.
    description : str
        What it is, in a few words with their article; a model card says it.
    takes : tuple of Kind
        The kinds of frames it takes.
    takes_layers : bool
        Whether it takes all layers of an encoder; else it is given one, or their weighted sum.
    defaults : dict
        Its own settings: names and values.
    choices : dict
        The values that a setting may have, where they are few.
    dim : int
        Numbers of a vector.

    Raises
    ------
    ArgumentError
        For frames that it does not take, an unknown setting, or a value that cannot be.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    takes: ClassVar[tuple[Kind, ...]]
    takes_layers: ClassVar[bool] = False
    defaults: ClassVar[dict[str, Any]] = {}
    choices: ClassVar[dict[str, tuple[Any, ...]]] = {}
    dim: int

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if frames.kind not in self.takes:
            taken = " or ".join(self.takes)
            raise ArgumentError(
                f"--back-end={self.name} takes {taken} frames, and the front end gives "
                f"{frames.kind} ones"
            )
        flag = f"--back-end={self.name}"
        self.settings = complete(flag, self.defaults, settings, self.choices)

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, shape (batch, dim).

        Parameters
        ----------
        frames : torch.Tensor
            Shape (batch, layers, frames, width); of one layer unless `takes_layers`.
        """


def repeated(frames: Tensor, least: int) -> Tensor:
    """Return frames, over and over again where there are fewer than a back end takes.

    Parameters
    ----------
    frames : torch.Tensor
        Shape (batch, layers, frames, width).
    least : int
        How many frames it takes at least.
    """
    count = frames.shape[2]
    if count >= least:
        return frames
    return frames.repeat(1, 1, -(-least // count), 1)[:, :, :least]
