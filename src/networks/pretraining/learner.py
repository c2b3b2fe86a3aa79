"""What learners of pretraining have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from src.networks.trainer.learner import BACK, FRONT, Learner
from src.utils.embeddings.backbones.waveform import Geometry

WINDOWS, SAMPLES = "windows", "samples"
MASK, NEGATIVES, UNITS = "mask", "negatives", "units"


@dataclass(frozen=True)
class Examined:
    """What a batch of validation says.

    Attributes
    ----------
    loss : float
        Sum over masked frames, nats.
    correct : int
        Masked frames whose positive or unit is picked.
    frames : int
        How many are masked.
    uses : numpy.ndarray
        int64, shape (groups, codes): how often each code or unit is chosen.
    spread : float
        Of the encoder's frames, the share of their power that is not their mean; 0 where all are
        equal.
    """

    loss: float
    correct: int
    frames: int
    uses: np.ndarray
    spread: float


class PretrainingLearner(Learner):
    """An encoder with what it is pretrained by.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        Of the encoder.

    Attributes
    ----------
    name : str
        The backbone's.
    groups, codes : int
        Codebooks, and codes of each; for HuBERT one of all units.
    """

    name: ClassVar[str]
    groups: int
    codes: int

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @property
    @abstractmethod
    def encoder(self) -> nn.Module:
        """The encoder that is saved for those who embed with it."""

    @property
    @abstractmethod
    def saved(self) -> Any:
        """The model of transformers that the checkpoint holds."""

    @abstractmethod
    def examine(self, batch: Mapping[str, Tensor]) -> Examined:
        """Return how it does on a batch of validation.

        Parameters
        ----------
        batch : mapping of str to torch.Tensor
            See `Learner.forward`.
        """

    def parts(self) -> Mapping[str, list[nn.Parameter]]:
        """Return all parameters as one part: everything is trained at one rate."""
        return {FRONT: [], BACK: [one for one in self.parameters() if one.requires_grad]}


def heard_samples(batch: Mapping[str, Tensor]) -> Tensor:
    """Return the attention mask of a batch, int64 of shape (batch, samples): 1 before padding.

    Parameters
    ----------
    batch : mapping of str to torch.Tensor
        With windows (batch, samples) and how many samples of each are its recording's (batch,).
    """
    windows = batch[WINDOWS]
    places = torch.arange(windows.shape[1], device=windows.device)
    return (places < batch[SAMPLES][:, None]).long()


def heard_frames(batch: Mapping[str, Tensor], config: Any) -> Tensor:
    """Return which frames of a batch are not padding, bool of shape (batch, frames).

    Parameters
    ----------
    batch : mapping of str to torch.Tensor
        As for `heard_samples`, with a mask (batch, frames).
    config : transformers.PreTrainedConfig
        Of the encoder.
    """
    counts = Geometry.of(config).n_frames(batch[SAMPLES])
    places = torch.arange(batch[MASK].shape[1], device=counts.device)
    return places < counts[:, None]


def spread_of(frames: Tensor) -> float:
    """Return the share of the power of frames that is not that of their mean.

    Parameters
    ----------
    frames : torch.Tensor
        Shape (frames, width), at least one.
    """
    frames = frames.double()
    power = frames.square().mean()
    return float((frames - frames.mean(dim=0)).square().mean() / power) if power else 0.0
