"""What every classifier is: hyperparameters with bounds, fit, score, save and load."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import ArgumentError, choose
from src.utils.history import History


@dataclass(frozen=True)
class Range:
    """The numbers one hyperparameter may take.

    Attributes
    ----------
    low, high : int or float
        Both included. Whole numbers when both are int.
    log : bool
        Whether a search tries them evenly on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """The values one hyperparameter may take."""

    values: tuple[int | float | str, ...]


Hyperparameters = dict[str, Any]


class Configured:
    """What has hyperparameters with bounds.

    Parameters
    ----------
    hyperparameters : mapping, optional
        Values in place of `defaults`.
    seed : int

    Raises
    ------
    ArgumentError
        For an unknown hyperparameter, or a value of the wrong kind or out of its limits.
    """

    name: ClassVar[str]
    defaults: ClassVar[Hyperparameters]
    limits: ClassVar[dict[str, Range | Choice]]
    """What makes sense at all, by hyperparameter; a search stays well inside."""

    def __init__(self, hyperparameters: Mapping[str, Any] | None = None, seed: int = 7) -> None:
        self.hyperparameters = self.defaults | self.check(hyperparameters or {})
        self.seed = seed

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> Hyperparameters:
        """Return `given` with every value brought to the kind of its default.

        Raises
        ------
        ArgumentError
            For an unknown hyperparameter, or a value of the wrong kind or out of its limits.
        """
        checked: Hyperparameters = {}
        for name, value in given.items():
            choose("--hyperparameters", name, cls.defaults)
            default = cls.defaults[name]
            try:
                checked[name] = type(default)(value)
                if isinstance(default, int) and float(value) != checked[name]:
                    raise ValueError
            except (TypeError, ValueError):
                kind = {int: "a whole number", float: "a number"}.get(type(default), "a word")
                raise ArgumentError(f"--hyperparameters: {name}={value} is not {kind}") from None
            cls._check_value(name, checked[name])
        return checked

    @classmethod
    def _check_value(cls, name: str, value: Any) -> None:
        limit = cls.limits[name]
        if isinstance(limit, Choice):
            choose(f"--hyperparameters: {name}", value, map(str, limit.values))
        elif not limit.low <= value <= limit.high:
            raise ArgumentError(
                f"--hyperparameters: {name}={value} must lie between {limit.low:g} and "
                f"{limit.high:g}"
            )


class Scorer(Protocol):
    """What scores vectors, once it is fitted."""

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (clips,), for x of shape (clips, dim)."""


class Classifier(Configured, ABC):
    """A detector of spoofs from embeddings; its scores are higher for bona-fide.

    Parameters
    ----------
    hyperparameters, seed
        See `Configured`.
    """

    search_space: ClassVar[dict[str, Range | Choice]]
    default_trials: ClassVar[int]

    @abstractmethod
    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> History | None:
        """Learn from `train`; `validation` serves to stop and to choose, never to scale.

        Returns
        -------
        History or None
            None for a classifier that learns in one step.
        """

    @abstractmethod
    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (clips,), for x of shape (clips, dim)."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted model into `folder`."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Read what `save` wrote; nothing in it is ever executed.

        Raises
        ------
        RunError
            When the file is absent or holds anything but the expected.
        """
