"""The metrics of a test as cells of tables: values, intervals, and both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.results.blocks.blocks import Cell, Interval, percent
from src.utils.metrics.metric import UNKNOWN
from src.utils.metrics.table import ALL_METRICS, TANDEM

# Whoever only writes a number should not wait for what computes it.
if TYPE_CHECKING:
    from src.evaluation.results import Results


def interval(name: str, low: float, high: float) -> Cell:
    """Return the interval of a metric as a cell.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    """
    return _parted(ALL_METRICS[name].write_interval(low, high, _BETWEEN))


def change_interval(name: str, low: float, high: float) -> Cell:
    """Return the interval of a difference as a cell.

    Parameters
    ----------
    name : str
        Of the metric.
    low, high : float
        Its ends; NaN where they cannot be told.
    """
    return _parted(ALL_METRICS[name].write_change_interval(low, high, _BETWEEN))


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
    return ALL_METRICS[name].write(_value(results, name))


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
    return _together(value_of(results, name), interval_of(results, name))


def with_interval(name: str, value: float, low: float, high: float) -> Cell:
    """Return a value of a metric with its interval in brackets.

    Parameters
    ----------
    name : str
        Of the metric.
    value : float
        Of the metric; NaN where it is not known.
    low, high : float
        The interval's ends; NaN where they cannot be told.
    """
    return _together(ALL_METRICS[name].write(value), interval(name, low, high))


_BETWEEN = "\n"
"""What no end of an interval holds."""


def _value(results: Results, name: str) -> float:
    return results.tandem[name] if name in TANDEM else float(getattr(results.detection, name))


def _together(value: str, ends: Cell) -> Cell:
    if isinstance(ends, Interval):
        return Interval(ends.low, ends.high, value)
    return value if ends is None else f"{value} ({ends})"


def _parted(text: str) -> Cell:
    low, between, high = text.partition(_BETWEEN)
    return Interval(low, high) if between else text
