"""A metric: what it is called, how it is computed and how it is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan
from typing import Any

from src.utils.metrics.counts import Counts, Quantity

BY_SCORE, BY_DECISION = "score", "decision"
"""What a metric is of: the scores, whatever the threshold, or the decisions at the threshold."""

VERIFIER = "the scores of a speaker verifier"
"""What the tandem metrics need besides."""

UNKNOWN = "cannot be told"
"""Written for an interval that is not known."""


@dataclass(frozen=True)
class Metric:
    """A row of the table of metrics.

    Attributes
    ----------
    name : str
        Its key in `test_results.json`.
    label : str
        Its name as the field writes it.
    meaning : str
        What it says, for whoever does not know it; begins in lower case, without a full stop.
    formula : callable
        Computes it from `Counts`, of all trials or of draws of the bootstrap in which both classes
        are there; a finite number always. The counts of draws are arrays whose last axis is the
        draws, and it returns a number for each: so it adds up along axis 0, and divides by what
        may be 0 with `decisions.share`.
    group : str
        `BY_SCORE` or `BY_DECISION`.
    quantities : tuple of Quantity
        What the formula finds in `Counts.totals`.
    is_rate : bool
        Whether it is a rate, which is written in percent.
    is_error : bool
        Whether lower is better, and 0 perfect; otherwise higher is, and 1 perfect.
    at_rate : callable or None
        Its value where both classes err at one rate, from that rate and the number of spoofs for
        each bona-fide trial: the interval ends there where not one draw has an error. None for a
        metric that error rates do not determine, as Cllr.
    needs : str
        What must be given besides scores and labels, empty for most.
    """

    name: str
    label: str
    meaning: str
    formula: Callable[[Counts], Any]
    group: str = BY_SCORE
    quantities: tuple[Quantity, ...] = ()
    is_rate: bool = True
    is_error: bool = True
    at_rate: Callable[[float, float], float] | None = None
    needs: str = ""

    def write(self, value: float) -> str:
        """Write a value, a dash for one that is not known.

        Parameters
        ----------
        value : float
            Of the metric; NaN where it is not known.
        """
        if isnan(value):
            return "–"
        return f"{value:.2%}" if self.is_rate else f"{value:.4f}"

    def write_interval(self, low: float, high: float, to: str = " .. ") -> str:
        """Write an interval.

        Parameters
        ----------
        low, high : float
            Its ends, NaN where they are not known.
        to : str
            What stands between them.
        """
        if isnan(low) or isnan(high):
            return UNKNOWN
        return to.join(f"{end:.1%}" if self.is_rate else f"{end:.3f}" for end in (low, high))

    def write_change(self, value: float) -> str:
        """Write a difference with its sign, that of rates in percentage points.

        Parameters
        ----------
        value : float
            The metric of one system less that of another.
        """
        return f"{100 * value:+.2f} points" if self.is_rate else f"{value:+.4f}"

    def write_change_interval(self, low: float, high: float, to: str = " .. ") -> str:
        """Write the interval of a difference, with signs.

        Parameters
        ----------
        low, high : float
            Its ends, NaN where they are not known.
        to : str
            What stands between them.
        """
        if isnan(low) or isnan(high):
            return UNKNOWN
        return to.join(
            f"{100 * end:+.1f}" if self.is_rate else f"{end:+.3f}" for end in (low, high)
        )


def quantities_of(metrics: Iterable[Metric]) -> list[Quantity]:
    """Return what must be added up for metrics, each quantity once.

    Parameters
    ----------
    metrics : iterable of Metric
        Those that are computed.
    """
    return list(dict.fromkeys(one for metric in metrics for one in metric.quantities))
