"""What the figures of a test are called, how they are written, and what each one tells."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

# Whoever only writes a rate should not wait for what computes it.
if TYPE_CHECKING:
    from src.evaluation.results import Results
    from src.utils.metrics.calibration import Decided

UNKNOWN = "cannot be told"


@dataclass(frozen=True)
class Measure:
    """How one figure of `Detection` is shown.

    Attributes
    ----------
    label : str
        As the field writes it.
    tells : str
        What it means, for whoever does not know it.
    is_rate : bool
        Whether it is written in percent.
    """

    label: str
    tells: str
    is_rate: bool = True

    def write(self, value: float) -> str:
        """Write a value, a dash where it cannot be told."""
        if isnan(value):
            return "–"
        return f"{value:.2%}" if self.is_rate else f"{value:.4f}"

    def write_span(self, low: float, high: float, to: str = " .. ") -> str:
        """Write an interval."""
        if isnan(low) or isnan(high):
            return UNKNOWN
        shown = (f"{end:.1%}" if self.is_rate else f"{end:.3f}" for end in (low, high))
        return to.join(shown)

    def write_change(self, value: float) -> str:
        """Write a difference with its sign, that of rates in percentage points."""
        return f"{100 * value:+.2f} points" if self.is_rate else f"{value:+.4f}"

    def write_change_span(self, low: float, high: float, to: str = " .. ") -> str:
        """Write the interval of a difference."""
        if isnan(low) or isnan(high):
            return UNKNOWN
        return to.join(
            f"{100 * end:+.1f}" if self.is_rate else f"{end:+.3f}" for end in (low, high)
        )


BY_SCORE = {
    "eer": Measure("EER", "error rate where the threshold errs alike on both classes"),
    "min_dcf": Measure(
        "minDCF", "cost of errors at the best threshold (ASVspoof 5); 1 is worth nothing", False
    ),
    "act_dcf": Measure("actDCF", "that cost at the threshold that the calibration gives", False),
    "cllr": Measure("Cllr", "cost of the likelihood ratios, in bits; 1 says nothing", False),
    "auc": Measure("AUC", "how often a bona-fide clip scores above a spoof; 0.5 is chance", False),
}
"""The figures of scores, whatever the threshold."""

BY_DECISION = {
    "hter": Measure("HTER", "half total error rate: the mean of the next two"),
    "far": Measure("FAR", "spoofs that were accepted"),
    "frr": Measure("FRR", "bona-fide clips that were rejected"),
    "accuracy": Measure("accuracy", "right decisions; depends on how many clips a class has"),
    "balanced_accuracy": Measure("bal. acc.", "accuracy with both classes weighing alike"),
    "precision": Measure("precision", "of the accepted clips, how many are bona-fide"),
    "recall": Measure("recall", "of the bona-fide clips, how many were accepted"),
    "f1_score": Measure("F1", "harmonic mean of precision and recall"),
}
"""The figures of decisions at a threshold that was fixed beforehand."""

MEASURES = BY_SCORE | BY_DECISION
EER = MEASURES["eer"]

TANDEM_MEASURES = {
    "min_tdcf": Measure("min t-DCF", "cost of detector and speaker verifier together", False),
    "min_tdcf_2019": Measure("t-DCF 2019", "the same by the rule of ASVspoof 2019", False),
}


def with_interval(results: Results, name: str) -> str:
    """Write a figure of a test with its interval over speakers in brackets."""
    measure = MEASURES[name]
    value, (low, high) = getattr(results.detection, name), results.ci95[name]
    return f"{measure.write(value)} ({measure.write_span(low, high)})"


def tell_decided(decided: Decided) -> str:
    """Say in a line what verdicts that may abstain make of a test."""
    wrong = decided.error_when_decided
    others = "-" if isnan(wrong) else f"{wrong:.1%}"
    return (
        f"{decided.inconclusive:.1%} inconclusive at {decided.confidence:.0%} confidence, {others} "
        f"of the others wrong"
    )
