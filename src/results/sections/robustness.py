"""How a detector does under noise, codecs, rooms and calls."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from src.results.blocks.blocks import (
    BAD,
    FAINT,
    SOFT,
    Block,
    Cell,
    Figure,
    Heading,
    Interval,
    Paragraph,
    Table,
)
from src.results.metric_cells import change_interval, interval
from src.results.wording import sentence
from src.robustness.names import FIGURES, figure_paths
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.errors import shorten
from src.utils.metrics.table import METRICS

if TYPE_CHECKING:
    from src.robustness.results import ConditionResult, Robustness

LOST = 0.05
"""By how much the EER must rise, as the interval's lower end, for a condition to be told as one
that the detector does not stand."""

_NAMED = 5
_TOLD = ("eer", "hter", "cllr")


def robustness(found: Robustness, run: Path, suffix: str = "") -> list[Block]:
    """Return all that a page tells of a test of robustness.

    Parameters
    ----------
    found : Robustness
        The test.
    run : pathlib.Path
        The run's folder, where its figures are.
    suffix : str
        What the names of the figures end in.
    """
    pictures = [
        Figure(path, FIGURES[name], FIGURES[name])
        for name, path in figure_paths(run, suffix).items()
        if path.is_file()
    ]
    on = f" on {found.dataset_name}" if suffix else ""
    return [
        Heading(f"Robustness{on}"),
        Paragraph(summary(found)),
        Paragraph(_explanation(found)),
        *pictures,
        conditions_table([found.clean, *_in_groups(found)]),
        *left_out(found),
    ]


def robustness_in_brief(found: Robustness, level: int = 2) -> list[Block]:
    """Return what a card and a terminal tell: the tracks, and the worst of each augmentation.

    Parameters
    ----------
    found : Robustness
        The test.
    level : int
        Of the heading; 0 for none.
    """
    heading = [Heading("Robustness", level)] if level else []
    return [*heading, Paragraph(summary(found)), conditions_table([found.clean, *_worst(found)])]


def summary(found: Robustness) -> str:
    """Return in a sentence or two what the detector does not stand.

    Parameters
    ----------
    found : Robustness
        The test.
    """
    n_conditions = len(found.conditions)
    start = f"Clean clips give an EER of {METRICS['eer'].write(found.clean.eer)}."
    if not n_conditions:
        return f"{start} No condition was tried."
    lost = lost_under(found)
    if not lost:
        worst = max(found.conditions, key=lambda one: one.eer)
        return (
            f"{start} Under none of {n_conditions:,} conditions does it surely rise by more than "
            f"{LOST:.0%}; highest is {worst.eer:.1%} ({worst.title})."
        )
    told = shorten((f"{one.title}: {one.eer:.1%}" for one in lost), _NAMED)
    return (
        f"{start} Under {len(lost):,} of {n_conditions:,} conditions it surely rises by more than "
        f"{LOST:.0%}, most under {told}."
    )


def lost_under(found: Robustness) -> list[ConditionResult]:
    """Return the conditions that the detector does not stand, the worst of each group first.

    Parameters
    ----------
    found : Robustness
        The test.
    """
    lost = [one for one in found.conditions if one.changes["eer"].low > LOST]
    lost.sort(key=lambda one: -one.eer)
    first = list({one.group: one for one in reversed(lost)}.values())
    first.sort(key=lambda one: -one.eer)
    return [*first, *(one for one in lost if one not in first)]


def conditions_table(conditions: Iterable[ConditionResult]) -> Table:
    """Return a row a condition: its metrics, and how they differ from those of clean clips.

    Parameters
    ----------
    conditions : iterable of ConditionResult
        In the order of the rows; those under which the EER surely rises much are bad, and those
        where it may not differ faint.
    """
    shown = list(conditions)
    rows: list[list[Cell]] = []
    kinds: dict[int, str] = {}
    for number, one in enumerate(shown):
        change = one.changes["eer"]
        is_clean = not one.steps
        rows.append(
            [
                one.title,
                *(_value(one, name) for name in _TOLD),
                None if is_clean else METRICS["eer"].write_change(change.value),
                None if is_clean else change_interval("eer", change.low, change.high),
                *(None if is_clean else f"{shift.value:+.2f}" for shift in one.shifts.values()),
                f"{one.n_bona_fide + one.n_spoof:,}",
            ]
        )
        if change.low > LOST:
            kinds[number] = BAD
        elif not is_clean and not change.low > 0:
            kinds[number] = FAINT
    header = ["condition", *(METRICS[name].label for name in _TOLD), "EER less clean's", "95 %"]
    header += [f"score, {BONA_FIDE}", f"score, {SPOOF}", "clips"]
    return Table(header, rows, range(1, len(header)), kinds)


def _value(one: ConditionResult, name: str) -> Cell:
    estimate = one.metrics[name]
    value = METRICS[name].write(estimate.value)
    ends = interval(name, estimate.low, estimate.high)
    return Interval(ends.low, ends.high, value) if isinstance(ends, Interval) else value


def _in_groups(found: Robustness) -> list[ConditionResult]:
    return [one for few in found.groups.values() for one in few]


def _worst(found: Robustness) -> list[ConditionResult]:
    """Return every track, and of each augmentation the condition of the highest EER."""
    told = []
    for few in found.groups.values():
        told += few if few[0].is_track else [max(few, key=lambda one: one.eer)]
    return told


def _explanation(found: Robustness) -> str:
    return (
        f"The same clips went through each condition in memory and were scored by the same model, "
        f"at the threshold fixed on validation ({found.threshold:.4g}) and with the run's own "
        f"calibration. Intervals are over {found.ci95_over}; differences from clean clips are "
        f"paired: speakers are drawn alike for both. Where the EER stays and HTER or Cllr rise, it "
        f"is scores that move: the last but two columns say by how much, and which class."
    )


def left_out(found: Robustness) -> list[Block]:
    """Return which clips could not be changed, and which conditions were not tried.

    Parameters
    ----------
    found : Robustness
        The test.
    """
    failed = [
        f"{one.title}: {one.n_failed:,} clips cannot be changed, one {one.failure}"
        for one in found.conditions
        if one.n_failed
    ]
    by_reason: dict[str, list[str]] = {}
    for name, why in found.left_out.items():
        by_reason.setdefault(why, []).append(name)
    untried = [f"not tried: {shorten(names, _NAMED)} ({why})" for why, names in by_reason.items()]
    return [Paragraph(sentence(text), SOFT) for text in (*failed, *untried)]
