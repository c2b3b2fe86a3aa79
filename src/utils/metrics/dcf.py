"""Detection cost functions (DCF): the expected cost of decisions at given priors and costs."""

from dataclasses import dataclass
from math import log
from typing import Any, TypeVar

import numpy as np

from src.utils.metrics.counts import Counts, ScoredTrials
from src.utils.metrics.decisions import Decisions
from src.utils.metrics.eer import DetCurve, check_trials

Rates = TypeVar("Rates", float, np.ndarray)


@dataclass(frozen=True)
class DetectionCosts:
    """The prior of spoofs and the costs of both errors; by default those of ASVspoof 5.

    Wang et al. (2024), "ASVspoof 5: Crowdsourced speech data, deepfakes, and adversarial attacks at
    scale", section 4: P_spoof 0.05, C_miss 1, C_fa 10.

    Attributes
    ----------
    p_spoof : float
        Share of spoof trials, between 0 and 1.
    c_miss, c_fa : float
        The cost of rejecting a bona-fide trial, and of accepting a spoof.
    """

    p_spoof: float = 0.05
    c_miss: float = 1.0
    c_fa: float = 10.0

    @property
    def miss_weight(self) -> float:
        """The cost of rejecting all bona-fide trials."""
        return self.c_miss * (1 - self.p_spoof)

    @property
    def fa_weight(self) -> float:
        """The cost of accepting all spoofs."""
        return self.c_fa * self.p_spoof

    @property
    def bayes_threshold(self) -> float:
        """The log-likelihood ratio (natural) from which accepting costs less than rejecting."""
        return log(self.fa_weight / self.miss_weight)

    def of(self, frr: Rates, far: Rates) -> Rates:
        """Return the cost of decisions with these error rates.

        It is normalised: 1 is what the better of accepting all and rejecting all costs.

        Parameters
        ----------
        frr, far : float or numpy.ndarray
            False rejection and false acceptance rates, of one shape, which the costs have too.
        """
        lowest = min(self.miss_weight, self.fa_weight)
        return (self.miss_weight * frr + self.fa_weight * far) / lowest


ASVSPOOF5 = DetectionCosts()


def min_dcf(curve: DetCurve, costs: DetectionCosts = ASVSPOOF5) -> Any:
    """Return the normalised cost at the best of all thresholds; of draws, one each.

    Parameters
    ----------
    curve : DetCurve
        Of all trials, or of a draw of the bootstrap.
    costs : DetectionCosts
        The prior and the costs.

    Examples
    --------
    >>> from src.utils.metrics.eer import det_curve
    >>> float(min_dcf(det_curve([-1.0, 2.0, 3.0, 1.0], [0, 0, 1, 1])))
    0.5
    """
    return costs.of(curve.frr, curve.far).min(axis=0)


def is_accepted_by_ratio(trials: ScoredTrials) -> np.ndarray:
    """Tell which trials have a ratio at or above the Bayes threshold of ASVspoof 5.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    """
    return trials.llrs >= ASVSPOOF5.bayes_threshold


def act_dcf_of(counts: Counts) -> Any:
    """Return `act_dcf` at the costs of ASVspoof 5.

    Parameters
    ----------
    counts : Counts
        With the total of `is_accepted_by_ratio`.
    """
    made = counts.decided_by(is_accepted_by_ratio)
    # In a draw the rate is what the accepted trials leave of 1: the same but for its rounding,
    # which the intervals of all results so far have.
    rejected = 1 - made.accepted_bona_fide / made.n_bona_fide if counts.is_draw else made.frr
    return ASVSPOOF5.of(rejected, made.far)


def act_dcf(llrs: np.ndarray, labels: np.ndarray, costs: DetectionCosts = ASVSPOOF5) -> float:
    """Return the normalised cost of deciding by log-likelihood ratios as they are.

    A trial is accepted when its ratio is at or above `bayes_threshold`. By as much as the cost
    exceeds `min_dcf`, the ratios are badly calibrated for these costs.

    Parameters
    ----------
    llrs : array_like
        Natural logarithms, shape (trials,), positive where bona-fide is likelier.
    labels : array_like
        1 for bona-fide, 0 for spoof, shape (trials,); `check_trials` refuses others.
    costs : DetectionCosts
        The prior and the costs, which fix the threshold.

    Examples
    --------
    >>> act_dcf([-2.0, 3.0, 3.0, 1.0], [0, 0, 1, 1])
    0.5
    """
    llrs, labels = check_trials(llrs, labels)
    accepted = llrs >= costs.bayes_threshold
    of_class = (accepted[labels == 1], accepted[labels == 0])
    made = Decisions(*(int(one.sum()) for one in of_class), *(len(one) for one in of_class))
    return costs.of(made.frr, made.far)
