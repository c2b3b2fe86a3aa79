"""The descriptor in the shape of a backbone: one layer of one statistic."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.utils.embeddings.backbones.acoustic.descriptor import (
    SAMPLE_RATE,
    VERSION,
    AcousticDescriptor,
)


class AcousticBackbone:
    """Linear-frequency cepstra and their company, as one layer of one statistic."""

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
        """Compute the descriptor, here rather than in `embed` so that threads share it."""
        return self._descriptor(waveform)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Stack the descriptors to float32 of shape (clips, 1, 1, dim)."""
        return np.stack(prepared)[:, None, None, :].astype(np.float32)
