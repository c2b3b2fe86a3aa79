"""What every metric is computed from: trials, each counted as often as it was drawn.

All trials of a test are the draw in which each counts once. So a metric is one formula, for its
value on a test and for every draw of the bootstrap.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from src.utils.metrics.decisions import Decisions
from src.utils.metrics.eer import DetCurve, check_trials, det_curve
from src.utils.metrics.tandem import VerifierErrors


@dataclass(frozen=True)
class ScoredTrials:
    """Trials with their scores, checked.

    Attributes
    ----------
    scores : numpy.ndarray
        float64, shape (trials,), higher for bona-fide.
    labels : numpy.ndarray
        int64, shape (trials,): 1 bona-fide, 0 spoof.
    llrs : numpy.ndarray
        The scores as natural log-likelihood ratios, float64, shape (trials,).
    threshold : float
        A trial is accepted when its score is at or above it.
    """

    scores: np.ndarray
    labels: np.ndarray
    llrs: np.ndarray
    threshold: float

    @classmethod
    def of(
        cls,
        scores: np.ndarray,
        labels: np.ndarray,
        threshold: float,
        llrs: np.ndarray | None = None,
    ) -> "ScoredTrials":
        """Make them of lists, which are checked.

        Parameters
        ----------
        scores, labels : array_like
            As of `check_trials`, which refuses others.
        threshold : float
            A trial is accepted when its score is at or above it.
        llrs : array_like, optional
            The scores as natural log-likelihood ratios, shape (trials,); by default the scores
            are taken for such.
        """
        scores, labels = check_trials(scores, labels)
        ratios = scores if llrs is None else check_trials(llrs, labels)[0]
        return cls(scores, labels, ratios, float(threshold))


Quantity = Callable[[ScoredTrials], np.ndarray]
"""What is added up over the trials of a class: a number or a truth value a trial."""


def number(trials: ScoredTrials) -> np.ndarray:
    """Count each trial.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    """
    return np.ones(len(trials.labels), bool)


def is_accepted(trials: ScoredTrials) -> np.ndarray:
    """Tell which trials are accepted at the threshold.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    """
    return trials.scores >= trials.threshold


@dataclass(frozen=True)
class Counts:
    """What metrics are computed from.

    Attributes
    ----------
    curve : DetCurve
        How many trials are accepted and rejected at every threshold.
    totals : mapping of Quantity to (float, float)
        What a quantity comes to over all bona-fide trials, and over all spoofs; of many draws,
        arrays of shape (draws,).
    is_draw : bool
        Whether this is a draw of the bootstrap, or many of them, and not all trials once each.
    verifier : VerifierErrors or None
        The errors of a speaker verifier, for the metrics that need it.
    """

    curve: DetCurve
    totals: Mapping[Quantity, tuple[Any, Any]]
    is_draw: bool = False
    verifier: VerifierErrors | None = None

    @cached_property
    def decisions(self) -> Decisions:
        """The decisions at the threshold."""
        return self.decided_by(is_accepted)

    def decided_by(self, acceptance: Quantity) -> Decisions:
        """Return the decisions of a rule other than the threshold.

        Parameters
        ----------
        acceptance : Quantity
            True for the trials that are accepted; one of `totals`.
        """
        return Decisions(*self.totals[acceptance], *self.totals[number])

    def means(self, quantity: Quantity) -> tuple[Any, Any]:
        """Return the mean of a quantity over the bona-fide trials, and over the spoofs.

        Parameters
        ----------
        quantity : Quantity
            One of `totals`.
        """
        bona_fide, spoof = self.totals[quantity]
        n_bona_fide, n_spoof = self.totals[number]
        return bona_fide / n_bona_fide, spoof / n_spoof


def count_trials(trials: ScoredTrials, quantities: Iterable[Quantity]) -> Counts:
    """Count every trial once.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    quantities : iterable of Quantity
        What is added up.
    """
    masks = trials.labels == 1, trials.labels == 0
    totals = {}
    for quantity in (number, *quantities):
        values = quantity(trials)
        totals[quantity] = _total(values[masks[0]]), _total(values[masks[1]])
    return Counts(det_curve(trials.scores, trials.labels), totals)


def _total(values: np.ndarray) -> float:
    # Of numbers in this very order and by pairs, as `numpy.mean` adds them.
    return int(np.count_nonzero(values)) if values.dtype == bool else float(values.sum())
