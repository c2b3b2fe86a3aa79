"""Raw waveforms as a model's input, and how the frames of its convolutions lie over samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

Number = TypeVar("Number", int, Tensor)


@dataclass(frozen=True)
class Geometry:
    """How frames lie over samples.

    Attributes
    ----------
    hop : int
        Samples from one frame to the next.
    receptive_field : int
        Samples that one frame is computed from.
    """

    hop: int
    receptive_field: int

    @classmethod
    def of(cls, config: Any) -> "Geometry":
        """Work it out from the front end that a checkpoint's settings describe.

        Parameters
        ----------
        config : transformers.PreTrainedConfig
            With `conv_kernel` and `conv_stride`. A `squeeze_factor` (SEW) averages so many frames
            into one before the first transformer layer, which is one more convolution.
        """
        squeeze = getattr(config, "squeeze_factor", 1)
        return cls.behind((*config.conv_kernel, squeeze), (*config.conv_stride, squeeze))

    @classmethod
    def behind(cls, kernels: Sequence[int], strides: Sequence[int]) -> "Geometry":
        """Work it out from convolutions without padding, the first one on the samples.

        Parameters
        ----------
        kernels, strides : sequence of int
            Of each convolution, in steps of what it is given.
        """
        hop, field = 1, 1
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            field = (field - 1) * stride + kernel
            hop *= stride
        return cls(hop, field)

    def n_frames(self, n_samples: Number) -> Number:
        """Return how many frames a clip gives.

        Parameters
        ----------
        n_samples : int or torch.Tensor
            The clip's length, at least the receptive field, or the lengths of several.
        """
        return (n_samples - self.receptive_field) // self.hop + 1

    def n_samples(self, n_frames: int) -> int:
        """Return how many samples make so many frames, without one to spare.

        Parameters
        ----------
        n_frames : int
            At least 1.
        """
        return (n_frames - 1) * self.hop + self.receptive_field


def prepare_waveform(waveform: np.ndarray, processor: Any, receptive_field: int) -> np.ndarray:
    """Normalise by the checkpoint's own preprocessor, then pad a clip shorter than a frame.

    Padding comes last, so that it does not weigh on the clip's mean and variance.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 of shape (samples,), at the preprocessor's sampling rate.
    processor : transformers.SequenceFeatureExtractor
        The checkpoint's own, which gives `input_values`.
    receptive_field : int
        Samples that one frame is computed from.

    Returns
    -------
    numpy.ndarray
        float32 of shape (samples,), at least the receptive field long.
    """
    values = processor(
        waveform, sampling_rate=processor.sampling_rate, return_tensors="np", padding=False
    )["input_values"][0]
    missing = receptive_field - len(values)
    padded = np.pad(values, (0, missing)) if missing > 0 else values
    return padded.astype(np.float32)
