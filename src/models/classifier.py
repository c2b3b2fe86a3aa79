"""What every classifier is: hyperparameters with bounds, fit, score, save and load."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from src.utils.config import WEIGHTED
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import ArgumentError, RunError, choose
from src.utils.history import History
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run


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
    """The values one hyperparameter may take.

    Attributes
    ----------
    values : tuple
        All of one kind: whole numbers, numbers or words.
    """

    values: tuple[int | float | str, ...]


Hyperparameters = dict[str, Any]
"""Values by name, as a run's manifest keeps them."""


class Configured:
    """What has hyperparameters with bounds.

    Parameters
    ----------
    hyperparameters : mapping, optional
        Values in place of `defaults`.
    seed : int
        Of everything random in the training.

    Raises
    ------
    ArgumentError
        For an unknown hyperparameter, or a value of the wrong kind or out of its limits.
    """

    defaults: ClassVar[Hyperparameters]
    limits: ClassVar[dict[str, Range | Choice]]
    """What makes sense at all, by hyperparameter; a search stays well inside."""

    def __init__(self, hyperparameters: Mapping[str, Any] | None = None, seed: int = 7) -> None:
        self.hyperparameters = self.defaults | self.check(hyperparameters or {})
        self.seed = seed

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> Hyperparameters:
        """Return `given` with every value brought to the kind of its default.

        Parameters
        ----------
        given : mapping
            Values by the name of the hyperparameter; as text, where a user has typed them.

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


def require_dim(x: np.ndarray, dim: int) -> None:
    """Fail for vectors of another length than a model was trained on.

    Parameters
    ----------
    x : numpy.ndarray
        Vectors, shape (clips, dim).
    dim : int
        The length that the model takes.

    Raises
    ------
    RunError
        Where a run's model is not the one that its manifest tells of.
    """
    if x.shape[1] != dim:
        raise RunError(
            f"the run's model takes vectors of {dim:,} numbers, and is given {x.shape[1]:,}: its "
            f"file is of another run; train again"
        )


class Scorer(Protocol):
    """What scores vectors, once it is fitted."""

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (clips,), for x of shape (clips, dim)."""


@runtime_checkable
class FusingScorer(Scorer, Protocol):
    """What scores vectors by several members, each of whose ratios is told beside the score.

    Attributes
    ----------
    members : tuple of str
        Their labels.
    """

    members: tuple[str, ...]

    def llrs(self, x: np.ndarray) -> np.ndarray:
        """Return each member's ratios, float64 of shape (clips, members), for x (clips, dim)."""

    def fuse(self, llrs: np.ndarray) -> np.ndarray:
        """Return scores, float64 of shape (clips,), for llrs of shape (clips, members)."""


def members_of_scorer(scorer: Scorer) -> tuple[str, ...]:
    """Return the labels of the members that a scorer has, none where it is one by itself.

    Parameters
    ----------
    scorer : Scorer
        Any.
    """
    return scorer.members if isinstance(scorer, FusingScorer) else ()


def score_with_members(scorer: Scorer, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, float64 of shape (clips,), and members' ratios, (clips, members).

    Parameters
    ----------
    scorer : Scorer
        Any; one that is no fusion has no members.
    x : numpy.ndarray
        Vectors, shape (clips, dim).
    """
    if isinstance(scorer, FusingScorer):
        llrs = scorer.llrs(x)
        return scorer.fuse(llrs), llrs
    return scorer.score(x), np.empty((len(x), 0))


class Classifier(Configured, ABC):
    """A detector of spoofs from embeddings; its scores are higher for bona-fide.

    Parameters
    ----------
    hyperparameters, seed
        See `Configured`.
    """

    name: ClassVar[str]
    """What `--classifier` takes, and what runs and studies of it say."""
    description: ClassVar[str]
    """What it is, in a few words with their article; a model card says it."""
    search_space: ClassVar[dict[str, Range | Choice]]
    """What a hyperparameter search draws from, inside `limits`."""
    default_trials: ClassVar[int]
    """How many trials a hyperparameter search makes where nobody says how many."""
    is_random: ClassVar[bool] = True
    """Whether another seed gives another model."""
    weighs_layers: ClassVar[bool] = False
    """Whether it learns weights of all layers of a backbone (`--layer=weighted`)."""

    def require_layers(self, layer: int | str) -> None:
        """Fail for all layers of a backbone where they cannot be weighed.

        Parameters
        ----------
        layer : int or str
            As `--layer` names it.

        Raises
        ------
        ArgumentError
            When the classifier cannot, or is to reduce vectors to principal components, which are
            of one layer.
        """
        if layer != WEIGHTED:
            return
        if not self.weighs_layers:
            raise ArgumentError(f"--layer={WEIGHTED}: {self.name} cannot learn weights of layers")
        n_components = self.hyperparameters["pca"]
        if n_components:
            raise ArgumentError(
                f"--hyperparameters: pca={n_components} goes with one layer, not with "
                f"--layer={WEIGHTED}"
            )

    @classmethod
    def of(cls, run: Run) -> Self:
        """Load the model of a training run.

        Parameters
        ----------
        run : Run
            A finished training of this classifier.

        Raises
        ------
        RunError
            When its file is absent or damaged.
        """
        require_training(run.manifest, run.folder / MANIFEST)
        try:
            model = cls(run.settings["hyperparameters"], run.settings["seed"])
        except ArgumentError as error:
            raise RunError(f"{run.folder / MANIFEST} is damaged: {error}; train again") from error
        model.load(run.folder)
        return model

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

    @abstractmethod
    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> History | None:
        """Learn from `train`; `validation` serves to stop and to choose, never to scale.

        Parameters
        ----------
        train, validation : EmbeddingSet
            The clips to learn from, and those of other speakers.

        Returns
        -------
        History or None
            None for a classifier that learns in one step.
        """

    @classmethod
    def fit_together(
        cls, models: Sequence[Self], sets: Sequence[tuple[EmbeddingSet, EmbeddingSet]]
    ) -> None:
        """Fit several models of equal hyperparameters, each as it would be alone.

        Parameters
        ----------
        models : sequence of Classifier
            Not yet fitted: folds of a cross-validation, or seeds of one training.
        sets : sequence of (EmbeddingSet, EmbeddingSet)
            Training and validation of each.
        """
        for model, (train, validation) in zip(models, sets, strict=True):
            model.fit(train, validation)
