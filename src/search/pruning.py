"""Giving a trial up before its last fold, where it is worse by more than chance."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

FEWEST_FOLDS = 2
"""Folds that a trial has done before it may be given up."""

_FEWEST_TRIALS = 5
"""Finished trials before any is given up."""

_CONFIDENCE = 0.95


def is_hopeless(eers: Sequence[float], others: Sequence[Sequence[float]], one_clip: float) -> bool:
    """Say whether a trial can be given up: worse than most others, and than the best for sure.

    On the folds that it has done, its mean EER must lie above the median of what finished trials
    had there, and above the best one's by more than chance: the lower end of the one-sided 95 %
    interval (Student's t) of the mean difference, fold by fold, lies above 0. The differences are
    taken to spread by one clip at least, since folds of few clips agree by chance.

    Parameters
    ----------
    eers : sequence of float
        Its EERs on the first folds.
    others : sequence of sequence of float
        Those of every finished trial, on all folds, the best trial first.
    one_clip : float
        How far one clip on the wrong side moves the EER of a fold.
    """
    n_done = len(eers)
    if n_done < FEWEST_FOLDS or len(others) < _FEWEST_TRIALS:
        return False
    ours = float(np.mean(eers))
    if ours <= np.median([np.mean(one[:n_done]) for one in others]):
        return False
    differences = np.asarray(eers) - np.asarray(others[0][:n_done])
    spread = max(float(differences.std(ddof=1)), one_clip)
    margin = student.ppf(_CONFIDENCE, n_done - 1) * spread / math.sqrt(n_done)
    return float(differences.mean()) > margin
