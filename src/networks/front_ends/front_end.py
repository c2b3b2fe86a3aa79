"""What every front end is: waveforms in, frames out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from src.utils.config import SAMPLE_RATE
from src.utils.errors import ArgumentError


class Kind(StrEnum):
    """What the frames of a front end are, by which a back end says what it takes."""

    WAVEFORM = "waveform"
    """Samples as they are, one number a frame."""
    SPECTRAL = "spectral"
    """Spectra or cepstra: neighbouring numbers of a frame are neighbours in frequency."""
    HIDDEN = "hidden"
    """Hidden layers of a pretrained encoder."""


@dataclass(frozen=True)
class FrameShape:
    """The shape of the frames that a back end is given.

    Attributes
    ----------
    kind : Kind
        What they are.
    layers : int
        How many layers; 1 but for a pretrained encoder of which all are taken.
    width : int
        Numbers of a frame in a layer.
    """

    kind: Kind
    layers: int
    width: int


class FrontEnd(nn.Module, ABC):
    """Turns windows of a waveform into frames.

    Attributes
    ----------
    name : str
        A name of `FRONT_ENDS`.
    description : str
        What it is, in a few words with their article; a model card says it.
    defaults : dict
        Its own settings, names and values, of one that has no checkpoint.
    sample_rate : int
        Hz; what it takes.
    shape : FrameShape
        Of the frames that it gives.
    is_pretrained : bool
        Whether it begins with the weights of a checkpoint.
    first_layer : int
        The number of the first layer that it gives.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    is_pretrained: ClassVar[bool] = False
    defaults: ClassVar[dict[str, Any]] = {}
    sample_rate: int = SAMPLE_RATE
    shape: FrameShape
    first_layer: int = 0

    @classmethod
    @abstractmethod
    def make(cls, settings: Mapping[str, Any]) -> Self:
        """Make it from what `describe` said.

        Parameters
        ----------
        settings : mapping
            JSON values.

        Raises
        ------
        AudiosError
            When they fit none, or what they name cannot be loaded.
        """

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        """Make it for the weights of a run, which take the place of all that it keeps.

        Parameters
        ----------
        settings : mapping
            What `describe` said.

        Raises
        ------
        AudiosError
            As `make` does.
        """
        return cls.make(settings)

    @classmethod
    def moved(cls, settings: Mapping[str, Any], checkpoint: str) -> dict[str, Any]:
        """Return settings whose checkpoint lies elsewhere now.

        Parameters
        ----------
        settings : mapping
            What `describe` said.
        checkpoint : str
            A hub id or a folder.

        Raises
        ------
        ArgumentError
            When it loads none.
        """
        raise ArgumentError(f"--checkpoint={checkpoint}: the front end {cls.name} loads none")

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what makes it what it is, as JSON values, but for weights that are trained."""

    @abstractmethod
    def forward(self, windows: Tensor) -> Tensor:
        """Return frames, shape (batch, layers, frames, width).

        Parameters
        ----------
        windows : torch.Tensor
            float32, shape (batch, samples).
        """

    def from_elsewhere(self) -> frozenset[str]:
        """Return the names of its parameters and buffers that a run need not keep.

        They are not trained, and `make` loads them from the checkpoint that `describe` names.
        """
        return frozenset()
