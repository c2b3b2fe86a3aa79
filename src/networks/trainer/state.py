"""How far a training has come, on disk after each epoch and in the midst of long ones."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import nan
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import torch
from pydantic import ConfigDict, Field, NonNegativeInt
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from src.networks.trainer.learner import Measured
from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.history import History
from src.utils.run_manifest import Rate
from src.utils.shapes import Shape, fault_of
from src.utils.strict_json import parse_json
from src.utils.tensor_file import check_header, first_line

STATE = "training.safetensors"

_KEY = "progress"
_PARTS = ("weights", "best_weights", "optimizer")

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """A finished epoch.

    Attributes
    ----------
    train_loss : float
        Mean loss of its examples, as the learner was when it was given them.
    measured : Measured
        On validation, after it.
    n_unread : int
        Examples that could not be read, in whose place others were taken.
    """

    train_loss: float
    measured: Measured
    n_unread: int = 0


@dataclass
class Progress:
    """How far a training has come.

    Attributes
    ----------
    epochs : list of Epoch
        The finished epochs.
    step : int
        Steps that are done of the next one.
    loss_sum : float
        Sum of the losses of its examples so far.
    n_unread : int
        Its examples that could not be read so far.
    weights, best_weights, optimizer : dict of str to torch.Tensor
        State of the learner now and after the best epoch, and of the optimizer.
    n_before : int
        Number of epochs read from disk.
    """

    epochs: list[Epoch] = field(default_factory=list)
    step: int = 0
    loss_sum: float = 0.0
    n_unread: int = 0
    weights: Tensors = field(default_factory=dict)
    best_weights: Tensors = field(default_factory=dict)
    optimizer: Tensors = field(default_factory=dict)
    n_before: int = 0

    @property
    def has_begun(self) -> bool:
        """Whether a step has been done."""
        return bool(self.epochs or self.step)

    @property
    def best(self) -> int:
        """The epoch with the lowest rank on validation (see `Measured.rank`); the first of them."""
        ranks = [epoch.measured.rank for epoch in self.epochs]
        return ranks.index(min(ranks))

    def is_over(self, epochs: int, patience: int) -> bool:
        """Return whether the training ends, by its number of epochs or by early stopping.

        Parameters
        ----------
        epochs : int
            The most epochs.
        patience : int
            Epochs without a better one before it ends early.
        """
        done = len(self.epochs)
        return done >= epochs or (done > 0 and done - 1 - self.best >= patience)

    def history(self) -> History:
        """Return the learning curves; what was not measured is NaN."""
        measured = [one.measured for one in self.epochs]
        return History(
            train_losses=np.array([one.train_loss for one in self.epochs]),
            val_losses=np.array([one.loss for one in measured]),
            val_accuracies=np.array([_or_nan(one.accuracy) for one in measured]),
            val_eers=np.array([_or_nan(one.eer) for one in measured]),
            step="epoch",
            best=self.best,
        )

    def write(self, folder: Path) -> None:
        """Write it into a run's folder, atomically.

        Parameters
        ----------
        folder : pathlib.Path
            The run's.
        """
        tensors: Tensors = {}
        memory = set()
        for part in _PARTS:
            for name, value in getattr(self, part).items():
                one = value.detach().cpu().contiguous()
                place = one.untyped_storage().data_ptr()
                # The format knows of no tensors that share memory, such as tied weights.
                tensors[f"{part}.{name}"] = one.clone() if place in memory else one
                memory.add(place)
        told: dict[str, Any] = {
            "step": self.step,
            "loss_sum": self.loss_sum,
            "n_unread": self.n_unread,
        }
        told["epochs"] = [asdict(one) for one in self.epochs]
        with replacing(folder / STATE) as temporary:
            save_file(tensors, temporary, {_KEY: json.dumps(told)})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from a run's folder; it is empty where no step has been done.

        Parameters
        ----------
        folder : pathlib.Path
            The run's.

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
            parts: dict[str, Any] = {part: {} for part in _PARTS}
            with safe_open(path, "pt") as file:
                for part, name, value in _tensors(file):
                    parts[part][name] = value
                told = parse_json((file.metadata() or {})[_KEY])
            fault = fault_of(told, _Told)
            if fault is not None:
                raise ValueError(fault)
            epochs = [_epoch(one) for one in told.pop("epochs")]
            return cls(epochs, **told, **parts, n_before=len(epochs))
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise damaged(folder, error) from error

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove it from a run's folder, once all that comes of it is there.

        Parameters
        ----------
        folder : pathlib.Path
            The run's.
        """
        (folder / STATE).unlink(missing_ok=True)


class _Measured(Shape):
    model_config = ConfigDict(extra="forbid")

    loss: float
    accuracy: Rate | None
    eer: Rate | None
    more: dict[str, float]


class _Epoch(Shape):
    model_config = ConfigDict(extra="forbid")

    train_loss: float
    measured: _Measured
    n_unread: NonNegativeInt


class _Told(Shape):
    model_config = ConfigDict(extra="forbid")

    step: Annotated[int, Field(ge=0)]
    loss_sum: float
    n_unread: NonNegativeInt
    epochs: list[_Epoch]


def _epoch(told: dict[str, Any]) -> Epoch:
    return Epoch(told["train_loss"], Measured(**told["measured"]), told["n_unread"])


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


def _or_nan(value: float | None) -> float:
    return nan if value is None else value


def _tensors(file: safe_open) -> Iterator[tuple[str, str, torch.Tensor]]:
    for key in file.keys():  # noqa: SIM118 - it is no mapping
        part, _, name = key.partition(".")
        yield part, name, file.get_tensor(key)
