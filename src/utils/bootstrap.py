"""How sure an error rate is: resampling whole speakers, not clips."""

import numpy as np

from src.utils.eer import check_trials

_CELLS_AT_ONCE = 1 << 22
"""Weights held at a time: a few rows of resamples stay in the cache, and memory stays flat."""


def resample_eer(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    n_resamples: int = 1000,
    seed: int = 7,
) -> np.ndarray:
    """Compute the EER of data sets drawn anew from the same groups.

    Clips of one speaker are alike, so drawing clips would promise more than the data holds: whole
    groups are drawn, with replacement, as many as there are (Efron & Tibshirani 1993, "An
    introduction to the bootstrap", ch. 8; for detection: Poh & Bengio 2007, "Performance
    generalization in biometric authentication using joint user-specific and sample bootstraps").
    The rule of the EER is that of `compute_eer`.

    Parameters
    ----------
    scores, labels : array_like
        As in `compute_eer`, shape (trials,).
    groups : array_like
        Whom each trial belongs to, shape (trials,).
    n_resamples : int
    seed : int

    Returns
    -------
    numpy.ndarray
        float64, shape (n_resamples,); NaN where a class was not drawn at all.

    Raises
    ------
    AudiosError
        As `compute_eer` does.
    """
    scores, labels = check_trials(scores, labels)
    _, group_of = np.unique(np.asarray(groups), return_inverse=True)
    n_groups = int(group_of.max()) + 1
    order = np.argsort(scores, kind="stable")
    scores, labels, group_of = scores[order], labels[order], group_of[order]
    # Equal scores stand or fall together: counts are read where a run of them ends.
    ends = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True])
    random = np.random.default_rng(seed)
    even = np.full(n_groups, 1 / n_groups)
    rows = max(1, _CELLS_AT_ONCE // len(scores))
    eers = np.empty(n_resamples)
    for start in range(0, n_resamples, rows):
        drawn = random.multinomial(n_groups, even, size=min(rows, n_resamples - start))
        for row, weights in enumerate(drawn, start):
            eers[row] = _weighted_eer(weights[group_of], labels, ends)
    return eers


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of resampled values, those that are NaN left out.

    Both ends are NaN where nothing is left.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _weighted_eer(weights: np.ndarray, labels: np.ndarray, ends: np.ndarray) -> float:
    """Return the EER of trials sorted by score, each counted `weights` times."""
    bona_fide = np.cumsum(weights * labels)[ends]
    everyone = np.cumsum(weights)[ends]
    n_bona_fide, n_spoof = int(bona_fide[-1]), int(everyone[-1] - bona_fide[-1])
    if not n_bona_fide or not n_spoof:
        return float("nan")
    # Rejecting all below a threshold: frr and far times both numbers, as whole numbers.
    rejected = np.r_[0, bona_fide]
    accepted = n_spoof - np.r_[0, everyone - bona_fide]
    gap = rejected * n_spoof - accepted * n_bona_fide
    # The gap never falls, so the least magnitude lies where it changes its sign.
    at = int(np.searchsorted(gap, 0))
    best = at if at == 0 or (at < len(gap) and gap[at] < -gap[at - 1]) else at - 1
    return float(rejected[best] / n_bona_fide + accepted[best] / n_spoof) / 2
