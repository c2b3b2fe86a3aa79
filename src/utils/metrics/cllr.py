"""The cost of log-likelihood ratios (Cllr), whatever the threshold."""

from typing import Any

import numpy as np

from src.utils.metrics.counts import Counts, ScoredTrials, count_trials


def bits(llrs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the logarithmic cost of each trial's ratio, in bits, shape (trials,).

    Parameters
    ----------
    llrs : numpy.ndarray
        Natural log-likelihood ratios, shape (trials,), positive where bona-fide is likelier.
    labels : numpy.ndarray
        1 for bona-fide, 0 for spoof, shape (trials,).
    """
    wrong_way = np.where(labels == 1, -llrs, llrs)
    return np.logaddexp(0.0, wrong_way) / np.log(2)


def cost_in_bits(trials: ScoredTrials) -> np.ndarray:
    """Return `bits` of trials: the quantity of which Cllr is the mean.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    """
    return bits(trials.llrs, trials.labels)


def cllr_of(counts: Counts) -> Any:
    """Return Cllr: the mean over both classes of the mean cost of their ratios, in bits.

    Parameters
    ----------
    counts : Counts
        With the total of `cost_in_bits`.
    """
    bona_fide, spoof = counts.means(cost_in_bits)
    return (bona_fide + spoof) / 2


def cllr(llrs: np.ndarray, labels: np.ndarray) -> float:
    """Return the cost of log-likelihood ratios.

    Brümmer & du Preez (2006), "Application-independent evaluation of speaker detection". 0 is
    perfect, 1 is what saying nothing (a ratio of 1 for all) costs; above 1 the ratios mislead.

    Parameters
    ----------
    llrs : array_like
        Natural logarithms, shape (trials,), positive where bona-fide is likelier.
    labels : array_like
        1 for bona-fide, 0 for spoof, shape (trials,); `check_trials` refuses others.

    Examples
    --------
    >>> cllr([0.0, 0.0], [0, 1])
    1.0
    """
    return float(cllr_of(count_trials(ScoredTrials.of(llrs, labels, 0.0), [cost_in_bits])))
