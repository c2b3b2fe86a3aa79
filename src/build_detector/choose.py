"""Choosing the classifier, by clips of sources that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from src.build_detector.corpus import apart_from
from src.build_detector.vectors import Vectors, as_set
from src.models.classifier import Classifier
from src.models.registry import CLASSIFIERS
from src.models.svm.model import SvmClassifier
from src.utils.embeddings.embedding_set import EmbeddingSet, concatenate_sets
from src.utils.metrics.bootstrap import interval, p_value, resample
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.eer import compute_eer

RESAMPLES = 1000
LEVEL = 0.05
"""A p-value from here on may be chance."""

BACKBONE = "acoustic"


@dataclass(frozen=True)
class Candidate:
    """A classifier with its settings.

    Attributes
    ----------
    classifier : str
        A name of `CLASSIFIERS`.
    hyperparameters : dict
        In place of its defaults.
    with_copies : bool
        Whether it learns from the copies of clips too, which have come through a condition.
    """

    classifier: str
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    with_copies: bool = True

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        settings = ", ".join(f"{name} {value:g}" for name, value in self.hyperparameters.items())
        return f"{self.classifier} ({settings}), {'with' if self.with_copies else 'without'} copies"


_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "lr": [{"C": 1e-3}, {"C": 1e-2}],
    "svm": [{"C": 0.1}, {"C": 0.3}, {"C": 1.0}],
    "rf": [{"n_estimators": 200, "max_depth": 12, "min_samples_leaf": 3}],
    "mlp": [{"hidden_size": 256, "weight_decay": 0.03, "dropout": 0.5}],
}

CANDIDATES = tuple(
    Candidate(classifier, hyperparameters, with_copies)
    for classifier, settings in _SETTINGS.items()
    for hyperparameters in settings
    for with_copies in (False, True)
)
"""What is tried; the first classifier is the simplest."""


def fit(
    candidate: Candidate, clips: pd.DataFrame, vectors: Vectors, mask: np.ndarray, folds: np.ndarray
) -> Classifier:
    """Fit a candidate on some of the clips.

    Parameters
    ----------
    candidate : Candidate
        What is fitted.
    clips : pandas.DataFrame
        All clips.
    vectors : Vectors
        Of all clips.
    mask : numpy.ndarray
        bool, shape (clips,): true for those to learn from.
    folds : numpy.ndarray
        The fold of each clip; the first that is among them says when to stop, where that is to be
        said, and a classifier of this kind then learns from the others.
    """
    is_stopping = mask & (folds == folds[mask].min())
    learnt = mask & ~is_stopping if candidate.classifier == "mlp" else mask
    model = CLASSIFIERS.load(candidate.classifier)(candidate.hyperparameters)
    train = _set_of(clips, vectors, learnt, candidate.with_copies)
    model.fit(train, _set_of(clips, vectors, is_stopping, candidate.with_copies))
    if isinstance(model, SvmClassifier):
        # What is measured is what is given away, and that must be small.
        model.round_vectors()
    return model


def fit_without(
    candidate: Candidate, clips: pd.DataFrame, vectors: Vectors, held: np.ndarray, folds: np.ndarray
) -> Classifier:
    """Fit a candidate on what has nothing in common with clips that are held out.

    Parameters
    ----------
    candidate, clips, vectors, folds
        See `fit`.
    held : numpy.ndarray
        bool, shape (clips,): true for those held out, whose voices, sources and attacks are too.
    """
    return fit(candidate, clips, vectors, apart_from(clips, held), folds)


def _set_of(
    clips: pd.DataFrame, vectors: Vectors, mask: np.ndarray, with_copies: bool
) -> EmbeddingSet:
    plain = as_set(clips[mask], vectors.plain[mask], BACKBONE)
    if not with_copies:
        return plain
    return concatenate_sets(plain, as_set(clips[mask], vectors.copies[mask], BACKBONE, " (copy)"))


def held_out_models(
    candidate: Candidate, clips: pd.DataFrame, vectors: Vectors, folds: np.ndarray
) -> dict[int, Classifier]:
    """Fit a model a fold, which has heard nothing like the clips of the fold.

    It learns from the clips of other folds, without those that share a voice or an attack with it.

    Parameters
    ----------
    candidate : Candidate
        What is fitted, once a fold.
    clips : pandas.DataFrame
        All clips.
    vectors : Vectors
        Of all clips.
    folds : numpy.ndarray
        The fold of each clip, in which whole sources lie.
    """
    return {
        int(fold): fit_without(candidate, clips, vectors, folds == fold, folds)
        for fold in np.unique(folds)
    }


def held_out_scores(
    models: Mapping[int, Classifier], vectors: Vectors, folds: np.ndarray
) -> np.ndarray:
    """Score each clip, and its copy, by the model of its fold.

    Parameters
    ----------
    models : mapping of int to Classifier
        As `held_out_models` returns them.
    vectors : Vectors
        Of all clips.
    folds : numpy.ndarray
        The fold of each clip.

    Returns
    -------
    numpy.ndarray
        float64, shape (clips, 2): of the clip as it is, and of its copy.
    """
    scores = np.empty((len(folds), 2))
    for fold, model in models.items():
        held = folds == fold
        scores[held, 0] = model.score(vectors.plain[held])
        scores[held, 1] = model.score(vectors.copies[held])
    return scores


def calibrate_across(scores: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Turn the scores of each fold into log-likelihood ratios by those of the other folds.

    Parameters
    ----------
    scores : numpy.ndarray
        float64, shape (clips, 2), of `held_out_scores`.
    y : numpy.ndarray
        1 for bona-fide, shape (clips,).
    folds : numpy.ndarray
        The fold of each clip.

    Returns
    -------
    numpy.ndarray
        float64, shape (clips, 2).
    """
    llrs = np.empty_like(scores)
    for fold in np.unique(folds):
        held = folds == fold
        known = fit_calibration(scores[~held].ravel(), np.repeat(y[~held], 2))
        llrs[held] = known.llrs(scores[held])
    return llrs


