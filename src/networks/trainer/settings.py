"""How a network is trained, whatever it is."""

from dataclasses import asdict, dataclass
from typing import Any

from src.utils.config import PRECISIONS
from src.utils.errors import ArgumentError, choose

SCHEDULES = ("cosine", "linear", "constant")
"""How learning rates go on behind the warm-up: down to 0 in one of two ways, or as they are."""


@dataclass(frozen=True)
class TrainerSettings:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        The most passes over the examples.
    batch_size : int
        Examples that a process computes at once.
    accumulate : int
        Batches whose gradients are summed before the weights are changed.
    learning_rate, front_learning_rate : float
        The highest learning rates, of `BACK` and of `FRONT`.
    weight_decay : float
        Of AdamW, on weights; norms and biases have none.
    warmup : float
        The share of all steps in which learning rates rise from 0.
    schedule : {'cosine', 'linear', 'constant'}
        How they go on behind it.
    max_norm : float
        Gradients whose norm over all parameters is larger are scaled down to it; 0 for never.
    patience : int
        Epochs without a better validation before the training ends early.
    precision : {'auto', 'float32', 'bfloat16'}
        What layers are computed in; `auto` is bfloat16 on GPUs that have it.

    Raises
    ------
    ArgumentError
        For a value that makes no sense, named as the flag that gives it.
    """

    epochs: int = 20
    batch_size: int = 32
    accumulate: int = 1
    learning_rate: float = 1e-4
    front_learning_rate: float = 1e-4
    weight_decay: float = 1e-4
    warmup: float = 0.1
    schedule: str = "cosine"
    max_norm: float = 1.0
    patience: int = 5
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulate", "patience"):
            self._require(name, getattr(self, name) >= 1, "must be at least 1")
        for name in ("learning_rate", "front_learning_rate", "weight_decay", "max_norm"):
            self._require(name, getattr(self, name) >= 0, "must not be negative")
        self._require("warmup", 0 <= self.warmup < 1, "must lie between 0 and 1")
        choose("--schedule", self.schedule, SCHEDULES)
        choose("--precision", self.precision, PRECISIONS)

    def _require(self, name: str, is_so: bool, told: str) -> None:
        if not is_so:
            flag = f"--{name.replace('_', '-')}"
            raise ArgumentError(f"{flag}={getattr(self, name)} {told}")

    def describe(self) -> dict[str, Any]:
        """Return them as JSON values, which are hyperparameters of the run."""
        return asdict(self)
