"""Where a training stands, on disk, so that one that was killed goes on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.history import History

STATE = "training.safetensors"

_KEY = "epochs"
_PARTS = ("network", "kept", "optimizer")

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes
    ----------
    train_loss, val_loss : float
        Mean cross-entropy of a patch in nats, weighted by class.
    val_accuracy, val_eer : float
        Of clips.
    """

    train_loss: float
    val_loss: float
    val_accuracy: float
    val_eer: float


@dataclass
class Progress:
    """The epochs that are finished.

    Attributes
    ----------
    epochs : list of Epoch
    network, kept, optimizer : dict of str to torch.Tensor
        As they are now, and the network of the best epoch.
    n_before : int
        How many epochs were read from disk.
    """

    epochs: list[Epoch] = field(default_factory=list)
    network: Tensors = field(default_factory=dict)
    kept: Tensors = field(default_factory=dict)
    optimizer: Tensors = field(default_factory=dict)
    n_before: int = 0

    @property
    def best(self) -> int:
        """The epoch with the lowest validation EER; of several, the one with the lower loss."""
        found = [(one.val_eer, one.val_loss) for one in self.epochs]
        return found.index(min(found))

    def is_over(self, epochs: int, patience: int) -> bool:
        """Say whether there is nothing more to train."""
        losses = [one.val_loss for one in self.epochs]
        if len(losses) >= epochs:
            return True
        return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience

    def history(self) -> History:
        """Return how training went."""
        return History(
            train_losses=np.array([one.train_loss for one in self.epochs]),
            val_losses=np.array([one.val_loss for one in self.epochs]),
            val_accuracies=np.array([one.val_accuracy for one in self.epochs]),
            val_eers=np.array([one.val_eer for one in self.epochs]),
            step="epoch",
            best=self.best,
        )

    def write(self, folder: Path) -> None:
        """Write it into a run's folder, in one step."""
        tensors = {
            f"{part}.{name}": value.detach().cpu().contiguous()
            for part in _PARTS
            for name, value in getattr(self, part).items()
        }
        about = {_KEY: json.dumps([vars(one) for one in self.epochs])}
        with replacing(folder / STATE) as temporary:
            save_file(tensors, temporary, about)

    @classmethod
    def read(cls, folder: Path) -> "Progress":
        """Read what `write` wrote; of a training that has finished no epoch, nothing.

        Raises
        ------
        RunError
            When the file is damaged.
        """
        path = folder / STATE
        if not path.is_file():
            return cls()
        try:
            found: dict[str, Tensors] = {part: {} for part in _PARTS}
            with safe_open(path, "pt") as file:
                for part, name, value in _tensors(file):
                    found[part][name] = value
                epochs = [Epoch(**one) for one in json.loads((file.metadata() or {})[_KEY])]
            return cls(epochs, **found, n_before=len(epochs))
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise RunError(
                f"{path} is damaged ({reason}); remove it, and the training starts anew"
            ) from error


def _tensors(file: safe_open) -> Iterator[tuple[str, str, torch.Tensor]]:
    for key in file.keys():  # noqa: SIM118 - it is no mapping
        part, _, name = key.partition(".")
        yield part, name, file.get_tensor(key)
