"""The YAMNet classifier: its hyperparameters, scores and file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors.torch import save_file

from src.models.classifier import Choice, Hyperparameters, Range, TrainedModel
from src.models.yamnet.network import YamNet
from src.utils.config import BASELINE
from src.utils.dataset.patches import PatchSet
from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.parallel import map_ahead
from src.utils.tensor_file import first_line, load_tensors

NAME = "model.safetensors"

_FIRST_LAYER = "layers.1.conv.weight"

_WIDEST = 4
"""Width multiplier of the widest network that is read; the published ones have 1."""

_READ_AHEAD = 4
"""Batches read ahead while one is computed."""


class YamnetClassifier(TrainedModel):
    """YAMNet with a single output; a clip's score is the mean of its patches' logits.

    Since the last layer is linear, that is also the logit of the mean of its inputs, which is the
    embedding of the clip.

    Parameters
    ----------
    hyperparameters, seed
        See `Configured`.
    width : float
        Width multiplier (see `YamNet`).
    """

    name: ClassVar[str] = BASELINE
    description = "YAMNet, a convolutional network on log-mel patches of 0.96 s"
    defaults: ClassVar[Hyperparameters] = {
        "learning_rate": 3e-4,
        "batch_size": 128,
        "epochs": 10,
        "patience": 10,
    }
    limits: ClassVar[dict[str, Range | Choice]] = {
        "learning_rate": Range(1e-30, 1e30),
        "batch_size": Range(1, 100_000),
        "epochs": Range(1, 1_000_000),
        "patience": Range(1, 1_000_000),
    }

    def __init__(self, hyperparameters: Any = None, seed: int = 7, width: float = 1.0) -> None:
        super().__init__(hyperparameters, seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = self._placed(YamNet(1, width))

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (clips,), for x of shape (clips, dim)."""
        with torch.inference_mode():
            logits = self.network.classifier(torch.from_numpy(x).to(self.device)).squeeze(1)
        return logits.double().cpu().numpy()

    def score_clips(self, clips: PatchSet) -> np.ndarray:
        """Return the score of each clip, float64 of shape (clips,), positive for bona-fide."""
        return clips.means(self.patch_logits(clips))

    def vector(self, patches: np.ndarray) -> np.ndarray:
        """Return the embedding of a clip, float32 of shape (dim,).

        Parameters
        ----------
        patches : numpy.ndarray
            The clip's log-mel patches, float32 of shape (patches, 96, 64).
        """
        self.network.eval()
        batches = torch.from_numpy(patches).split(self.hyperparameters["batch_size"])
        with torch.inference_mode():
            sums = [self.network.features(part.to(self.device)).sum(dim=0) for part in batches]
            return (torch.stack(sums).sum(dim=0) / len(patches)).cpu().numpy()

    def vectors(self, clips: PatchSet) -> np.ndarray:
        """Return the embedding of each clip, float32 of shape (clips, dim)."""
        numbers = np.split(np.arange(clips.n_patches), clips.starts[1:])
        read = map_ahead(clips.read, numbers, ahead=_READ_AHEAD, threads=1)
        return np.stack([self.vector(patches) for patches in read])

    def patch_logits(self, clips: PatchSet) -> np.ndarray:
        """Return the logit of each patch of all clips, float64 of shape (patches,)."""
        size = self.hyperparameters["batch_size"]
        starts = range(0, clips.n_patches, size)
        batches = (np.arange(start, min(start + size, clips.n_patches)) for start in starts)
        self.network.eval()
        logits = []
        with torch.inference_mode():
            for _, patches in self.read(clips, batches):
                logits.append(self.network(patches).squeeze(1).double().cpu().numpy())
        return np.concatenate(logits)

    def read(
        self, clips: PatchSet, batches: Iterator[np.ndarray]
    ) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
        """Read batches of patches ahead in a thread.

        Parameters
        ----------
        clips : PatchSet
            Where the patches are read from.
        batches : iterator of numpy.ndarray
            The numbers of the patches of each batch.

        Yields
        ------
        tuple of (numpy.ndarray, torch.Tensor)
            The numbers of a batch, and its patches on the model's device.
        """

        def fetch(numbers: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
            return numbers, torch.from_numpy(clips.read(numbers))

        for numbers, patches in map_ahead(fetch, batches, ahead=_READ_AHEAD, threads=1):
            yield numbers, patches.to(self.device)

    def save(self, folder: Path) -> None:
        """Write the weights into a folder as `model.safetensors`."""
        state = {name: value.contiguous() for name, value in self.network.state_dict().items()}
        with replacing(folder / NAME) as temporary:
            save_file(state, temporary)

    def load(self, folder: Path) -> None:
        """Read the weights from `model.safetensors` in a folder; no code in it is executed.

        Raises
        ------
        RunError
            When the file is absent or holds anything but the expected.
        """
        path = folder / NAME
        try:
            state = load_tensors(path)
            channels = state[_FIRST_LAYER].shape[0] if state[_FIRST_LAYER].ndim else 0
            width = channels / len(YamNet(1).state_dict()[_FIRST_LAYER])
            # Before a network is made that is as wide as one tensor says.
            if not 0 < width <= _WIDEST:
                raise ValueError(f"its first layer has {channels:,} channels")
            network = YamNet(1, width)
            network.load_state_dict(state)
            for name, values in state.items():
                if not torch.isfinite(values).all():
                    raise ValueError(f"{name} holds what are no finite numbers")
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"{path} cannot be read as a YAMNet: {first_line(error)}; train it again"
            ) from error
        self.network = self._placed(network)

    def _placed(self, network: YamNet) -> YamNet:
        # Twice as fast on a CPU as with the channels first.
        network.to(self.device)
        for value in network.parameters():
            if value.ndim == 4:
                value.data = value.data.contiguous(memory_format=torch.channels_last)
        return network


@contextmanager
def reproducible() -> Iterator[None]:
    """Make cuDNN use deterministic algorithms only."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
