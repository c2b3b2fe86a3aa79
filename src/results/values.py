"""How the metrics of a test are named and written in results; the one place that asks for them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from src.evaluation.measures import BY_DECISION as _BY_DECISION
from src.evaluation.measures import BY_SCORE as _BY_SCORE
from src.evaluation.measures import TANDEM_MEASURES as _TANDEM
from src.evaluation.measures import UNKNOWN
from src.results.blocks.blocks import Cell, Interval, percent

# Whoever only writes a number should not wait for what computes it.
if TYPE_CHECKING:
    from src.evaluation.results import Results
    from src.utils.metrics.calibration import Decided

EER = "eer"

BY_SCORE = tuple(_BY_SCORE)
"""Metrics of the scores, whatever the threshold."""

BY_DECISION = tuple(_BY_DECISION)
"""Metrics of the decisions at a threshold that was fixed beforehand."""

TANDEM = tuple(_TANDEM)
"""Metrics of detector and speaker verifier together, which have no intervals."""

_METRICS = _BY_SCORE | _BY_DECISION | _TANDEM


def label_of(name: str) -> str:
    """Return what the field calls a metric.

    Parameters
    ----------
    name : str
        As results name it, such as `min_dcf`.
    """
    return _METRICS[name].label


def meaning_of(name: str) -> str:
    """Return what a metric means to whoever does not know it.

    Parameters
    ----------
    name : str
        As results name it.
    """
    return _METRICS[name].tells


def write_value(name: str, value: float) -> str:
    """Write the value of a metric, a dash where it cannot be told.

    Parameters
    ----------
    name : str
        Of the metric.
    value : float
        As computed, rates between 0 and 1; may be NaN.
    """
    return _METRICS[name].write(value)


def write_interval(name: str, low: float, high: float, to: str = " to ") -> str:
    """Write the interval of a metric within a sentence.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    to : str
        What stands between them.
    """
    return _METRICS[name].write_span(low, high, to)


def write_change(name: str, change: float) -> str:
    """Write a difference of two values of a metric with its sign, rates in percentage points.

    Parameters
    ----------
    name : str
        Of the metric.
    change : float
        The one less the other.
    """
    return _METRICS[name].write_change(change)


def write_change_interval(name: str, low: float, high: float, to: str = " to ") -> str:
    """Write the interval of a difference within a sentence.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    to : str
        What stands between them.
    """
    return _METRICS[name].write_change_span(low, high, to)


def interval(name: str, low: float, high: float) -> Cell:
    """Return the interval of a metric as a cell.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    """
    return _parted(write_interval(name, low, high, _BETWEEN))


def change_interval(name: str, low: float, high: float) -> Cell:
    """Return the interval of a difference as a cell.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    """
    return _parted(write_change_interval(name, low, high, _BETWEEN))


def rate_interval(low: float, high: float) -> Cell:
    """Return the interval of a rate that is no metric of a test as a cell.

    Parameters
    ----------
    low, high : float
        Its ends; NaN where they cannot be told.
    """
    ends = percent(low), percent(high)
    return UNKNOWN if None in ends else Interval(*map(str, ends))


def value_of(results: Results, name: str) -> str:
    """Write the value that a test has for a metric.

    Parameters
    ----------
    results : Results
        Of the test.
    name : str
        Of the metric.
    """
    return write_value(name, _value(results, name))


def interval_of(results: Results, name: str, over_attacks: bool = False) -> Cell:
    """Return the interval that a test has for a metric as a cell, None for one without intervals.

    Parameters
    ----------
    results : Results
        Of the test.
    name : str
        Of the metric.
    over_attacks : bool
        Over speakers and attacks in place of speakers alone.
    """
    if name in TANDEM:
        return None
    return interval(name, *(results.ci95_attacks if over_attacks else results.ci95)[name])


def value_and_interval(results: Results, name: str) -> Cell:
    """Return a metric of a test with its interval over speakers in brackets.

    Parameters
    ----------
    results : Results
        Of the test.
    name : str
        Of the metric.
    """
    value, ends = value_of(results, name), interval_of(results, name)
    if isinstance(ends, Interval):
        return Interval(ends.low, ends.high, value)
    return value if ends is None else f"{value} ({ends})"


def write_decided(decided: Decided) -> str:
    """Say in a line what verdicts that may abstain make of a test.

    Parameters
    ----------
    decided : Decided
        The shares of clips without a verdict, and of wrong ones among the others.
    """
    wrong = decided.error_when_decided
    others = "-" if isnan(wrong) else f"{wrong:.1%}"
    return (
        f"{decided.inconclusive:.1%} inconclusive at {decided.confidence:.0%} confidence, {others} "
        f"of the others wrong"
    )


_BETWEEN = "\n"
"""What no end of an interval holds."""


def _value(results: Results, name: str) -> float:
    return results.tandem[name] if name in TANDEM else float(getattr(results.detection, name))


def _parted(text: str) -> Cell:
    low, between, high = text.partition(_BETWEEN)
    return Interval(low, high) if between else text
