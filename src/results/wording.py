"""Metrics in plain words."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    from src.evaluation.results import Results

LEVEL = 0.05
"""A p-value from here on may be chance."""

CHOSEN_BY_VALIDATION = (
    "The first is the best by validation EER, of equal ones by validation Cllr, chosen before any "
    "test was read. The others' test EER is compared with its own on the same clips; p-values are "
    "corrected for their number by Holm's procedure."
)
"""What is said of a comparison of the best runs of searches."""

_CHANCE = 0.4
"""An EER from here on is told as what it is: hardly better than guessing."""


def eer_sentence(results: Results) -> str:
    """Return the EER of a test with its interval, in a sentence.

    Parameters
    ----------
    results : Results
        Of the test.
    """
    low, high = results.ci95["eer"]
    span = f"95 % interval {EER.write_interval(low, high, ' to ')} over {results.ci95_over}"
    if isnan(low):
        span = "how sure that is cannot be told"
    return f"Test EER {results.detection.eer:.1%} ({span})."


def explain_eer(results: Results) -> str:
    """Say what the EER means to whoever listens to clips.

    Parameters
    ----------
    results : Results
        Of a test.
    """
    found = results.detection
    n_clips = found.n_bona_fide + found.n_spoof
    high = results.ci95["eer"][1]
    if found.eer == 0:
        text = (
            f"It separates all of these {n_clips:,} clips. That shows that errors are rare, not "
            f"that there are none."
        )
    elif found.eer >= _CHANCE:
        text = "That is hardly better than guessing, or worse: its verdicts are worth nothing here."
    else:
        share = f"1 in {round(1 / found.eer):,}"
        text = (
            f"With its threshold set to err alike on both, it takes {share} spoofs for bona-fide "
            f"and {share} bona-fide clips for spoofs."
        )
    if found.eer < 0.5 <= high:
        text += " The interval reaches 50 %, which is chance."
    return text


def explain_threshold(results: Results) -> str:
    """Say what decisions at the threshold fixed beforehand do.

    Parameters
    ----------
    results : Results
        Of a test.
    """
    found = results.detection
    if isnan(found.far) or isnan(found.frr):
        return (
            f"What it does at the threshold fixed beforehand ({found.threshold:.4g}) was not "
            f"measured."
        )
    return (
        f"At the threshold fixed beforehand ({found.threshold:.4g}) it accepts {found.far:.1%} of "
        f"spoofs and rejects {found.frr:.1%} of bona-fide clips."
    )


def explain_verdicts(results: Results) -> str:
    """Say what verdicts that may abstain do.

    Parameters
    ----------
    results : Results
        Of a test.
    """
    decided = results.decided
    if not decided.is_known:
        return "Verdicts that may abstain were not measured."
    text = (
        f"Where a verdict must be {decided.confidence:.0%} sure, {decided.inconclusive:.1%} of "
        f"clips stay inconclusive"
    )
    if isnan(decided.error_when_decided):
        return f"{text}: it dares no verdict at all."
    return f"{text}, and {decided.error_when_decided:.1%} of the other verdicts are wrong."


def capital(text: str) -> str:
    """Return text that begins with a capital.

    Parameters
    ----------
    text : str
        In any case.
    """
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, whatever the text is.

    Parameters
    ----------
    text : str
        What is to be a sentence.
    """
    text = text.strip()
    return capital(text) + ("" if text.endswith((".", "!", "?")) else ".")


def difference_sentence(row: Any) -> str:
    """Say how a metric of a run differs from the best run's, and whether by chance.

    Parameters
    ----------
    row : named tuple
        Of `Comparison.pairs`.
    """
    metric = METRICS[row.metric]
    change = metric.write_change(row.difference)
    span = metric.write_change_interval(row.low, row.high, " to ")
    return (
        f"{row.run} against {row.best}: {metric.label} {change} (95 % interval {span}); "
        f"{judge(row.p_holm)}"
    )


def judge(p_value: float) -> str:
    """Say whether chance may explain a difference.

    Parameters
    ----------
    p_value : float
        Of a two-sided test, corrected for the number of tests; NaN where it cannot be told.
    """
    if isnan(p_value):
        return "whether by chance cannot be told"
    shown = "p below 0.001" if p_value < 0.001 else f"p {p_value:.3f}"
    return f"{'chance may explain it' if p_value >= LEVEL else 'hardly chance'} ({shown})"
