"""A whole model laid out for speed: clips in, statistics of hidden layers out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from src.utils.embeddings.backbones.precision import forbid_tf32
from src.utils.embeddings.backbones.transformer.encoder import Encoder
from src.utils.embeddings.backbones.transformer.front_end import FrontEnd
from src.utils.embeddings.backbones.transformer.pooling import pool
from src.utils.embeddings.backbones.transformer.ragged import Ragged, to_device
from src.utils.embeddings.backbones.windows import WINDOW_SECONDS, Window


class SpeechModel:
    """Computes what a transformers model computes, faster, and pools it on the way.

    It turns TF32 off for the whole process (see `precision.forbid_tf32`).

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A Wav2Vec2, HuBERT or WavLM model, float32; only read.
    layers : tuple of int
        First and last hidden layer to pool.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    one_by_one : bool, optional
        Whether clips go through singly wherever they would need padding; by default on CPUs.

    Attributes
    ----------
    front_end : FrontEnd
        From samples to frames.
    encoder : Encoder
        From frames to hidden layers.
    """

    def __init__(
        self,
        model: Any,
        layers: tuple[int, int],
        device: torch.device,
        dtype: torch.dtype,
        one_by_one: bool | None = None,
    ) -> None:
        forbid_tf32()
        self._device = device
        self._layers = layers
        self._one_by_one = device.type == "cpu" if one_by_one is None else one_by_one
        with torch.inference_mode():
            self.front_end = FrontEnd(
                model.feature_extractor, model.config, device, dtype, self._one_by_one
            )
            self.encoder = Encoder(model, layers[1], device, dtype)
        self._frame_bytes = _frame_bytes(model.config, dtype)

    def frame_budget(self) -> float:
        """Return how many frames, padding counted, the encoder may be given at once.

        On a GPU as many as a third of the memory that is free now can hold, since two batches may
        be under way; on a CPU a batch is never so large.
        """
        if self._device.type != "cuda":
            return math.inf
        free, _ = torch.cuda.mem_get_info(self._device)
        # What torch keeps for itself without using it is free as well.
        free += torch.cuda.memory_reserved(self._device)
        free -= torch.cuda.memory_allocated(self._device)
        return free / 3 / self._frame_bytes

    def features(self, clips: Sequence[np.ndarray]) -> list[Tensor]:
        """Run the front end over whole clips, however long.

        Parameters
        ----------
        clips : sequence of numpy.ndarray
            float32 of shape (samples,), at least the receptive field each.

        Returns
        -------
        list of torch.Tensor
            One of shape (frames, channels) a clip, on the device.
        """
        lengths = [len(clip) for clip in clips]
        samples = to_device(torch.from_numpy(np.concatenate(clips)), self._device)
        frames = self.front_end(samples.split(lengths))
        return list(frames.split([self.front_end.geometry.n_frames(n) for n in lengths]))

    def pool_layers(self, stretches: Sequence[tuple[Tensor, Window]]) -> np.ndarray:
        """Run the encoder over windows of clips and pool the frames that they count.

        Parameters
        ----------
        stretches : sequence of (torch.Tensor, Window)
            A clip's features, shape (frames, channels), and the window of them to look at.

        Returns
        -------
        numpy.ndarray
            float32 of shape (windows, layers, 2, channels): mean and population variance.
        """
        seen = [features[window.start : window.stop] for features, window in stretches]
        ragged = Ragged([len(frames) for frames in seen], self._device, self._one_by_one)
        counted = self._counted([window for _, window in stretches])
        pooled = [
            pool(frames, ragged, counted)
            for layer, frames in enumerate(self.encoder.hidden_states(torch.cat(seen), ragged))
            if layer >= self._layers[0]
        ]
        return torch.stack(pooled, dim=1).cpu().numpy()

    def _counted(self, windows: Sequence[Window]) -> Tensor | None:
        """Return which frames count, one bool a frame; None when all do."""
        marks = [
            (window.counted_start <= frame) & (frame < window.counted_stop)
            for window in windows
            for frame in [np.arange(window.start, window.stop)]
        ]
        mask = torch.from_numpy(np.concatenate(marks))
        return None if mask.all() else to_device(mask, self._device)


def _frame_bytes(config: Any, dtype: torch.dtype) -> int:
    """Return about how much memory the widest moment of a layer takes for each frame."""
    dim = config.hidden_size
    # Queries, keys and values as a table and padded, mixed values, residual and normalised
    # frames; the feed-forward layer before and after GELU.
    values = 6 * dim + 6 * dim + 2 * config.intermediate_size
    if config.model_type == "wavlm":
        # A number for each head and other frame of the longest window: the position bias, gated,
        # and masked.
        values += 3 * config.num_attention_heads * round(50 * WINDOW_SECONDS)
    # Statistics are taken in float32, from three tables at once.
    return values * dtype.itemsize + 3 * 4 * dim
