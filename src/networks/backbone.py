"""A trained network as a backbone, whose vectors its output layer scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.networks.settings import NETWORK
from src.networks.trained import TrainedNetwork


class NetworkBackbone:
    """Computes the vectors that the output layer scores (see `Backbone`).

    Parameters
    ----------
    trained : TrainedNetwork
        A trained network.
    """

    batch_seconds = 60.0

    def __init__(self, trained: TrainedNetwork) -> None:
        self._trained = trained
        self.name = trained.settings.front_end
        self.sample_rate = trained.network.front_end.sample_rate

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether `embed` computes on a GPU."""
        return self._trained.device.type != "cpu"

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are, but for the weights, as JSON values."""
        return input_of(self._trained) | {NETWORK: self._trained.settings.describe()}

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the windows of a float32 waveform, shape (windows, samples)."""
        return self._trained.prepare(waveform)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Embed prepared clips: float32, shape (clips, 1, 1, dim)."""
        return self._trained.vectors(prepared)[:, None, None]


def input_of(trained: TrainedNetwork) -> dict[str, Any]:
    """Return what a run of a network says in place of a backbone, as JSON values.

    Parameters
    ----------
    trained : TrainedNetwork
        The network.
    """
    network, front = trained.network, trained.settings.front
    named: dict[str, Any] = {
        name: front[name] for name in ("checkpoint", "revision") if name in front
    }
    return {
        "name": trained.settings.front_end,
        **named,
        "sample_rate": network.front_end.sample_rate,
        "layers": 1,
        "stats": ["mean"],
        "stats_count": 1,
        "dim": network.back_end.dim,
    }
