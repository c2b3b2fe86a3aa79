"""Fitting a fusion: a logistic regression on log-likelihood ratios, shrunk to equal weights."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from src.fusion.weights import Weights
from src.models.probe import Fold, speaker_folds
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import EmbeddingError

SHRINKAGES = (10.0, 1.0, 0.1, 0.01, 0.001)
"""From the strongest on, which makes all weights nearly alike, to one that leaves them free."""


def fit_weights(llrs: np.ndarray, labels: np.ndarray, shrinkage: float) -> Weights:
    """Fit the weights of a fusion at a given shrinkage.

    What is minimised is the cross-entropy, where both classes weigh alike and targets are Platt's
    (see `fit_calibration`), and half of the shrinkage times the weights' squared deviations from
    their mean. Equal weights are what calibrated members deserve of whom nothing else is known, and
    what few clips cannot better; how large they all are is left to the clips, since members that
    hear alike must count less than such that err apart (Brümmer et al. 2007, "Fusion of
    heterogeneous speaker recognition systems in the STBU submission for the NIST speaker
    recognition evaluation 2006", without a penalty).

    No weight is negative. Every ratio is higher for bona-fide by its calibration, so that a
    negative weight would take a member's word for its contrary: on few clips a difference of two
    members that agree, which nothing holds in check on other clips.

    Parameters
    ----------
    llrs : numpy.ndarray
        Natural log-likelihood ratios by each member, shape (clips, members).
    labels : numpy.ndarray
        1 for bona-fide, 0 for spoof, shape (clips,), both of them there.
    shrinkage : float
        How strongly weights are drawn to each other, from 0 on.
    """
    x, y = np.asarray(llrs, np.float64), np.asarray(labels, np.float64)
    n_members = x.shape[1]
    size = np.where(y == 1, y.sum(), len(y) - y.sum())
    share, targets = 0.5 / size, np.where(y == 1, size + 1, 1) / (size + 2)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, offset = values[:-1], values[-1]
        z = x @ weights + offset
        apart = weights - weights.mean()
        entropy = targets * np.logaddexp(0, -z) + (1 - targets) * np.logaddexp(0, z)
        slopes = share * (expit(z) - targets)
        value = share @ entropy + shrinkage / 2 * apart @ apart
        return float(value), np.r_[x.T @ slopes + shrinkage * apart, slopes.sum()]

    found = minimize(
        loss,
        np.r_[np.full(n_members, 1 / n_members), 0.0],
        jac=True,
        method="L-BFGS-B",
        bounds=[*[(0, None)] * n_members, (None, None)],
        options={"maxiter": 10_000, "ftol": 1e-14, "gtol": 1e-9},
    )
    return Weights(found.x[:-1], float(found.x[-1]), shrinkage)


def choose_weights(llrs: np.ndarray, clips: LabelledClips, seed: int) -> Weights:
    """Fit the weights of a fusion, at the shrinkage that clips of other speakers speak for.

    Shrinkages are compared by the cross-entropy of clips held out, in folds by speaker. Of those
    that are as good as the best within one standard error of the folds' differences, the strongest
    is taken: a choice among few clips is mostly chance, and equal weights then err least. Where
    there are too few speakers for folds, it is the strongest of all.

    Parameters
    ----------
    llrs : numpy.ndarray
        Natural log-likelihood ratios by each member, shape (clips, members).
    clips : LabelledClips
        The clips, with labels and speakers.
    seed : int
        Of the folds.
    """
    folds = folds_of(clips, seed)
    strongest = SHRINKAGES[0]
    if folds:
        losses = np.array(
            [[_held_out(llrs, clips.y, fold, one) for fold in folds] for one in SHRINKAGES]
        )
        worse = losses - losses[losses.mean(axis=1).argmin()]
        errors = worse.std(axis=1, ddof=1) / np.sqrt(len(folds))
        strongest = SHRINKAGES[int(np.flatnonzero(worse.mean(axis=1) <= errors)[0])]
    return fit_weights(llrs, clips.y, strongest)


def cross_fit(llrs: np.ndarray, clips: LabelledClips, seed: int) -> np.ndarray | None:
    """Return the score of every clip by a fusion that was fitted on clips of other speakers.

    Its shrinkage is chosen without them, too.

    Parameters
    ----------
    llrs : numpy.ndarray
        Natural log-likelihood ratios by each member, shape (clips, members).
    clips : LabelledClips
        The clips, with labels and speakers.
    seed : int
        Of the folds.

    Returns
    -------
    numpy.ndarray or None
        float64, shape (clips,); None where there are too few speakers for folds.
    """
    scores = np.full(len(clips), np.nan)
    for rest, held_out in folds_of(clips, seed):
        is_rest = np.isin(np.arange(len(clips)), rest)
        weights = choose_weights(llrs[is_rest], clips.where(is_rest), seed)
        scores[held_out] = weights.fuse(llrs[held_out])
    return None if np.isnan(scores).any() else scores


def folds_of(clips: LabelledClips, seed: int) -> list[Fold]:
    """Return folds of clips by speaker, none where there are too few speakers.

    Parameters
    ----------
    clips : LabelledClips
        The clips.
    seed : int
        Of the folds.
    """
    try:
        return speaker_folds(clips, seed)
    except EmbeddingError:
        return []


def _held_out(llrs: np.ndarray, y: np.ndarray, fold: Fold, shrinkage: float) -> float:
    rest, held_out = fold
    z = fit_weights(llrs[rest], y[rest], shrinkage).fuse(llrs[held_out])
    is_bona_fide = y[held_out] == 1
    costs = np.logaddexp(0, -z[is_bona_fide]).mean(), np.logaddexp(0, z[~is_bona_fide]).mean()
    return float(np.mean(costs))
