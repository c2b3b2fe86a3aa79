"""The light CNN: convolutions whose channels compete, and recurrent layers over their frames."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.back_end import BackEnd, repeated
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.errors import ArgumentError

_SHRINKS = 16
"""Four poolings by two, in frequency and in time."""

_CHANNELS = 32
"""Of the last convolution, after its channels competed."""


class MaxFeatureMap(nn.Module):
    """Keeps the higher of two channels, one of each half (Wu et al. 2018)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map x (batch, 2 n, frames, bands) to (batch, n, frames, bands)."""
        one, other = x.chunk(2, dim=1)
        # Not `maximum`: its gradient, which halves at ties, took half of a training's time.
        return torch.where(one >= other, one, other)


def _convolve(n_in: int, n_out: int, taps: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, 2 * n_out, taps, padding=taps // 2), MaxFeatureMap()]


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, affine=False)


class Lcnn(BackEnd):
    """The light CNN with two bidirectional LSTMs and a way past them, averaged over frames.

    Lavrentyeva et al. (2019), "STC antispoofing systems for the ASVspoof2019 challenge"
    (Interspeech), with the last layers of Wang & Yamagishi (2021), "A comparative study on recent
    neural spoofing countermeasures for synthetic speech detection" (Interspeech): LCNN-LSTM-sum,
    which takes frames of any number. On LFCC it is a baseline of ASVspoof 2021.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `embedding` is the size of a linear layer behind the average, which Wang &
        Yamagishi have (64) before losses of angles; 0 for none, as in ASVspoof 2021.
    """

    name = "lcnn"
    description = "a light CNN (LCNN) with bidirectional LSTMs"
    takes = (Kind.SPECTRAL,)
    defaults: ClassVar[dict[str, Any]] = {"embedding": 0}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        if frames.width < _SHRINKS:
            raise ArgumentError(
                f"--back-end={self.name} takes frames of {_SHRINKS} numbers and more, and the "
                f"front end gives {frames.width}"
            )
        self.convolutions = nn.Sequential(
            *_convolve(1, 32, 5),
            nn.MaxPool2d(2),
            *(*_convolve(32, 32, 1), _norm(32), *_convolve(32, 48, 3)),
            *(nn.MaxPool2d(2), _norm(48)),
            *(*_convolve(48, 48, 1), _norm(48), *_convolve(48, 64, 3)),
            nn.MaxPool2d(2),
            *(*_convolve(64, 64, 1), _norm(64), *_convolve(64, 32, 3), _norm(32)),
            *(*_convolve(32, 32, 1), _norm(32), *_convolve(32, _CHANNELS, 3)),
            nn.MaxPool2d(2),
            nn.Dropout(0.7),
        )
        width = frames.width // _SHRINKS * _CHANNELS
        self.recurrent = nn.LSTM(
            width, width // 2, num_layers=2, bidirectional=True, batch_first=True
        )
        embedding = self.settings["embedding"]
        self.embedding = nn.Linear(width, embedding) if embedding else nn.Identity()
        self.dim = embedding or width

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, (batch, dim), of frames (batch, 1, frames, width)."""
        frames = repeated(frames, _SHRINKS)
        # With the channels last in memory, in which a training is a third faster on a CPU.
        maps = self.convolutions(frames[:, 0, :, :, None].permute(0, 3, 1, 2))
        steps = maps.transpose(1, 2).flatten(2)
        return self.embedding((self.recurrent(steps)[0] + steps).mean(dim=1))
