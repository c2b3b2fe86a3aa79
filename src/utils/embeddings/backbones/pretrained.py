"""What backbones with pretrained weights share, whatever computes their hidden layers."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any, ClassVar

import numpy as np
import torch

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.precision import resolve_precision
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, EmbeddingError

log = logging.getLogger(__name__)


class PretrainedBackbone(ABC):
    """A pretrained speech model whose hidden layers are pooled over the clip's own frames.

    Layer 0 is the input of the first transformer layer and layer i the i-th one's output,
    the hidden states in transformers' own order. Statistics are mean and standard deviation.

    It can be pickled, and then loads its weights where it is used.

    Parameters
    ----------
    name : str
        A key of `presets.BACKBONES`.
    checkpoint : Checkpoint
        Where weights, settings and preprocessor come from.
    precision : str
        One of `config.PRECISIONS`.
    layers : tuple of int, optional
        First and last hidden layer to keep. By default all.
    n_layers : int, optional
        How many transformer layers the model has (default: what its settings call so).

    Attributes
    ----------
    layers : tuple of int
        First and last hidden layer that are kept.
    sample_rate : int
        Hz; what `prepare` expects.
    precision : str
        What it computes in, `float32` or `bfloat16`.
    batch_seconds : float
        How much audio, padding counted, a batch should hold at most.

    Raises
    ------
    ArgumentError
        When the model has no such layers.
    CheckpointError
        When its settings or its preprocessor cannot be read. Weights are loaded, and may fail
        likewise, at the first `embed`.
    """

    implementation: ClassVar[str]
    """What computes the hidden layers, for the store's manifest."""

    cpu_batch_seconds: ClassVar[float]
    gpu_batch_seconds: ClassVar[float]

    _LOADING = Lock()
    """Held while weights are loaded: of two threads that want them first, one has to wait."""

    def __init__(
        self,
        name: str,
        checkpoint: Checkpoint,
        precision: str = "auto",
        layers: tuple[int, int] | None = None,
        n_layers: int | None = None,
    ) -> None:
        self.name = name
        self._checkpoint = checkpoint
        last = checkpoint.config.num_hidden_layers if n_layers is None else n_layers
        self.layers = layers or (0, last)
        if not 0 <= self.layers[0] <= self.layers[1] <= last:
            raise ArgumentError(
                f"--layers={self.layers[0]}-{self.layers[1]}: {checkpoint.name} has the "
                f"layers 0 to {last}"
            )
        self.sample_rate = int(checkpoint.processor.sampling_rate)
        self.precision = resolve_precision(precision, self.device)
        is_cpu = self.device.type == "cpu"
        self.batch_seconds = self.cpu_batch_seconds if is_cpu else self.gpu_batch_seconds

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_model"}

    @property
    def device(self) -> torch.device:
        """Where this process computes: on a GPU if there is one."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def dtype(self) -> torch.dtype:
        """The number format it computes in, as torch names it."""
        found: torch.dtype = getattr(torch, self.precision)
        return found

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether `embed` computes on a GPU of this process."""
        return self.device.type != "cpu"

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        about = {
            "name": self.name,
            "checkpoint": self._checkpoint.name,
            "revision": self._revision,
            "precision": self.precision,
            "sample_rate": self.sample_rate,
            **self._input_settings(),
            "first_layer": self.layers[0],
            "layers": self.layers[1] - self.layers[0] + 1,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": self._checkpoint.config.hidden_size,
        }
        if self._checkpoint.is_preprocessor_assumed:
            about["preprocessor"] = "assumed: 16 kHz, normalised"
        if not self._is_told_by_name:
            about["model_type"] = self._checkpoint.model_type
            about["implementation"] = self.implementation
        return about

    @property
    def _is_told_by_name(self) -> bool:
        """Whether the name alone says which architecture it is, as most presets' do."""
        preset = BACKBONES.get(self.name)
        return preset is not None and preset.model_type is not None

    @cached_property
    def _revision(self) -> str:
        return self._checkpoint.revision()

    @abstractmethod
    def _input_settings(self) -> dict[str, Any]:
        """Return how clips are normalised and cut into windows, for the description."""

    @abstractmethod
    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a waveform into what `embed` takes (see `Backbone.prepare`).

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 of shape (samples,), at `sample_rate`.
        """

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Pool every kept layer of every clip.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            What `prepare` gave of each clip.

        Returns
        -------
        numpy.ndarray
            float32 of shape (clips, layers, 2, dim).

        Raises
        ------
        CheckpointError
            At the first call, when the weights cannot be loaded.
        EmbeddingError
            When the device's memory does not suffice.
        """
        try:
            with self._LOADING:
                model = self._model
            with torch.inference_mode():
                return self._embed(model, prepared)
        except torch.OutOfMemoryError as error:
            raise EmbeddingError(
                f"the memory of {self.device} does not suffice for {self._checkpoint.name}: end "
                f"what else uses it, or compute on the CPU (CUDA_VISIBLE_DEVICES=)"
            ) from error

    @cached_property
    def _model(self) -> Any:
        log.info("%s runs on %s in %s", self._checkpoint.name, self.device, self.precision)
        return self._load_model()

    @abstractmethod
    def _load_model(self) -> Any:
        """Load the weights to where this process computes."""

    @abstractmethod
    def _embed(self, model: Any, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Pool every clip by the loaded model (see `embed`)."""
