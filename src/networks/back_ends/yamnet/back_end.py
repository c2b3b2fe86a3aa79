"""YAMNet as a back end: patches of frames, each by one convolutional network."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from src.networks.back_ends.back_end import BackEnd
from src.networks.back_ends.yamnet.network import YamNet
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.audio.log_mel import BLOCK_FRAMES, PATCH_FRAMES
from src.utils.errors import ArgumentError

_WIDEST = 4.0
"""Width multiplier of the widest network; the published ones have 1."""


class Yamnet(BackEnd):
    """YAMNet without its last layer, on patches of 0.96 s, one every 0.48 s, averaged.

    Since the output layer is linear, the score of a window is the mean of its patches' scores.

    Parameters
    ----------
    frames, settings
        See `BackEnd`. `width` multiplies the number of channels; a narrow network trains fast and
        detects worse. The published weights are for log-mel spectra of 64 bands.
    """

    name = "yamnet"
    description = "YAMNet, a convolutional network on patches of 0.96 s"
    takes = (Kind.SPECTRAL,)
    defaults: ClassVar[dict[str, Any]] = {"width": 1.0}

    def __init__(self, frames: FrameShape, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(frames, settings)
        if self.settings["width"] > _WIDEST:
            raise ArgumentError(f"--back-end={self.name}: width={self.settings['width']} > 4")
        self.network = YamNet(None, self.settings["width"])
        for value in self.network.parameters():
            if value.ndim == 4:
                # So that what 27 layers hand on is neither lost nor grows (He et al. 2015).
                nn.init.kaiming_normal_(value, nonlinearity="relu")
                # Twice as fast on a CPU as with the channels first.
                value.data = value.data.contiguous(memory_format=torch.channels_last)
        self.dim = self.network.n_features

    def forward(self, frames: Tensor) -> Tensor:
        """Return vectors, shape (batch, 1024 * width), of frames (batch, 1, frames, bands)."""
        patches = cut_patches(frames[:, 0])
        found: Tensor = self.network.features(patches.flatten(0, 1))
        return found.unflatten(0, patches.shape[:2]).mean(dim=1)


def cut_patches(frames: Tensor) -> Tensor:
    """Return patches of frames, (batch, patches, 96, bands), half of each shared with the next.

    The last one ends with the last frame, so that every frame counts; fewer than a patch has are
    repeated.

    Parameters
    ----------
    frames : torch.Tensor
        Spectra, shape (batch, frames, bands).
    """
    if frames.shape[1] < PATCH_FRAMES:
        frames = frames[:, torch.arange(PATCH_FRAMES) % frames.shape[1]]
    patches = frames.unfold(1, PATCH_FRAMES, BLOCK_FRAMES).transpose(2, 3)
    if (frames.shape[1] - PATCH_FRAMES) % BLOCK_FRAMES:
        patches = torch.cat([patches, frames[:, None, -PATCH_FRAMES:]], dim=1)
    return patches
