"""The baseline's network as a backbone: the embedding is the input of its last layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.models.yamnet.model import YamnetClassifier
from src.utils.audio.log_mel import VERSION, compute_blocks
from src.utils.config import LOG_MEL, SAMPLE_RATE
from src.utils.dataset.patches import DTYPE, join_blocks

INPUT = {"name": LOG_MEL, "version": VERSION, "sample_rate": SAMPLE_RATE}
"""The input representation, as a run's settings keep it in place of a backbone."""


class YamnetBackbone:
    """Computes the vectors that the last layer scores (see `Backbone`).

    Parameters
    ----------
    model : YamnetClassifier
        A trained model.
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
        """Return the description of the vectors as JSON values."""
        dim = self._model.network.classifier.in_features
        return INPUT | {"layers": 1, "stats": ["mean"], "stats_count": 1, "dim": dim}

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the log-mel blocks of a float32 waveform, rounded as those kept on disk."""
        return compute_blocks(waveform).astype(DTYPE)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Embed prepared clips one by one: float32, shape (clips, 1, 1, dim)."""
        vectors = [self._model.vector(join_blocks(blocks)) for blocks in prepared]
        return np.stack(vectors)[:, None, None]
