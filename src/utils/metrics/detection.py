"""All metrics of a test, from its scores and the decisions taken by them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from src.utils.metrics.counts import ScoredTrials, count_trials, is_accepted
from src.utils.metrics.metric import quantities_of
from src.utils.metrics.table import METRICS


@dataclass(frozen=True)
class DetectionMetrics:
    """How well scores separate the classes, and how well decisions by them do.

    Each metric is an attribute by its name in `METRICS`, such as `eer`.

    Attributes
    ----------
    values : dict of str to float
        The value of every metric of `METRICS`, NaN for one that is not known.
    threshold : float
        Fixed beforehand, on validation data.
    eer_threshold : float
        Where the EER of these very scores lies; far from `threshold` means the detector's
        scale has shifted.
    n_bona_fide, n_spoof : int
        The trials of each class.
    true_bona_fide, false_bona_fide, true_spoof, false_spoof : int
        The confusion matrix at `threshold`: of the trials called bona-fide (or spoof), how
        many were.
    """

    values: dict[str, float]
    threshold: float
    eer_threshold: float
    n_bona_fide: int
    n_spoof: int
    true_bona_fide: int
    false_bona_fide: int
    true_spoof: int
    false_spoof: int

    def __getattr__(self, name: str) -> float:
        """Return a metric by its name."""
        # Not `self.values`: a copy in the making has none yet.
        values = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"no metric is called {name}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DetectionMetrics":
        """Make them from what `as_dict` returned, with NaN for a metric that it has not.

        Parameters
        ----------
        values : mapping
            By name. Further keys are left aside.

        Raises
        ------
        KeyError
            When a threshold or a count is absent, which every version has written.
        ValueError
            When one of them, or a metric, is no number.
        """
        counted = {name: values[name] for name in _COUNTED}
        known = {name: values[name] for name in METRICS if name in values}
        for name, value in (known | counted).items():
            if not isinstance(value, int | float):
                raise ValueError(f"{name} is {value!r}")
        return cls({name: known.get(name, float("nan")) for name in METRICS}, **counted)

    def as_dict(self) -> dict[str, float | int]:
        """Return metrics, thresholds and counts in one, as `test_results.json` holds them."""
        return self.values | {name: getattr(self, name) for name in _COUNTED}


_COUNTED = [field.name for field in fields(DetectionMetrics) if field.name != "values"]


_COSTLY = 0.01
"""How much more than the EER, and than half of it again, errors may cost without a warning."""


def costs_much(eer: float, hter: float) -> bool:
    """Say whether the threshold errs far more than the best one would.

    Parameters
    ----------
    eer, hter : float
        Of a test: at the threshold that errs alike on both classes, and at the one fixed
        beforehand.
    """
    return hter - eer > max(_COSTLY, eer / 2)


def evaluate_scores(
    scores: np.ndarray, labels: np.ndarray, threshold: float, llrs: np.ndarray | None = None
) -> DetectionMetrics:
    """Compute every metric of `METRICS`.

    Parameters
    ----------
    scores, labels : array_like
        As of `check_trials`, which refuses others.
    threshold : float
        A trial is called bona-fide when its score is at or above it.
    llrs : array_like, optional
        The scores as natural log-likelihood ratios, shape (trials,); by default the scores are
        taken for such.
    """
    trials = ScoredTrials.of(scores, labels, threshold, llrs)
    quantities = {is_accepted: None, **dict.fromkeys(quantities_of(METRICS.values()))}
    counts = count_trials(trials, quantities)
    curve, made = counts.curve, counts.decisions
    return DetectionMetrics(
        values={name: float(metric.formula(counts)) for name, metric in METRICS.items()},
        threshold=float(threshold),
        eer_threshold=float(curve.thresholds[curve.eer_point]),
        n_bona_fide=curve.n_bona_fide,
        n_spoof=curve.n_spoof,
        true_bona_fide=int(made.accepted_bona_fide),
        false_bona_fide=int(made.accepted_spoof),
        true_spoof=int(made.rejected_spoof),
        false_spoof=int(made.rejected_bona_fide),
    )
