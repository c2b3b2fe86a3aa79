"""LFCC in the shape of a backbone: one layer, its mean and standard deviation over the clip."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.lfcc.cepstra import N_COEFFICIENTS, compute_lfcc

VERSION = 1
"""Goes up whenever a vector changes, so that vectors of two kinds are never mixed."""


class LfccBackbone:
    """LFCC with deltas and double deltas, pooled to mean and standard deviation.

    A baseline to compare with, and nothing clever: coefficient 0 is the level, and the means of
    all static coefficients describe the microphone, the room and the codec as much as the voice.
    """

    name = "lfcc"
    sample_rate = SAMPLE_RATE
    batch_seconds = 600.0
    leaves_cpu_free = False

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        return {
            "name": self.name,
            "version": VERSION,
            "sample_rate": SAMPLE_RATE,
            "layers": 1,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": 3 * N_COEFFICIENTS,
        }

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute and pool the coefficients, here rather than in `embed` so that threads share it.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (2, 60): the mean and the population standard deviation over frames.
        """
        frames = compute_lfcc(waveform)
        return np.stack([frames.mean(axis=0), frames.std(axis=0)]).astype(np.float32)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Stack what `prepare` returned.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            One a clip, each of shape (2, 60).

        Returns
        -------
        numpy.ndarray
            float32, shape (clips, 1, 2, 60).
        """
        return np.stack(prepared)[:, None]
