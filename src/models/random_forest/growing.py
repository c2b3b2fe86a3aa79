"""Growing a random forest, by oneDAL where it is installed."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.class_weight import compute_class_weight

from src.utils.accelerated import accelerated, n_threads

_FALSE = "`sklearn.utils.parallel.delayed` should be used with"
"""How a warning of scikit-learn begins (see `_without_false_warnings`)."""

_MOST_TREES = 6024
"""More are left to scikit-learn by oneDAL."""

_MOST_COPIES = 4
"""How many times as many rows as there are clips stand for clips of different weights."""


def grow(
    forest: RandomForestClassifier,
    x: np.ndarray,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> None:
    """Fit a forest on all cores; with the same seed, whatever their number, it is the same.

    oneDAL draws other numbers than scikit-learn and looks for splits between 256 bins of each
    feature: its forests are others of the same kind. What it has grown is made into scikit-learn's
    own trees.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestClassifier
        Not yet fitted; afterwards it scores by one thread.
    x : numpy.ndarray
        Vectors, float32 of shape (clips, dim).
    y : numpy.ndarray
        1 for bona-fide, 0 for spoof; shape (clips,).
    sample_weight : numpy.ndarray, optional
        How much each clip weighs besides its class, shape (clips,).
    """
    fast = accelerated("RandomForestClassifier") if forest.n_estimators <= _MOST_TREES else None
    with _without_false_warnings():
        if fast is None:
            forest.set_params(n_jobs=n_threads()).fit(x, y, sample_weight)
        else:
            weights = _weights(forest, y, sample_weight)
            rows = _rows(weights, forest.random_state)
            drawn = min(len(rows), len(y))
            # Weights given to oneDAL itself are not in its trees as scikit-learn sees them.
            asked = {"class_weight": None, "max_samples": drawn, "n_jobs": n_threads()}
            found = fast(**forest.get_params() | asked).fit(x[rows], y[rows])
            _take_over(forest, found, x, y, weights)
    # Threads add up the trees' votes in whatever order they end, and sums of floats differ
    # by it: one thread gives the same scores every time.
    forest.n_jobs = 1


@contextmanager
def _without_false_warnings() -> Iterator[None]:
    """Drop a warning that scikit-learn's threads give by mistake, and show all others.

    Each thread sets the filters of warnings aside for a tree. Before Python 3.14 they are one list
    for all, so that now and then a thread finds it empty, and takes that for a wrong call of it.
    """
    with warnings.catch_warnings(record=True) as caught:
        yield
    for one in caught:
        if not str(one.message).startswith(_FALSE):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _weights(
    forest: RandomForestClassifier, y: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return what each clip weighs, its class included, as scikit-learn multiplies them."""
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if forest.class_weight is None:
        return weights
    of_classes = compute_class_weight(
        forest.class_weight, classes=np.array([0, 1]), y=y, sample_weight=sample_weight
    )
    return weights * of_classes[y.astype(int)]


def _rows(weights: np.ndarray, seed: int) -> np.ndarray:
    """Return rows, each as often as it weighs: to draw of these evenly is to draw by weight.

    scikit-learn draws the clips of a tree by their weights. The lightest stands there once, so that
    none is lost, unless the heaviest then took too many rows.
    """
    shares = weights / weights.sum()
    n_rows = min(_MOST_COPIES * len(weights), 1 / shares[shares > 0].min())
    start = np.random.default_rng(seed).random()
    ends = np.floor(np.cumsum(shares) * n_rows + start).astype(int)
    return np.repeat(np.arange(len(weights)), np.diff(ends, prepend=0))


def _take_over(
    forest: RandomForestClassifier, found: Any, x: np.ndarray, y: np.ndarray, weights: np.ndarray
) -> None:
    """Make of a forest what another class has grown on the same clips."""
    # The attributes that there are, whatever the version, are those of any fit.
    first = [int(np.flatnonzero(y == label)[0]) for label in found.classes_]
    n_trees = forest.n_estimators
    forest.set_params(n_estimators=1, n_jobs=1).fit(x[first], y[first])
    forest.set_params(n_estimators=n_trees)
    [pattern] = forest.estimators_
    forest.estimators_ = []
    for tree in found.estimators_:
        one = copy.copy(pattern)
        one.random_state, one.tree_ = tree.random_state, tree.tree_
        one.tree_.value[:] = _values(tree.tree_)[:, None]
        forest.estimators_.append(one)
    forest._n_samples = forest._n_samples_bootstrap = len(y)
    forest._sample_weight = weights


def _values(tree: Any) -> np.ndarray:
    """Return the share of either class in each node, shape (nodes, 2).

    What oneDAL hands on of a leaf is which class has more clips there, how many clips there are
    and their impurity 2p(1 - p), of which p follows. A tree's nodes lie in the order of a walk that
    goes down first: the leaves below a node come next after it, as many as have its clips.
    """
    n_clips = tree.n_node_samples
    is_leaf = tree.children_left < 0
    lesser = (1 - np.sqrt((1 - 2 * tree.impurity).clip(0))) / 2
    share = np.where(tree.value[:, 0, 1] > tree.value[:, 0, 0], 1 - lesser, lesser)
    # Every clip weighs the same here, so that they can be counted.
    bona_fide = np.r_[0, np.cumsum(np.where(is_leaf, np.round(share * n_clips), 0))]
    clips = np.r_[0, np.cumsum(np.where(is_leaf, n_clips, 0))]
    end = np.searchsorted(clips, clips[:-1] + n_clips)
    share = (bona_fide[end] - bona_fide[:-1]) / n_clips
    return np.stack([1 - share, share], axis=1)
