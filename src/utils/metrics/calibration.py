"""Calibration of scores: log-likelihood ratios, probabilities, and verdicts that may abstain."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.special import expit, logit

from src.utils.config import BONA_FIDE, INCONCLUSIVE, SPOOF
from src.utils.metrics.eer import check_trials, fix_threshold

CONFIDENCE = 0.9
"""Verdicts are given from here on: nine in ten should be right."""

EVEN = 0.5
"""The prior that favours neither class."""

_ROUNDING = 1e-12
"""Scores that lie closer together, by their size, are one score."""


@dataclass(frozen=True)
class Calibration:
    """A line from a detector's scores to log-likelihood ratios, and the limits of verdicts.

    Attributes
    ----------
    slope, offset : float
        A score's natural log-likelihood ratio is `slope * score + offset`, positive where
        bona-fide is likelier.
    threshold : float
        For decisions without a third way: a clip is taken for bona-fide when its score is at or
        above it.
    confidence : float
        What a probability must reach, in either direction, for a verdict.
    n_bona_fide, n_spoof : int
        Clips it was fitted on.
    """

    slope: float
    offset: float
    threshold: float
    confidence: float
    n_bona_fide: int
    n_spoof: int

    def llrs(self, scores: np.ndarray) -> np.ndarray:
        """Return log-likelihood ratios (natural), float64 of the shape of `scores`.

        Parameters
        ----------
        scores : array_like
            Of the detector, any shape.
        """
        return self.slope * np.asarray(scores, np.float64) + self.offset

    def probabilities(self, scores: np.ndarray, prior: float = EVEN) -> np.ndarray:
        """Return the probability of bona-fide, of the shape of `scores`.

        Parameters
        ----------
        scores : array_like
            Of the detector, any shape.
        prior : float
            The share of bona-fide clips that is expected, between 0 and 1.
        """
        return expit(self.llrs(scores) + logit(prior))

    def verdicts(self, scores: np.ndarray, prior: float = EVEN) -> np.ndarray:
        """Return `bona-fide`, `spoof` or `inconclusive` for each score, str of its shape.

        Parameters
        ----------
        scores, prior
            As of `probabilities`.
        """
        return verdicts_of(self.probabilities(scores, prior), self.confidence)


def verdicts_of(probabilities: np.ndarray, confidence: float) -> np.ndarray:
    """Return the verdict on each probability of bona-fide, str of its shape.

    It is `bona-fide` or `spoof` where the probability reaches `confidence` in that direction, and
    `inconclusive` elsewhere.

    Parameters
    ----------
    probabilities : numpy.ndarray
        Of bona-fide, any shape.
    confidence : float
        What a probability must reach for a verdict, above 0.5.
    """
    # Of a tenth, the rest is nine tenths, whereas 1 - 0.9 is a little less than 0.1.
    clear = [probabilities >= confidence, 1 - probabilities >= confidence]
    return np.select(clear, [BONA_FIDE, SPOOF], INCONCLUSIVE)


@dataclass(frozen=True)
class Decided:
    """Metrics of verdicts that may abstain, both classes weighing alike.

    Attributes
    ----------
    confidence : float
        What a probability must reach for a verdict.
    inconclusive : float
        Share of clips without a verdict; NaN in results of before it was measured.
    error_when_decided : float
        Share of wrong verdicts among those that were given; NaN where none was.
    """

    confidence: float
    inconclusive: float
    error_when_decided: float

    @property
    def is_known(self) -> bool:
        """Whether verdicts were measured."""
        return not np.isnan(self.inconclusive)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Decided":
        """Make one from its fields in a dictionary, all of them NaN where one is not in it.

        Parameters
        ----------
        values : mapping
            By the name of the field. Further keys are left aside.

        Raises
        ------
        ValueError
            When one is no number.
        """
        names = [field.name for field in fields(cls)]
        found = [values[name] if set(names) <= set(values) else None for name in names]
        return cls(*(np.nan if value is None else float(value) for value in found))


def decide(llrs: np.ndarray, labels: np.ndarray, confidence: float = CONFIDENCE) -> Decided:
    """Judge every trial by its log-likelihood ratio, at an even prior.

    Parameters
    ----------
    llrs : array_like
        Natural log-likelihood ratios, shape (trials,), positive where bona-fide is likelier.
    labels : array_like
        1 for bona-fide, 0 for spoof, shape (trials,); `check_trials` refuses others.
    confidence : float
        What a probability must reach for a verdict.
    """
    llrs, labels = check_trials(llrs, labels)
    verdicts = verdicts_of(expit(llrs), confidence)
    rates = {}
    for value, wrong in ((1, SPOOF), (0, BONA_FIDE)):
        of_class = verdicts[labels == value]
        rates[value] = np.mean(of_class == INCONCLUSIVE), np.mean(of_class == wrong)
    open_share, wrong_share = np.mean(list(rates.values()), axis=0)
    error = wrong_share / (1 - open_share) if open_share < 1 else np.nan
    return Decided(confidence, float(open_share), float(error))


def fit_calibration(
    scores: np.ndarray, labels: np.ndarray, confidence: float = CONFIDENCE
) -> Calibration:
    """Fit a line from scores to log-likelihood ratios by logistic regression, and a threshold.

    Both classes weigh alike, so that what is learnt are ratios, not how often the classes happen to
    be in the scores (Brümmer & du Preez 2006, "Application-independent evaluation of speaker
    detection"). The targets are not 0 and 1 but Platt's, `(n + 1) / (n + 2)` and `1 / (n + 2)`
    (Platt 1999, "Probabilistic outputs for support vector machines"): classes that happen not to
    overlap on some clips must not be promised never to do. Where higher scores speak for spoof, or
    all clips have one score, the ratios are all 1: a calibration must not turn scores around.

    Parameters
    ----------
    scores, labels : array_like
        Of clips that the detector was not trained on; as of `check_trials`, which refuses others.
    confidence : float
        See `Calibration`.
    """
    # Here, since a calibration is fitted once and used often.
    from sklearn.linear_model import LogisticRegression

    scores, labels = check_trials(scores, labels)
    n_bona_fide = int(labels.sum())
    n_spoof = len(labels) - n_bona_fide
    size = np.where(labels == 1, n_bona_fide, n_spoof)
    doubt = 1 / (size + 2)
    centre, spread = float(scores.mean()), float(scores.std())
    # Even of one score for all, rounding can leave a deviation, of its own size.
    is_flat = spread <= _ROUNDING * np.abs(scores).max()
    standardised = np.zeros(len(scores)) if is_flat else (scores - centre) / spread
    # Soft targets: every clip stands once for its class, and with a little weight for the other.
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(
        np.r_[standardised, standardised][:, None],
        np.r_[labels, 1 - labels],
        sample_weight=np.r_[(1 - doubt) / size, doubt / size] * len(labels),
    )
    slope = 0.0 if is_flat else max(0.0, float(model.coef_[0, 0]) / spread)
    offset = float(model.intercept_[0]) - slope * centre if slope else 0.0
    threshold = fix_threshold(scores, labels)
    return Calibration(slope, offset, threshold, confidence, n_bona_fide, n_spoof)
