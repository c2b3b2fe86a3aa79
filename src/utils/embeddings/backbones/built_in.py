"""What backbones share that are computed by what is written down here, without a checkpoint."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from src.utils.config import SAMPLE_RATE


class BuiltInBackbone(ABC):
    """A backbone of one layer, computed clip by clip on the CPU.

    Attributes
    ----------
    name : str
        A key of `presets.BACKBONES`.
    version : int
        Goes up whenever a vector changes, so that vectors of two kinds are never mixed.
    stats : tuple of str
        What is pooled over a clip.
    dim : int
        Numbers of each statistic.
    """

    sample_rate = SAMPLE_RATE
    batch_seconds = 600.0
    leaves_cpu_free = False

    name: str
    version: ClassVar[int]
    stats: ClassVar[tuple[str, ...]]
    dim: int

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        return {
            "name": self.name,
            "version": self.version,
            "sample_rate": self.sample_rate,
            "layers": 1,
            "stats": list(self.stats),
            "stats_count": len(self.stats),
            "dim": self.dim,
        }

    @abstractmethod
    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the vector of a clip, here rather than in `embed` so that threads share it.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (stats, dim).
        """

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Stack what `prepare` returned.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            One a clip, each of shape (stats, dim).

        Returns
        -------
        numpy.ndarray
            float32, shape (clips, 1, stats, dim).
        """
        return np.stack(prepared)[:, None].astype(np.float32)
