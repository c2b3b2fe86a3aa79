"""What an audit found: shortcuts, leaks and balance; and what is told of it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from src.results.blocks.blocks import (
    BAD,
    SOFT,
    UNSURE,
    Block,
    Cell,
    Facts,
    Heading,
    Paragraph,
    Table,
    Warning,
    percent,
)
from src.results.metric_cells import rate_interval
from src.utils.config import BONA_FIDE, DOWNSTREAM_SPLITS, LABELS, SPOOF

if TYPE_CHECKING:
    import pandas as pd

    from src.audit.findings import Findings
    from src.audit.leakage import Leak
    from src.results.audits import AuditNote

MOST_GROUPS = 30
"""Rows of a table of balance; a corpus may have hundreds of generators."""

_WHOLE = "all"
"""Where a leak counts clips of the whole data set, which no split can part."""

_ABOUT_SHORTCUTS = (
    "How well one property of a recording tells the classes apart when nobody listens to the "
    "voice. 50 % is chance. Under 35 % a detector may learn it in place of the voice, and its "
    "metrics are then worth little on other recordings. The interval is a bootstrap over "
)
_ABOUT_LEAKS = (
    "Clips of a later split that have something in common with an earlier one. What is shared "
    "between training and test makes a test easier than the world is. matches.csv beside this page "
    "lists them."
)
_ABOUT_UNSPLIT = (
    "The data set is not split yet. Clips that have something in common must not be parted; where "
    "they are of more than one speaker, a split by speaker may do it, unless they share an "
    "utterance. matches.csv beside this page lists the copies."
)


def shortcuts(findings: Findings, is_brief: bool = False) -> list[Block]:
    """Return how well each nuisance alone tells the classes apart.

    Parameters
    ----------
    findings : Findings
        Of the audit.
    is_brief : bool
        For a terminal: a caption in place of the explanation.
    """
    if not findings.shortcuts:
        if is_brief:
            return [Paragraph("one class only: shortcuts cannot be looked for")]
        return [Paragraph("There is one class only, so nothing can tell it apart.")]
    caption = (
        "how well a nuisance alone tells the classes apart (EER; chance is 50 %, flagged under "
        "35 %)"
    )
    if is_brief:
        return [shortcuts_table(findings, caption)]
    return [
        Paragraph(f"{_ABOUT_SHORTCUTS}{findings.balance.resampled}."),
        shortcuts_table(findings),
    ]


def shortcuts_table(findings: Findings, caption: str = "") -> Table:
    """Return a row a nuisance, with what is typical of each class and what mends it.

    Parameters
    ----------
    findings : Findings
        Of the audit.
    caption : str
        Of the table; may be empty.
    """
    rows: list[list[Cell]] = []
    kinds = {}
    for number, shortcut in enumerate(findings.shortcuts):
        remark = ""
        if shortcut.is_flagged:
            kinds[number], remark = BAD, shortcut.remedy
        elif shortcut.is_unsure:
            kinds[number], remark = UNSURE, "may be chance"
        span = rate_interval(shortcut.low, shortcut.high)
        typical = shortcut.bona_fide, shortcut.spoof
        rows.append([shortcut.label, percent(shortcut.eer), span, *typical, remark])
    header = ["nuisance", "EER", "95 % interval", BONA_FIDE, SPOOF, "what mends it"]
    return Table(header, rows, (1, 2), kinds, caption=caption)


def leaks(findings: Findings, is_brief: bool = False) -> list[Block]:
    """Return what clips of different splits have in common.

    Parameters
    ----------
    findings : Findings
        Of the audit.
    is_brief : bool
        For a terminal: a caption in place of the explanation, and no examples.
    """
    if is_brief:
        found = leaks_table(findings, is_brief)
        return [found] if found.rows else []
    about = _ABOUT_LEAKS if findings.is_split else _ABOUT_UNSPLIT
    conflicts = [
        Warning(
            f"{leak.seen[_WHOLE].count:,} files are listed as both classes with the same content, "
            f"such as {' and '.join(leak.seen[_WHOLE].example)}. No split mends that."
        )
        for leak in findings.leaks
        if _WHOLE in leak.seen and leak.is_flagged
    ]
    return [Paragraph(about), *conflicts, leaks_table(findings)]


def leaks_table(findings: Findings, is_brief: bool = False) -> Table:
    """Return a row a thing that clips may share; of what no split can part only where there is any.

    Parameters
    ----------
    findings : Findings
        Of the audit.
    is_brief : bool
        For a terminal: with a caption, without examples and what is no leak explained.
    """
    rows: list[list[Cell]] = []
    kinds = {}
    for leak in findings.leaks:
        if _WHOLE in leak.seen and not leak.is_flagged:
            continue
        if leak.is_flagged:
            kinds[len(rows)] = BAD
        rows.append(_leak_row(leak, findings.is_split, is_brief))
    header = ["in common", "groups", "that a split may part", ""]
    caption = "not split yet; clips that share"
    if findings.is_split:
        example = [] if is_brief else ["example"]
        header = ["in common", "validation after training", "test after both", *example, ""]
        caption = "clips with a match in an earlier split"
    return Table(header, rows, (1, 2), kinds, caption=caption if is_brief else "")


def _leak_row(leak: Leak, is_split: bool, is_brief: bool) -> list[Cell]:
    counts: list[Cell]
    if _WHOLE in leak.seen:
        counts = ["", f"{leak.seen[_WHOLE].count:,} clips"]
    elif is_split:
        counts = [
            str(leak.seen[split]) if split in leak.seen else None for split in DOWNSTREAM_SPLITS[1:]
        ]
    else:
        counts = [f"{leak.n_groups:,} groups", f"{leak.n_across:,} across speakers"]
    example = []
    if is_split and not is_brief:
        example = [", ".join(next((s.example for s in leak.seen.values() if s.example), ()))]
    remark = "leak" if leak.is_flagged else ""
    if is_split and not is_brief and not leak.is_leak:
        remark = "limits what the test can tell"
    return [leak.name, *counts, *example, remark]


def balance(findings: Findings, is_brief: bool = False) -> list[Block]:
    """Return how much there is of each class, and of each group within it.

    Parameters
    ----------
    findings : Findings
        Of the audit.
    is_brief : bool
        For a terminal: the classes in a sentence each, without groups.
    """
    found = findings.balance
    warnings = [Warning(text) for text in found.warnings]
    rows = [
        (row.label, f"{row.clips:,}", f"{row.speakers:,}", f"{row.minutes:,.1f}")
        for row in found.classes.itertuples()
    ]
    if is_brief:
        lines = [
            Paragraph(f"{label}: {clips} clips of {speakers} speakers, {minutes} minutes")
            for label, clips, speakers, minutes in rows
        ]
        return [*lines, *warnings]
    n_rejected = f"{findings.rejected:,} that could not be measured"
    blocks: list[Block] = [
        Facts([("clips", f"{findings.n_clips:,}, and {n_rejected}")]),
        Table(["class", "clips", "speakers", "minutes"], rows, (1, 2, 3)),
        *warnings,
    ]
    for column, table in found.groups.items():
        blocks.append(Heading(f"By {column}", 3))
        if column in found.eers:
            eer = percent(found.eers[column])
            blocks.append(Paragraph(f"EER of the {column} alone: {eer}", SOFT))
        blocks.append(balance_table(column, table))
        if len(table) > MOST_GROUPS:
            left = f"and {len(table) - MOST_GROUPS:,} more in audit.json"
            blocks.append(Paragraph(left, SOFT))
    return blocks


def balance_table(column: str, found: pd.DataFrame) -> Table:
    """Return the clips and minutes of each class, a row a group.

    Parameters
    ----------
    column : str
        Of the files table, which divides the clips.
    found : pandas.DataFrame
        As in `Balance.groups`, the largest group first.
    """
    labels = [label for label in LABELS if f"{label} clips" in found]
    header = [column, *(f"{label} {what}" for label in labels for what in ("clips", "minutes"))]
    rows = [
        [row["value"], *(text for label in labels for text in _amounts(row, label))]
        for row in found.head(MOST_GROUPS).to_dict("records")
    ]
    return Table(header, rows, range(1, len(header)))


def _amounts(row: Mapping, label: str) -> tuple[str, str]:
    return f"{row[f'{label} clips']:,}", f"{row[f'{label} minutes']:,.1f}"


def audit_note(note: AuditNote, level: int = 2) -> list[Block]:
    """Return what is told of an audit of the recordings behind a detector.

    Parameters
    ----------
    note : AuditNote
        What the audit said, or that there was none.
    level : int
        Of the heading.
    """
    return [Heading("Audit", level), *(Paragraph(text) for text in (note.text, *note.details))]
