"""A backbone of which a part of the output is taken, as a classifier was trained on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.utils.embeddings.backbones.backbone import Backbone
from src.utils.embeddings.selection import Selection


class SelectedBackbone:
    """Computes what a classifier takes: one vector a clip (see `Backbone`).

    Parameters
    ----------
    backbone : Backbone
        Computes all layers that are selected from.
    selection : Selection
        What of its output is taken.
    """

    def __init__(self, backbone: Backbone, selection: Selection) -> None:
        self._backbone = backbone
        self._selection = selection
        about = backbone.describe()
        self._first, self._stats = int(about.get("first_layer", 0)), list(about["stats"])
        self.name = backbone.name
        self.sample_rate = backbone.sample_rate
        self.batch_seconds = backbone.batch_seconds

    @property
    def leaves_cpu_free(self) -> bool:
        """See `Backbone.leaves_cpu_free`."""
        return self._backbone.leaves_cpu_free

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are: one statistic of one layer each."""
        about = self._backbone.describe()
        shape = (1, int(about["layers"]), len(self._stats), int(about["dim"]))
        # Of nothing, so that the length is told by whoever selects.
        length = self._selection.take(np.empty(shape, np.float32), self._first, self._stats).size
        selected = {"layers": 1, "stats": [self._selection.label], "stats_count": 1, "dim": length}
        return about | selected

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a waveform into what `embed` takes (see `Backbone.prepare`)."""
        return self._backbone.prepare(waveform)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Turn prepared clips into their vectors, float32 of shape (clips, 1, 1, length)."""
        vectors = self._backbone.embed(prepared)
        return self._selection.take(vectors, self._first, self._stats)[:, None, None]