@dataclass(frozen=True)
class Tried:
    """What a candidate came to.

    Attributes
    ----------
    candidate : Candidate
        What was tried.
    llrs : numpy.ndarray
        Log-likelihood ratios of each clip and its copy, float64 of shape (clips, 2).
    eer : float
        Of all of them together.
    ci95 : (float, float)
        Its 95 % interval over sources.
    """

    candidate: Candidate
    llrs: np.ndarray
    eer: float
    ci95: tuple[float, float]


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what.

    Attributes
    ----------
    best : Candidate
        What was chosen.
    tried : list of Tried
        All candidates.
    p_values : dict of str to float
        By classifier, that its best is as good as the best of all.
    """

    best: Candidate
    tried: list[Tried]
    p_values: dict[str, float]


def choose(
    candidates: Sequence[Candidate], clips: pd.DataFrame, vectors: Vectors, folds: np.ndarray
) -> Choice:
    """Choose the candidate with the lowest EER, or a simpler one that does not differ from it.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those of the simplest classifier first.
    clips : pandas.DataFrame
        All clips.
    vectors : Vectors
        Of all clips.
    folds : numpy.ndarray
        The fold of each clip, in which whole sources lie.
    """
    y, sources = clips["y"].to_numpy(), clips["source"].to_numpy(str)
    n_sources = Clusters(sources).count(y)
    tried, draws = [], []
    for candidate in candidates:
        models = held_out_models(candidate, clips, vectors, folds)
        scores = held_out_scores(models, vectors, folds)
        llrs = calibrate_across(scores, y, folds)
        eer = compute_eer(llrs.ravel(), np.repeat(y, 2))[0]
        drawn = draw_eers(llrs.ravel(), np.repeat(y, 2), Clusters(np.repeat(sources, 2)))
        tried.append(Tried(candidate, llrs, eer, interval(drawn, n_clusters=n_sources)))
        draws.append(drawn)
    best = int(np.argmin([one.eer for one in tried]))
    own: dict[str, int] = {}
    for place, one in enumerate(tried):
        name = one.candidate.classifier
        if name not in own or one.eer < tried[own[name]].eer:
            own[name] = place
    p_values = {
        name: 1.0 if place == best else p_value(draws[place] - draws[best], n_sources)
        for name, place in own.items()
    }
    simplest = next(name for name, p in p_values.items() if not p < LEVEL)
    return Choice(tried[own[simplest]].candidate, tried, p_values)


def draw_eers(scores: np.ndarray, y: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Return the EER in draws of clusters, float64 of shape (resamples,).

    Parameters
    ----------
    scores : numpy.ndarray
        Higher for bona-fide, shape (trials,).
    y : numpy.ndarray
        1 for bona-fide, shape (trials,).
    clusters : Clusters
        What is drawn as a whole.
    """
    found = resample(scores, y, clusters, 0.0, None, RESAMPLES, metrics=["eer"])
    return found["eer"]
