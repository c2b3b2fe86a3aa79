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
    """Say whether a trial can be given up: it is worse than the median one by more than chance.

    The median one of the finished trials is that by the mean EER on the folds that this trial has
    done. Its differences from it, fold by fold, must be above 0 in the mean by more than chance:
    the lower end of their one-sided 95 % interval (Student's t) lies above 0. They are taken to
    spread by one clip at least, since folds of few clips agree by chance. It is not the best trial
    that is compared with: the best of many has been lucky, and as good a one would be given up.

    Parameters
    ----------
    eers : sequence of float
        Its EERs on the first folds.
    others : sequence of sequence of float
        Those of every finished trial, on all folds.
    one_clip : float
        How far one clip on the wrong side moves the EER of a fold.
    """
    n_done = len(eers)
    if n_done < FEWEST_FOLDS or len(others) < _FEWEST_TRIALS:
        return False
    means = [float(np.mean(one[:n_done])) for one in others]
    median = others[int(np.argsort(means, kind="stable")[len(means) // 2])]
    differences = np.asarray(eers) - np.asarray(median[:n_done])
    spread = max(float(differences.std(ddof=1)), one_clip)
    margin = student.ppf(_CONFIDENCE, n_done - 1) * spread / math.sqrt(n_done)
    return float(differences.mean()) > margin
