"""The handcrafted acoustic descriptor in the shape of a backbone: one layer of one statistic."""

from typing import ClassVar

import numpy as np

from src.utils.embeddings.backbones.acoustic.descriptor import VERSION, AcousticDescriptor
from src.utils.embeddings.backbones.built_in import BuiltInBackbone


class AcousticBackbone(BuiltInBackbone):
    """A handcrafted acoustic descriptor of each clip, as one layer of one statistic.

    It holds LFCC dynamics, band texture, the modulation spectrum, statistics of the
    linear-prediction residual, and comb lines (see `AcousticDescriptor`).
    """

    name = "acoustic"
    version = VERSION
    stats: ClassVar[tuple[str, ...]] = ("descriptor",)

    def __init__(self) -> None:
        self._descriptor = AcousticDescriptor()
        self.dim = self._descriptor.dim

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the descriptor.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (1, dim).
        """
        return self._descriptor(waveform)[None]
