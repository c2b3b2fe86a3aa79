"""The fast path: from waveforms to pooled layers by our own arithmetic."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.moments import Moments
from src.utils.embeddings.backbones.pretrained import PretrainedBackbone
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.waveform import Geometry, prepare_waveform
from src.utils.embeddings.backbones.windows import (
    CONTEXT_SECONDS,
    WINDOW_SECONDS,
    Window,
    cut,
)
from src.utils.errors import CheckpointError

MODEL_TYPES = ("wav2vec2", "hubert", "wavlm")
"""The architectures that are computed here, in transformers' names."""

SUPPORTED = {
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "adapter_attn_dim": None,
    "conv_pos_batch_norm": False,
}
"""Settings of rarer models of these architectures that are not computed here, and what they must
be."""


def unsupported_setting(config: Any) -> str | None:
    """Return the first setting of a checkpoint that is not computed here, None if all are.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        Of one of `MODEL_TYPES`.

    Returns
    -------
    str or None
        As `setting=value`.
    """
    for setting, needed in SUPPORTED.items():
        found = getattr(config, setting, needed)
        if found != needed:
            return f"{setting}={found}"
    return None


class TransformerBackbone(PretrainedBackbone):
    """A Wav2Vec2, HuBERT or WavLM whose layers are computed and pooled faster than elsewhere.

    Parameters
    ----------
    name : str
        A key of `presets.BACKBONES`.
    checkpoint : Checkpoint
        Of one of `MODEL_TYPES`.
    precision : str
        One of `config.PRECISIONS`.
    layers : tuple of int, optional
        First and last hidden layer to keep; those behind the last are not computed. By default
        all.

    Raises
    ------
    ArgumentError
        When the model has no such layers.
    CheckpointError
        When a setting is not computed here (see also `PretrainedBackbone`).
    """

    implementation = "fast"
    cpu_batch_seconds: ClassVar[float] = 30.0
    gpu_batch_seconds: ClassVar[float] = 480.0

    def __init__(
        self,
        name: str,
        checkpoint: Checkpoint,
        precision: str = "auto",
        layers: tuple[int, int] | None = None,
    ) -> None:
        setting = unsupported_setting(checkpoint.config)
        if setting is not None:
            raise CheckpointError(
                f"the checkpoint {checkpoint.name} has {setting}, which is not supported; "
                f"--backbone=auto leaves it to transformers, which is slower"
            )
        super().__init__(name, checkpoint, precision, layers)
        self._geometry = Geometry.of(checkpoint.config)

    def _input_settings(self) -> dict[str, Any]:
        return {
            "do_normalize": bool(self._checkpoint.processor.do_normalize),
            "window_seconds": WINDOW_SECONDS,
            "context_seconds": CONTEXT_SECONDS,
        }

    @property
    def receptive_field(self) -> int:
        """Samples that the convolutional front end needs for one frame."""
        return self._geometry.receptive_field

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Normalise a clip as its checkpoint wants it (see `waveform.prepare_waveform`).

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 of shape (samples,), at `sample_rate`.
        """
        return prepare_waveform(waveform, self._checkpoint.processor, self.receptive_field)

    def _load_model(self) -> SpeechModel:
        return SpeechModel(self._checkpoint.model(), self.layers, self.device, self.dtype)

    def _embed(self, model: SpeechModel, prepared: Sequence[np.ndarray]) -> np.ndarray:
        moments = [Moments() for _ in prepared]
        features = model.features(prepared)
        windows = [
            (clip, window)
            for clip, frames in enumerate(features)
            for window in cut(
                len(frames), self._n_frames(WINDOW_SECONDS), self._n_frames(CONTEXT_SECONDS)
            )
        ]
        for batch in self._batches(windows, model.frame_budget()):
            stretches = [(features[clip], window) for clip, window in batch]
            for (clip, window), layers in zip(batch, model.pool_layers(stretches), strict=True):
                moments[clip].add(window.n_counted, layers[:, 0], layers[:, 1])
        return np.stack([moment.mean_and_std() for moment in moments])

    def _batches(
        self, windows: list[tuple[int, Window]], budget: float
    ) -> Iterator[list[tuple[int, Window]]]:
        """Group windows so that a batch, padding counted, fits `batch_seconds` and the budget."""
        at_most = min(self._n_frames(self.batch_seconds), budget)
        batch: list[tuple[int, Window]] = []
        longest = 0
        for clip, window in windows:
            length = window.stop - window.start
            longest = max(longest, length)
            if batch and (len(batch) + 1) * longest > at_most:
                yield batch
                batch, longest = [], length
            batch.append((clip, window))
        yield batch

    def _n_frames(self, seconds: float) -> int:
        return round(seconds * self.sample_rate / self._geometry.hop)
