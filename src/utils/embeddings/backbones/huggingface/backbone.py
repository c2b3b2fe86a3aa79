"""The plain path: hidden states by transformers, pooled window by window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface.architectures import ARCHITECTURES, Architecture
from src.utils.embeddings.backbones.moments import Moments, mean_and_variance
from src.utils.embeddings.backbones.precision import forbid_tf32
from src.utils.embeddings.backbones.pretrained import PretrainedBackbone
from src.utils.embeddings.backbones.windows import Window, cut


class HuggingFaceBackbone(PretrainedBackbone):
    """A speech encoder as transformers computes it, for architectures without a fast path.

    The encoder never sees padding of ours: windows go through singly, or together where all are
    of one shape. So no attention mask is needed, and a clip's vectors do not depend on the clips
    beside it. Whisper's own padding, silence up to its window's end, is seen and not counted.

    A clip longer than a window is cut into windows that overlap, each of which sees `context`
    frames more than it counts; every frame of the clip counts once. A window is given to the
    whole model, its convolutions included.

    Parameters
    ----------
    name : str
        A key of `presets.BACKBONES`.
    checkpoint : Checkpoint
        Of one of `ARCHITECTURES`.
    precision : str
        One of `config.PRECISIONS`.
    layers : tuple of int, optional
        First and last hidden layer to keep; those behind the last are not computed, but for the
        next one. By default all.

    Raises
    ------
    ArgumentError
        When the model has no such layers.
    CheckpointError
        When its preprocessor does not fit (see also `PretrainedBackbone`).
    """

    implementation = "transformers"
    cpu_batch_seconds: ClassVar[float] = 30.0
    # Every hidden state of a batch is held at once: 1 GB for a large model.
    gpu_batch_seconds: ClassVar[float] = 120.0

    def __init__(
        self,
        name: str,
        checkpoint: Checkpoint,
        precision: str = "auto",
        layers: tuple[int, int] | None = None,
    ) -> None:
        architecture = ARCHITECTURES[str(checkpoint.model_type)]
        self._input = architecture.open_input(checkpoint)
        n_layers = getattr(checkpoint.config, architecture.n_layers)
        super().__init__(name, checkpoint, precision, layers, n_layers)

    def _input_settings(self) -> dict[str, Any]:
        seconds = self._input.hop / self.sample_rate
        return {
            "window_seconds": self._input.longest * seconds,
            "context_seconds": self._input.context * seconds,
        }

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Apply the checkpoint's own preprocessor to a clip (see `ModelInput.prepare`).

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 of shape (samples,), at `sample_rate`.
        """
        return self._input.prepare(waveform)

    def _load_model(self) -> "HiddenStates":
        architecture = ARCHITECTURES[str(self._checkpoint.model_type)]
        encoder = self._checkpoint.model(architecture.encoder, self.dtype)
        return HiddenStates(encoder, architecture, self.layers, self.device)

    def _embed(self, model: "HiddenStates", prepared: Sequence[np.ndarray]) -> np.ndarray:
        moments = [Moments() for _ in prepared]
        for batch in self._batches(prepared):
            states = model(np.stack([piece.values for piece in batch]))
            for number, piece in enumerate(batch):
                # Whisper's frames go on behind the clip's end; a window's own come first.
                first = piece.window.counted_start - piece.window.start
                counted = states[:, number, first : first + piece.window.n_counted]
                found = mean_and_variance(counted, piece.window.n_counted).cpu().numpy()
                moments[piece.clip].add(piece.window.n_counted, found[:, 0], found[:, 1])
        return np.stack([moment.mean_and_std() for moment in moments])

    def _batches(self, prepared: Sequence[np.ndarray]) -> Iterator[list["_Piece"]]:
        """Group neighbouring windows of one shape, as many as fit `batch_seconds`."""
        at_most = self.batch_seconds * self.sample_rate / self._input.hop
        batch: list[_Piece] = []
        for clip, values in enumerate(prepared):
            n_frames = self._input.n_frames(values)
            for window in cut(n_frames, self._input.longest, self._input.context):
                found = self._input.window(values, window.start, window.stop)
                cost = self._input.n_computed(window.stop - window.start)
                is_full = (len(batch) + 1) * cost > at_most
                if batch and (is_full or batch[0].values.shape != found.shape):
                    yield batch
                    batch = []
                batch.append(_Piece(clip, window, found))
        yield batch


class HiddenStates:
    """An encoder of transformers that gives the layers to keep, of windows of one shape.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        In evaluation mode; its last layers may be taken off.
    architecture : Architecture
        What the encoder calls its input and its layers.
    layers : tuple of int
        First and last hidden layer to keep.
    device : torch.device
        Where it runs.
    """

    def __init__(
        self,
        encoder: Any,
        architecture: Architecture,
        layers: tuple[int, int],
        device: torch.device,
    ) -> None:
        forbid_tf32()
        self._layers = layers
        self._name = architecture.name
        self._device = device
        # One more than is kept: what some encoders give as their last hidden state has gone
        # through a normalisation behind it.
        del attrgetter(architecture.layers)(encoder)[layers[1] + 1 :]
        self._encoder = encoder.to(device)

    def __call__(self, inputs: np.ndarray) -> Tensor:
        """Compute the hidden states.

        Parameters
        ----------
        inputs : numpy.ndarray
            float32 of shape (windows, ...), the rest as the architecture takes it.

        Returns
        -------
        torch.Tensor
            Shape (layers, windows, frames, channels), on the device.
        """
        values = torch.from_numpy(inputs).to(self._device, self._encoder.dtype)
        found = self._encoder(**{self._name: values}, output_hidden_states=True)
        first, last = self._layers
        return torch.stack(found.hidden_states[first : last + 1])


@dataclass(frozen=True)
class _Piece:
    """A window of a clip, and what the encoder is given for it."""

    clip: int
    window: Window
    values: np.ndarray
