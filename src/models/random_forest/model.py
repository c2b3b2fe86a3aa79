"""The random forest: its hyperparameters, fit and scores."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from src.models import preparation
from src.models.classifier import Choice, Hyperparameters, Range, require_dim
from src.models.random_forest.growing import grow
from src.models.sklearn_classifier import SklearnClassifier
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError
from src.utils.history import History
from src.utils.metrics.eer import compute_eer

TRUSTED = (
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._tree.Tree",
)
"""Plain arrays of nodes; `_check_trees` makes sure that none points outside."""

_CERTAIN = 1e-6
"""Probabilities are kept this far from 0 and 1, so that log-odds stay finite."""


def _check_trees(path: Path, estimator: Any) -> None:
    """Fail when a node names a child or a feature that is not there.

    scikit-learn follows these numbers without looking, so a forged file could make it read
    foreign memory.
    """
    if not isinstance(estimator, RandomForestClassifier):
        raise RunError(f"{path} holds no random forest")
    n_features = estimator.n_features_in_
    for tree in (one.tree_ for one in estimator.estimators_):
        nodes = np.arange(tree.node_count)
        inner = tree.children_left >= 0
        children = np.r_[tree.children_left[inner], tree.children_right[inner]]
        sound = (
            (children < tree.node_count).all()
            and (tree.children_left[~inner] == -1).all()
            and (tree.children_right[~inner] == -1).all()
            # Children come after their parent, so that every walk ends.
            and (children > np.r_[nodes[inner], nodes[inner]]).all()
            and (
                (tree.feature[inner] >= 0) & (tree.feature[inner] < estimator.n_features_in_)
            ).all()
            and tree.n_features == n_features
        )
        if not sound:
            raise RunError(f"{path} is damaged: a tree points outside itself")


def _log_losses(growth: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the log loss after each tree, shape (trees,), of all trees at once.

    scikit-learn's own looks at labels and probabilities again for each of hundreds of trees, which
    took longer than to grow them.
    """
    return -np.log(np.where(y == 1, growth, 1 - growth)).mean(axis=1)


class RandomForest(SklearnClassifier):
    """Scores are log-odds of the forest's probability of bona-fide."""

    name = "rf"
    description = "a random forest"
    defaults: ClassVar[Hyperparameters] = preparation.DEFAULTS | {
        "n_estimators": 100,
        "max_depth": 5,
        "min_samples_split": 2,
        "min_samples_leaf": 1,
    }
    limits: ClassVar[dict[str, Range | Choice]] = preparation.LIMITS | {
        "n_estimators": Range(1, 100_000),
        "max_depth": Range(1, 1000),
        "min_samples_split": Range(2, 1_000_000),
        "min_samples_leaf": Range(1, 1_000_000),
    }
    search_space: ClassVar[dict[str, Range | Choice]] = preparation.SEARCH_SPACE | {
        "n_estimators": Range(10, 1000),
        "max_depth": Range(1, 20),
        "min_samples_split": Range(2, 10),
        "min_samples_leaf": Range(1, 10),
    }
    trusted = TRUSTED
    certain = _CERTAIN
    check_estimator = staticmethod(_check_trees)
    default_trials = 30

    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> History:
        """Fit scaler and forest on `train`; the history shows the forest growing.

        Parameters
        ----------
        train, validation : EmbeddingSet
            See `Classifier.fit`; validation draws the history.
        """
        forest = RandomForestClassifier(**self.own_hyperparameters, random_state=self.seed)
        self._fit(forest, train, grow)
        train_growth = self._growth(train.x)
        val_growth = self._growth(validation.x)
        return History(
            train_losses=_log_losses(train_growth, train.y),
            val_losses=_log_losses(val_growth, validation.y),
            val_accuracies=((val_growth >= 0.5) == validation.y).mean(axis=1),
            val_eers=np.array([compute_eer(p, validation.y)[0] for p in val_growth]),
            step="tree",
            best=len(val_growth) - 1,
        )

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return log-odds, float64 of shape (clips,), positive for bona-fide.

        Parameters
        ----------
        x : numpy.ndarray
            Vectors, float32 of shape (clips, dim).
        """
        require_dim(x, self._pipeline.n_features_in_)
        probability = self._pipeline.predict_proba(x)[:, 1].astype(np.float64)
        probability = probability.clip(_CERTAIN, 1 - _CERTAIN)
        return np.log(probability) - np.log1p(-probability)

    def _growth(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of bona-fide after each tree, shape (trees, clips)."""
        scaled = self._pipeline[:-1].transform(x)
        # As trees take them, so that none of hundreds checks them again.
        scaled = np.ascontiguousarray(scaled, np.float32)
        forest = self._pipeline[-1]
        votes = np.array([tree.predict_proba(scaled, check_input=False)[:, 1] for tree in forest])
        means = np.cumsum(votes, axis=0) / np.arange(1, len(votes) + 1)[:, None]
        return means.clip(_CERTAIN, 1 - _CERTAIN)
