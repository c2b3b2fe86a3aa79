"""What a search draws from: the classifier, which vectors it is given, and its hyperparameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import Trial

from src.models.classifier import Choice, Classifier, Hyperparameters, Range
from src.models.registry import CLASSIFIERS
from src.utils.config import AUTO, WEIGHTED
from src.utils.embeddings.selection import Selection, pooling_columns
from src.utils.embeddings.store import EmbeddingStore

ONE_LAYER = "one"
_CLASSIFIER, _LAYER, _LAYERS, _POOLING = "classifier", "layer", "layers", "pooling"


@dataclass(frozen=True)
class Candidate:
    """What a search trial tries.

    Attributes
    ----------
    classifier : str
        A name of `registry.CLASSIFIERS`.
    selection : Selection
        Which vectors of a backbone it is given.
    hyperparameters : dict
        The value of everything that was drawn for the classifier.
    """

    classifier: str
    selection: Selection
    hyperparameters: Hyperparameters

    def make(self, seed: int) -> Classifier:
        """Make the classifier, not yet fitted.

        Parameters
        ----------
        seed : int
            Of its training.
        """
        return CLASSIFIERS.load(self.classifier)(self.hyperparameters, seed)


@dataclass(frozen=True)
class Space:
    """What can be drawn.

    Attributes
    ----------
    classifiers : tuple of str
        Names of `registry.CLASSIFIERS`.
    layers : range
        The backbone's layers, by the model's own numbers.
    poolings : tuple of str
        Names of `pooling_columns`; the last is all statistics together.
    """

    classifiers: tuple[str, ...]
    layers: range
    poolings: tuple[str, ...]

    @classmethod
    def of(cls, classifier: str, store: EmbeddingStore) -> "Space":
        """Return the space of a search.

        Parameters
        ----------
        classifier : str
            A name of `registry.CLASSIFIERS`, or `auto` for all.
        store : EmbeddingStore
            Whose vectors are trained on.
        """
        names = tuple(CLASSIFIERS) if classifier == AUTO else (classifier,)
        return cls(names, store.layers, tuple(pooling_columns(store.stats, 1)))

    @property
    def are_many(self) -> bool:
        """Whether the classifier is searched, too."""
        return len(self.classifiers) > 1

    def is_logarithmic(self, hyperparameter: str) -> bool:
        """Say whether a number is drawn by its logarithm.

        Parameters
        ----------
        hyperparameter : str
            As a classifier names it; what is no hyperparameter is not.
        """
        spaces = [
            CLASSIFIERS.load(name).search_space.get(hyperparameter) for name in self.classifiers
        ]
        return any(isinstance(space, Range) and space.log for space in spaces)

    def values_of(self, column: str) -> tuple[Any, ...] | None:
        """Return the values that something has to choose from, None for a number in a range.

        Parameters
        ----------
        column : str
            As `trials.csv` names it.
        """
        if column == _CLASSIFIER:
            return self.classifiers
        if column == _POOLING:
            return (*self.poolings[:-1], "all")
        if column == _LAYER:
            return None
        spaces = [CLASSIFIERS.load(name).search_space.get(column) for name in self.classifiers]
        found = [space.values for space in spaces if isinstance(space, Choice)]
        return found[0] if found else None

    def draw(self, trial: Trial) -> Candidate:
        """Let a trial propose what to try.

        Parameters
        ----------
        trial : optuna.trial.Trial
            Proposes the values.
        """
        name = self.classifiers[0]
        if len(self.classifiers) > 1:
            name = trial.suggest_categorical(_CLASSIFIER, self.classifiers)
        model = CLASSIFIERS.load(name)
        prefix = self._prefix(name)
        layer: Any = WEIGHTED
        may_weigh = model.weighs_layers and len(self.layers) > 1
        if not may_weigh or (
            trial.suggest_categorical(prefix + _LAYERS, (ONE_LAYER, WEIGHTED)) == ONE_LAYER
        ):
            layer = trial.suggest_int(_LAYER, self.layers[0], self.layers[-1])
        pooling = self.poolings[-1]
        if len(self.poolings) > 1:
            pooling = trial.suggest_categorical(_POOLING, self.poolings)
        drawn = {
            key: _suggest(trial, prefix + key, space)
            for key, space in model.search_space.items()
            # Of weighted layers there are no principal components.
            if not (layer == WEIGHTED and key == "pca")
        }
        return Candidate(name, self._selection(layer, pooling), drawn)

    def read(self, params: Mapping[str, Any]) -> Candidate:
        """Return what a trial has tried.

        Parameters
        ----------
        params : mapping
            As its study keeps them.

        Raises
        ------
        ValueError
            When something is missing, as in a damaged study.
        """
        name = params.get(_CLASSIFIER, self.classifiers[0])
        if name not in self.classifiers:
            raise ValueError(f"a trial is of the classifier {name}")
        prefix = self._prefix(name)
        layer = params.get(_LAYER)
        if params.get(prefix + _LAYERS) == WEIGHTED:
            layer = WEIGHTED
        elif not isinstance(layer, int):
            raise ValueError("a trial names no layer")
        own = CLASSIFIERS.load(name).search_space
        drawn = {key: params[prefix + key] for key in own if prefix + key in params}
        return Candidate(name, self._selection(layer, params.get(_POOLING)), drawn)

    def starts(self) -> list[dict[str, Any]]:
        """Return what is tried first: the defaults of each classifier, as parameters of trials."""
        found = []
        for name in self.classifiers:
            model = CLASSIFIERS.load(name)
            prefix = self._prefix(name)
            params = {prefix + key: model.defaults[key] for key in model.search_space}
            if model.weighs_layers and len(self.layers) > 1:
                params[prefix + _LAYERS] = ONE_LAYER
            if len(self.classifiers) > 1:
                params[_CLASSIFIER] = name
            if len(self.poolings) > 1:
                params[_POOLING] = self.poolings[-1]
            found.append(params)
        return found

    def _prefix(self, name: str) -> str:
        # Hyperparameters of two classifiers may have one name and mean different things.
        return f"{name}." if len(self.classifiers) > 1 else ""

    def _selection(self, layer: Any, pooling: str | None) -> Selection:
        return Selection(layer, None if pooling == self.poolings[-1] else pooling)


def _suggest(trial: Trial, name: str, space: Any) -> Any:
    if isinstance(space, Choice):
        return trial.suggest_categorical(name, space.values)
    if isinstance(space.low, int) and isinstance(space.high, int):
        return trial.suggest_int(name, space.low, space.high, log=space.log)
    return trial.suggest_float(name, space.low, space.high, log=space.log)


def columns_of(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Return what candidates tried as rows of a table, a column for each thing that was drawn.

    Parameters
    ----------
    candidates : sequence of Candidate
        Of one search.
    """
    are_many = len({one.classifier for one in candidates}) > 1
    pooled = any(one.selection.pooling is not None for one in candidates)
    return [
        ({"classifier": one.classifier} if are_many else {})
        | {"layer": one.selection.layer}
        | ({"pooling": one.selection.pooling or "all"} if pooled else {})
        | one.hyperparameters
        for one in candidates
    ]
