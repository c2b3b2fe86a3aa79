"""The cost of log-likelihood ratios, whatever the threshold."""

import numpy as np

from src.utils.metrics.eer import check_trials


def bits(llrs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return what each trial's ratio costs, in bits, shape (trials,).

    Parameters
    ----------
    llrs, labels : numpy.ndarray
        As in `cllr`, checked.
    """
    wrong_way = np.where(labels == 1, -llrs, llrs)
    return np.logaddexp(0.0, wrong_way) / np.log(2)


def cllr(llrs: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over both classes of what the ratios cost.

    Brümmer & du Preez (2006), "Application-independent evaluation of speaker detection". 0 is
    perfect, 1 is what saying nothing (a ratio of 1 for all) costs; above 1 the ratios mislead.

    Parameters
    ----------
    llrs : array_like
        Natural logarithms, shape (trials,), positive where bona-fide is likelier.
    labels : array_like
        1 for bona-fide, 0 for spoof, shape (trials,).

    Raises
    ------
    AudiosError
        As `det_curve` does.

    Examples
    --------
    >>> cllr([0.0, 0.0], [0, 1])
    1.0
    """
    llrs, labels = check_trials(llrs, labels)
    costs = bits(llrs, labels)
    return float((costs[labels == 1].mean() + costs[labels == 0].mean()) / 2)
