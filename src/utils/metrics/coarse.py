"""Scores rounded, where a test has so many trials that chance blurs them further than rounding."""

from collections.abc import Iterable

import numpy as np

from src.utils.metrics.counts import Quantity, ScoredTrials

FINENESS = 0.25
"""The most by which an error rate changes from a point to the next, in its standard errors."""


def round_scores(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Round scores down to points between which neither error rate moves further than chance does.

    An error rate F of n trials has the standard error `sqrt(F (1 - F) / n)`; that of
    `arcsin(sqrt(F))` is `1 / (2 sqrt(n))` wherever it lies (Bartlett 1936, "The square root
    transformation in analysis of variance"). So points in even steps of it, `FINENESS` of that
    error, are as fine in the tails as they must be, and number with the square root of the trials.

    Parameters
    ----------
    scores, labels : numpy.ndarray
        As `check_trials` returns them.

    Returns
    -------
    numpy.ndarray
        float64, of the shape and in the order of `scores`, with ties where these had none.
    """
    distinct, points = np.unique(scores, return_inverse=True)
    is_first = np.zeros(len(distinct), bool)
    is_first[0] = True
    for value in (0, 1):
        here = np.bincount(points[labels == value], minlength=len(distinct))
        n = here.sum()
        below = np.cumsum(here) - here
        step = np.floor(np.arcsin(np.sqrt(below / n)) * 2 * np.sqrt(n) / FINENESS)
        is_first[1:] |= step[1:] != step[:-1]
    rounded = distinct[is_first][np.cumsum(is_first) - 1]
    return rounded[points]


def alike_trials(trials: ScoredTrials, quantities: Iterable[Quantity]) -> np.ndarray:
    """Give trials numbers so that those of one number make no difference to each other.

    They have one class, one rounded score, and are on the same side of every rule that decides.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    quantities : iterable of Quantity
        What is added up of them; of those that are no truth values, the mean of the trials that
        are alike stands for each.

    Returns
    -------
    numpy.ndarray
        int64, shape (trials,).
    """
    scores = round_scores(trials.scores, trials.labels)
    _, numbers = np.unique(scores, return_inverse=True)
    numbers = 2 * numbers + trials.labels
    for quantity in quantities:
        values = quantity(trials)
        if values.dtype == bool:
            numbers = 2 * numbers + values
    return numbers
