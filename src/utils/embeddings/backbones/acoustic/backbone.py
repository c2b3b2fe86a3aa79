"""The handcrafted acoustic descriptor in the shape of a backbone: one layer of one statistic."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.utils.embeddings.backbones.acoustic.descriptor import (
    SAMPLE_RATE,
    VERSION,
    AcousticDescriptor,
)


class AcousticBackbone:
    """A handcrafted acoustic descriptor of each clip, as one layer of one statistic.

    It holds LFCC dynamics, band texture, the modulation spectrum, statistics of the
    linear-prediction residual, and comb lines (see `AcousticDescriptor`).
    """

    name = "acoustic"
    sample_rate = SAMPLE_RATE
    batch_seconds = 600.0
    leaves_cpu_free = False

    def __init__(self) -> None:
        self._descriptor = AcousticDescriptor()

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        return {
            "name": self.name,
            "version": VERSION,
            "sample_rate": SAMPLE_RATE,
            "layers": 1,
            "stats": ["descriptor"],
            "stats_count": 1,
            "dim": self._descriptor.dim,
        }

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the descriptor, here rather than in `embed` so that threads share it.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (dim,).
        """
        return self._descriptor(waveform)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Stack what `prepare` returned.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            One a clip, each of shape (dim,).

        Returns
        -------
        numpy.ndarray
            float32, shape (clips, 1, 1, dim).
        """
        return np.stack(prepared)[:, None, None, :].astype(np.float32)
