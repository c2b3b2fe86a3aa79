"""LFCC in the shape of a backbone: one layer, its mean and standard deviation over the clip."""

from typing import ClassVar

import numpy as np

from src.utils.embeddings.backbones.built_in import BuiltInBackbone
from src.utils.embeddings.backbones.lfcc.cepstra import N_COEFFICIENTS, compute_lfcc


class LfccBackbone(BuiltInBackbone):
    """LFCC with deltas and double deltas, pooled to mean and standard deviation.

    A baseline to compare with, and nothing clever: coefficient 0 is the level, and the means of
    all static coefficients describe the microphone, the room and the codec as much as the voice.
    """

    name = "lfcc"
    version = 1
    stats: ClassVar[tuple[str, ...]] = ("mean", "std")
    dim = 3 * N_COEFFICIENTS

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the coefficients, and their mean and population standard deviation over frames.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (2, 60).
        """
        frames = compute_lfcc(waveform)
        return np.stack([frames.mean(axis=0), frames.std(axis=0)]).astype(np.float32)
