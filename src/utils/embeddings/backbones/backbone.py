"""What every backbone is."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class Backbone(Protocol):
    """Turns waveforms into pooled statistics, one fixed-size array per clip.

    `prepare` runs in reader threads or processes, one clip at a time; `embed` runs on whole
    batches. A clip's result never depends on the other clips of its batch. A backbone can be
    pickled.

    Attributes
    ----------
    name : str
        A key of `presets.BACKBONES`.
    sample_rate : int
        Hz; what `prepare` expects.
    batch_seconds : float
        How much audio, padding counted, a batch should hold at most.
    """

    name: str
    sample_rate: int
    batch_seconds: float

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether `embed` computes on a GPU; two threads may then call it at once."""

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are, as JSON values.

        Always holds `name`, `layers`, `stats`, `stats_count`, `dim` and `sample_rate`; two
        backbones with equal descriptions give equal vectors. No weights are loaded,
        though a local checkpoint's file is read once for its hash.
        """

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a waveform into what `embed` takes.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 of shape (samples,), at `sample_rate`.
        """

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Turn clips into their vectors.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            What `prepare` gave of each clip.

        Returns
        -------
        numpy.ndarray
            float32 of shape (clips, layers, stats, dim).
        """
