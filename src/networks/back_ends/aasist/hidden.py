"""AASIST on the hidden frames of an encoder: the way into the residual blocks, and out of them.

After Tak et al. 2022, "Automatic speaker verification spoofing and deepfake detection using
wav2vec 2.0 and data augmentation" (Odyssey), section 3.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, selu

from src.networks.back_ends.aasist.encoder import POOLED


class Projection(nn.Module):
    """Projects frames to fewer numbers, pools by three in both directions, and normalises.

    Parameters
    ----------
    width : int
        Numbers of a frame.
    size : int
        Numbers that it is projected to; a third of them are bands then.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, size)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, frames: Tensor) -> Tensor:
        """Map frames (batch, frames, width) to (batch, 1, size // 3, frames // 3)."""
        projected = self.layer(frames).transpose(1, 2)[:, None]
        return selu(self.norm(max_pool2d(projected, POOLED)))


class Readout(nn.Module):
    """Sums of maps over frames and over bands, weighed by attention, each channel by its own.

    Parameters
    ----------
    channels : int
        Of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.wide_norm = nn.BatchNorm2d(2 * channels)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Map (batch, channels, bands, frames) to nodes of bands and nodes of frames."""
        maps = selu(self.norm(maps))
        weights = self.narrow(self.wide_norm(selu(self.widen(maps))))
        of_bands, of_frames = (
            torch.sum(maps * weights.softmax(dim=dim), dim=dim).transpose(1, 2) for dim in (3, 2)
        )
        return of_bands, of_frames
