"""The baseline's network as a backbone, for those who judge by vectors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.models.yamnet.model import YamnetClassifier
from src.utils.audio.log_mel import VERSION, compute_blocks
from src.utils.config import LOG_MEL, SAMPLE_RATE
from src.utils.dataset.patches import DTYPE, join_blocks

INPUT = {"name": LOG_MEL, "version": VERSION, "sample_rate": SAMPLE_RATE}
"""What the settings of a run tell in place of a backbone."""


class YamnetBackbone:
    """Turns waveforms into the vectors that the last layer scores (see `Backbone`).

    Parameters
    ----------
    model : YamnetClassifier
    """

    name = LOG_MEL
    sample_rate = SAMPLE_RATE
    batch_seconds = 60.0

    def __init__(self, model: YamnetClassifier) -> None:
        self._model = model

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether `embed` computes on a GPU."""
        return self._model.device.type == "cuda"

    def describe(self) -> dict[str, Any]:
        """Return what the vectors are of, as JSON values."""
        dim = self._model.network.classifier.in_features
        return INPUT | {"layers": 1, "stats": ["mean"], "stats_count": 1, "dim": dim}

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the blocks of a float32 waveform, rounded as those kept on disk are."""
        return compute_blocks(waveform).astype(DTYPE)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Return float32 of shape (clips, 1, 1, dim), each clip computed by itself."""
        vectors = [self._model.vector(join_blocks(blocks)) for blocks in prepared]
        return np.stack(vectors)[:, None, None]
