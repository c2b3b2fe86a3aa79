"""Training checkpoints, from which a training that was killed resumes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from pydantic import ConfigDict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.history import History
from src.utils.run_manifest import Rate
from src.utils.shapes import Shape, fault_of
from src.utils.strict_json import parse_json
from src.utils.tensor_file import check_header, first_line

STATE = "training.safetensors"

_KEY = "epochs"
_PARTS = ("network", "kept", "optimizer")

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """Losses and validation metrics of an epoch.

    Attributes
    ----------
    train_loss, val_loss : float
        Mean class-weighted cross-entropy of a patch in nats.
    val_accuracy, val_eer : float
        Accuracy and EER of clips, between 0 and 1.
    """

    train_loss: float
    val_loss: float
    val_accuracy: float
    val_eer: float


@dataclass
class Progress:
    """The state of a training after its finished epochs.

    Attributes
    ----------
    epochs : list of Epoch
        The finished epochs.
    network, kept, optimizer : dict of str to torch.Tensor
        State of the network after the last and after the best epoch, and of the optimizer.
    n_before : int
        Number of epochs read from disk.
    """

    epochs: list[Epoch] = field(default_factory=list)
    network: Tensors = field(default_factory=dict)
    kept: Tensors = field(default_factory=dict)
    optimizer: Tensors = field(default_factory=dict)
    n_before: int = 0

    @property
    def best(self) -> int:
        """The epoch with the lowest validation EER; of several, the one with the lower loss."""
        ranks = [(epoch.val_eer, epoch.val_loss) for epoch in self.epochs]
        return ranks.index(min(ranks))

    def is_over(self, epochs: int, patience: int) -> bool:
        """Return whether the training ends, by its number of epochs or by early stopping.

        Parameters
        ----------
        epochs : int
            The most epochs.
        patience : int
            Early-stopping patience: epochs without a lower validation loss.
        """
        losses = [one.val_loss for one in self.epochs]
        if len(losses) >= epochs:
            return True
        return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience

    def history(self) -> History:
        """Return the learning curves."""
        return History(
            train_losses=np.array([one.train_loss for one in self.epochs]),
            val_losses=np.array([one.val_loss for one in self.epochs]),
            val_accuracies=np.array([one.val_accuracy for one in self.epochs]),
            val_eers=np.array([one.val_eer for one in self.epochs]),
            step="epoch",
            best=self.best,
        )

    def write(self, folder: Path) -> None:
        """Write the state into a run's folder, atomically."""
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
        """Read the state from a run's folder; it is empty where no epoch has finished.

        Raises
        ------
        RunError
            When the file is damaged.
        """
        path = folder / STATE
        if not path.is_file():
            return cls()
        try:
            check_header(path)
            parts: dict[str, Tensors] = {part: {} for part in _PARTS}
            with safe_open(path, "pt") as file:
                for part, name, value in _tensors(file):
                    parts[part][name] = value
                told = parse_json((file.metadata() or {})[_KEY])
            fault = fault_of(told, list[_Entry])
            if fault is not None:
                raise ValueError(f"epoch {fault}")
            epochs = [Epoch(**one) for one in told]
            return cls(epochs, **parts, n_before=len(epochs))
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise damaged(folder, error) from error


class _Entry(Shape):
    model_config = ConfigDict(extra="forbid")

    train_loss: float
    val_loss: float
    val_accuracy: Rate
    val_eer: Rate


def damaged(folder: Path, error: Exception) -> RunError:
    """Make the error for a state that a training cannot go on from.

    Parameters
    ----------
    folder : pathlib.Path
        The run's.
    error : Exception
        What came of it.
    """
    reason = first_line(error)
    return RunError(
        f"{folder / STATE} is damaged ({reason}); remove it, and the training starts anew"
    )


def _tensors(file: safe_open) -> Iterator[tuple[str, str, torch.Tensor]]:
    for key in file.keys():  # noqa: SIM118 - it is no mapping
        part, _, name = key.partition(".")
        yield part, name, file.get_tensor(key)
