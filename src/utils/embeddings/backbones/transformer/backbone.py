"""The backbone that runs a pretrained speech model: from waveforms to pooled layers."""

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import torch

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.moments import Moments
from src.utils.embeddings.backbones.precision import resolve_precision
from src.utils.embeddings.backbones.transformer.front_end import Geometry
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.windows import (
    CONTEXT_SECONDS,
    WINDOW_SECONDS,
    Window,
    cut,
)
from src.utils.errors import ArgumentError, EmbeddingError

log = logging.getLogger(__name__)

CPU_BATCH_SECONDS = 30.0
GPU_BATCH_SECONDS = 480.0

_LOADING = Lock()
"""Held while weights are loaded: of two threads that want them first, one has to wait."""


class TransformerBackbone:
    """A pretrained speech model whose hidden layers are pooled over the clip's own frames.

    Layer 0 is the input of the first transformer layer and layer i the i-th one's output,
    the hidden states in transformers' own order. Statistics are mean and standard deviation.

    It can be pickled, and then loads its weights where it is used.

    Parameters
    ----------
    name : str
        A key of `config.BACKBONES`.
    checkpoint : str
        A hub id or a local folder.
    model_type : str
        The architecture the checkpoint must declare.
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
        When its description cannot be read or names another architecture. Weights are loaded,
        and may fail likewise, at the first `embed`.
    """

    def __init__(
        self,
        name: str,
        checkpoint: str,
        model_type: str,
        precision: str = "auto",
        layers: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self._checkpoint = Checkpoint(checkpoint, model_type, name)
        self._geometry = Geometry.of(self._checkpoint.config)
        n_layers = self._checkpoint.config.num_hidden_layers
        self.layers = layers or (0, n_layers)
        if not 0 <= self.layers[0] <= self.layers[1] <= n_layers:
            raise ArgumentError(
                f"--layers={self.layers[0]}-{self.layers[1]}: {self._checkpoint.name} has the "
                f"layers 0 to {n_layers}"
            )
        self.sample_rate = int(self._checkpoint.processor.sampling_rate)
        self.precision = resolve_precision(precision, self.device)
        self.batch_seconds = CPU_BATCH_SECONDS if self.device.type == "cpu" else GPU_BATCH_SECONDS

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_model"}

    @property
    def device(self) -> torch.device:
        """Where this process computes: on a GPU if there is one."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether `embed` computes on a GPU of this process."""
        return self.device.type != "cpu"

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        return {
            "name": self.name,
            "checkpoint": self._checkpoint.name,
            "revision": self._revision,
            "precision": self.precision,
            "sample_rate": self.sample_rate,
            "do_normalize": bool(self._checkpoint.processor.do_normalize),
            "window_seconds": WINDOW_SECONDS,
            "context_seconds": CONTEXT_SECONDS,
            "first_layer": self.layers[0],
            "layers": self.layers[1] - self.layers[0] + 1,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": self._checkpoint.config.hidden_size,
        }

    @cached_property
    def _revision(self) -> str:
        return self._checkpoint.revision()

    @property
    def receptive_field(self) -> int:
        """Samples that the convolutional front end needs for one frame."""
        return self._geometry.receptive_field

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Normalise by the checkpoint's own preprocessor, then pad a clip shorter than a frame.

        Padding comes last, so that it does not weigh on the clip's mean and variance.
        """
        values = self._checkpoint.processor(
            waveform, sampling_rate=self.sample_rate, return_tensors="np", padding=False
        )["input_values"][0]
        missing = self.receptive_field - len(values)
        padded = np.pad(values, (0, missing)) if missing > 0 else values
        return padded.astype(np.float32)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Pool every layer of every clip: float32 of shape (clips, layers, 2, dim).

        Raises
        ------
        CheckpointError
            At the first call, when the weights cannot be loaded.
        EmbeddingError
            When the device's memory does not suffice.
        """
        try:
            return self._embed(prepared)
        except torch.OutOfMemoryError as error:
            raise EmbeddingError(
                f"the memory of {self.device} does not suffice for {self._checkpoint.name}: end "
                f"what else uses it, or compute on the CPU (CUDA_VISIBLE_DEVICES=)"
            ) from error

    def _embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        moments = [Moments() for _ in prepared]
        with _LOADING:
            speech = self._model
        with torch.inference_mode():
            features = speech.features(prepared)
            windows = [
                (clip, window)
                for clip, frames in enumerate(features)
                for window in cut(
                    len(frames), self._n_frames(WINDOW_SECONDS), self._n_frames(CONTEXT_SECONDS)
                )
            ]
            for batch in self._batches(windows):
                stretches = [(features[clip], window) for clip, window in batch]
                for (clip, window), layers in zip(
                    batch, speech.pool_layers(stretches), strict=True
                ):
                    count = window.counted_stop - window.counted_start
                    moments[clip].add(count, layers[:, 0], layers[:, 1])
        return np.stack([moment.mean_and_std() for moment in moments])

    def _batches(self, windows: list[tuple[int, Window]]) -> Iterator[list[tuple[int, Window]]]:
        """Group windows so that a batch, padding counted, fits `batch_seconds` and the memory."""
        at_most = min(self._n_frames(self.batch_seconds), self._model.frame_budget())
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

    @cached_property
    def _model(self) -> SpeechModel:
        log.info("%s runs on %s in %s", self._checkpoint.name, self.device, self.precision)
        dtype = getattr(torch, self.precision)
        return SpeechModel(self._checkpoint.model(), self.layers, self.device, dtype)
