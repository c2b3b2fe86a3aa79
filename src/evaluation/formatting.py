"""Text of results that terminal, pages and model card share."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from src.utils.metrics.table import METRICS

# Whoever only writes a rate should not wait for what computes it.
if TYPE_CHECKING:
    from src.utils.metrics.calibration import Decided


def decided_sentence(decided: Decided) -> str:
    """Say in a line how many verdicts that may abstain are inconclusive or wrong.

    Parameters
    ----------
    decided : Decided
        Of the test.
    """
    if isnan(decided.inconclusive):
        return "not measured"
    wrong = decided.error_when_decided
    others = "-" if isnan(wrong) else f"{wrong:.1%}"
    return (
        f"{decided.inconclusive:.1%} inconclusive at {decided.confidence:.0%} confidence, {others} "
        f"of the others wrong"
    )


def missing_sentence(missing: Sequence[str], missing_intervals: Sequence[str]) -> str:
    """Say what results lack that were written before it was measured, empty where nothing.

    Parameters
    ----------
    missing, missing_intervals : sequence of str
        The names of metrics without a value, and of those with a value but no interval; see
        `Results`.

    Examples
    --------
    >>> missing_sentence(["min_dcf", "cllr"], [])
    'tested before minDCF and Cllr were measured: test it again for them'
    >>> missing_sentence([], ["far"])
    'tested before the interval of FAR was measured: test it again for it'
    """
    told, n_lacking = [], len(missing) + len(missing_intervals)
    if missing:
        told.append(f"before {_join(missing)} {'were' if len(missing) > 1 else 'was'} measured")
    if missing_intervals and set(missing) | set(missing_intervals) >= set(METRICS):
        told.append("before there were intervals")
    elif missing_intervals:
        interval = "intervals" if len(missing_intervals) > 1 else "interval"
        were = "were" if len(missing_intervals) > 1 else "was"
        told.append(f"before the {interval} of {_join(missing_intervals)} {were} measured")
    if not told:
        return ""
    return f"tested {' and '.join(told)}: test it again for {'them' if n_lacking > 1 else 'it'}"


def _join(names: Sequence[str]) -> str:
    labels = [METRICS[name].label for name in names]
    return " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
