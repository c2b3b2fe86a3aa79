"""Beginning a training with published weights of YAMNet."""

from dataclasses import dataclass

import numpy as np
import torch

from src.networks.back_ends.yamnet.back_end import Yamnet, cut_patches
from src.networks.back_ends.yamnet.network import YamNet
from src.networks.back_ends.yamnet.weights import Weights
from src.networks.examples import Crops
from src.networks.learner import WINDOWS
from src.networks.network import Network
from src.utils.errors import ArgumentError

_UNFOLDED_BY = 40
"""Windows by which batch norms are unfolded (see `YamNet.unfold`); each has several patches."""


@dataclass(frozen=True)
class YamnetStart:
    """Published weights that a network's back end begins with (see `Pretrained`).

    Attributes
    ----------
    weights : Weights
        As they were read.
    """

    weights: Weights

    def describe(self) -> dict[str, str]:
        """Return name and checksum of the file, for a run's settings."""
        return self.weights.describe()

    def begin(self, network: Network) -> None:
        """Put them into the back end of a network (see `Pretrained.begin`).

        Raises
        ------
        ArgumentError
            When it has another back end.
        CheckpointError
            As `Weights.fill` does.
        """
        self.weights.fill(_yamnet_of(network))

    def adapt(self, network: Network, crops: Crops) -> None:
        """Unfold batch norms that were folded away (see `Pretrained.adapt`)."""
        if not self.weights.is_folded:
            return
        order = np.random.default_rng(crops.seed).permutation(len(crops))[:_UNFOLDED_BY]
        found = (crops.example(0, number) for number in sorted(order.tolist()))
        windows = np.stack([one[WINDOWS] for one in found if one is not None])
        with torch.no_grad():
            frames = network.front_end(torch.from_numpy(windows))
            _yamnet_of(network).unfold(cut_patches(frames[:, 0]).flatten(0, 1))


def _yamnet_of(network: Network) -> YamNet:
    if not isinstance(network.back_end, Yamnet):
        raise ArgumentError("--weights goes with --back-end=yamnet")
    return network.back_end.network
