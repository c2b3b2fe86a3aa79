"""The audit as a page for a browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from src.audit.common import TEST, VALIDATION
from src.audit.findings import Findings
from src.audit.leakage import CONFLICT, Leak
from src.results.blocks import html as page
from src.utils.config import LABELS

_SHOWN = 30
"""Rows of a balance table; a corpus may have hundreds of generators."""

_ABOUT_SHORTCUTS = (
    "How well one property of a recording tells the classes apart when nobody listens to the "
    "voice. 50 % is chance. Under 35 % a detector may learn it in place of the voice, and its "
    "figures are then worth little on other recordings. The interval is a bootstrap over "
)
_ABOUT_LEAKS = (
    "Clips of a later split that have something in common with an earlier one. What is shared "
    "between training and test makes a test easier than the world is. matches.csv beside this page "
    "lists them."
)
_ABOUT_GROUPS = (
    "The data set is not split yet. Clips that have something in common must not be parted; where "
    "they are of more than one speaker, a split by speaker may do it, unless they share an "
    "utterance. matches.csv beside this page lists the copies."
)
_DESCRIPTIONS = {
    "shortcuts.png": "EER of each nuisance with its interval",
    "nuisances.png": "Distribution of each nuisance by class",
}


def write_audit_page(
    path: Path,
    findings: Findings,
    figures: Sequence[Path],
    dataset: str,
    manifest: dict[str, Any],
) -> None:
    """Write the page.

    Parameters
    ----------
    path : pathlib.Path
    findings : Findings
    figures : sequence of pathlib.Path
        PNG files, which are put into the page.
    dataset : str
        The data set's folder, for the title.
    manifest : dict
        Of the run, for the provenance.
    """
    pictures = {figure.name: page.image(figure, _DESCRIPTIONS[figure.name]) for figure in figures}
    parts = [
        page.paragraph(f"{dataset} · {manifest['started']}", "soft"),
        _verdict(findings, dataset),
        page.heading("Shortcuts"),
        *_shortcuts(findings),
        pictures.get("shortcuts.png", ""),
        page.heading("How the classes differ", 3) if pictures else "",
        pictures.get("nuisances.png", ""),
        page.heading("Leakage"),
        page.paragraph(_ABOUT_LEAKS if findings.is_split else _ABOUT_GROUPS),
        *_leaks(findings),
        page.heading("Balance"),
        *_balance(findings),
        page.heading("Provenance"),
        _provenance(findings, manifest),
    ]
    page.write_page(path, f"Audit of {Path(dataset).name}", parts)


def _verdict(findings: Findings, dataset: str) -> str:
    flags = findings.flags
    if flags:
        steps = [f"Next: {step}" for step in findings.next_steps(dataset)]
        return page.verdict(
            "Mend this before you train: a detector's figures would say little.",
            [*flags, *steps],
            True,
        )
    if not findings.shortcuts:
        return page.verdict("Only one class: shortcuts cannot be looked for.", [], True)
    if not findings.is_split:
        return page.verdict("No shortcut found. The data set is not split yet.", [], False)
    return page.verdict("No shortcut and no leak found.", [], False)


def _shortcuts(findings: Findings) -> list[str]:
    shortcuts = findings.shortcuts
    if not shortcuts:
        return [page.paragraph("There is one class only, so nothing can tell it apart.")]
    rows = [
        (
            one.label,
            page.percent(one.eer),
            f"{page.percent(one.low)} – {page.percent(one.high)}",
            one.remedy if one.is_flagged else "may be chance" * one.is_unsure,
            one.bona_fide,
            one.spoof,
        )
        for one in shortcuts
    ]
    kinds = {
        number: "bad" if one.is_flagged else "unsure"
        for number, one in enumerate(shortcuts)
        if one.is_flagged or one.is_unsure
    }
    header = ("nuisance", "EER", "95 % interval", "what mends it", "bona-fide", "spoof")
    about = f"{_ABOUT_SHORTCUTS}{findings.balance.resampled}."
    return [page.paragraph(about), page.table(header, rows, (1, 2), kinds)]


def _leaks(findings: Findings) -> list[str]:
    conflicts = [_conflict(leak) for leak in findings.leaks if leak.name == CONFLICT]
    return [*filter(None, conflicts), _leak_table(findings)]


def _conflict(leak: Leak) -> str:
    seen = leak.seen["all"]
    if not seen.count:
        return ""
    text = f"{seen.count:,} files are listed as both classes with the same content, such as "
    return page.paragraph(f"{text}{' and '.join(seen.example)}. No split mends that.", "bad-text")


def _leak_table(findings: Findings) -> str:
    shown = [leak for leak in findings.leaks if leak.name != CONFLICT]
    kinds = {number: "bad" for number, leak in enumerate(shown) if leak.is_flagged}
    if not findings.is_split:
        groups = [(one.name, f"{one.n_groups:,}", f"{one.n_across:,}") for one in shown]
        header = ("in common", "groups of clips", "of them across speakers")
        return page.table(header, groups, (1, 2), kinds)
    rows = [
        (
            one.name,
            one.seen.get(VALIDATION, "–"),
            one.seen.get(TEST, "–"),
            _meaning(one),
            ", ".join(next((s.example for s in one.seen.values() if s.example), ())),
        )
        for one in shown
    ]
    names = ("in common", "validation after training", "test after both", "", "example")
    return page.table(names, rows, (1, 2), kinds)


def _meaning(leak: Leak) -> str:
    if leak.is_flagged:
        return "leak"
    return "" if leak.is_leak else "limits what the test can tell"


def _balance(findings: Findings) -> list[str]:
    balance = findings.balance
    classes = [
        (row.label, f"{row.clips:,}", f"{row.minutes:,.1f}", f"{row.speakers:,}")
        for row in balance.classes.itertuples()
    ]
    parts = [page.paragraph(text, "bad-text") for text in balance.warnings]
    parts.append(page.table(("class", "clips", "minutes", "speakers"), classes, (1, 2, 3)))
    for column, table in balance.groups.items():
        parts.append(page.heading(f"By {column}", 3))
        if column in balance.eers:
            eer = balance.eers[column]
            parts.append(page.paragraph(f"EER of the {column} alone: {eer:.1%}", "soft"))
        parts.append(_group_table(column, table))
        if len(table) > _SHOWN:
            parts.append(page.paragraph(f"and {len(table) - _SHOWN:,} more in audit.json", "soft"))
    return parts


def _group_table(column: str, table: pd.DataFrame) -> str:
    labels = [label for label in LABELS if f"{label} clips" in table]
    header = [column, *(f"{label} {what}" for label in labels for what in ("clips", "minutes"))]
    rows = [
        (
            row["value"],
            *(
                text
                for label in labels
                for text in (f"{row[f'{label} clips']:,}", f"{row[f'{label} minutes']:,.1f}")
            ),
        )
        for _, row in table.head(_SHOWN).iterrows()
    ]
    return page.table(header, rows, range(1, len(header)))


def _provenance(findings: Findings, manifest: dict[str, Any]) -> str:
    rows = [
        ("clips", f"{findings.n_clips:,}, and {findings.rejected:,} that could not be measured"),
        ("recordings", manifest["settings"]["audio"]),
        ("seed", manifest["settings"]["seed"]),
        ("resamples", f"{manifest['settings']['resamples']:,} of {findings.balance.resampled}"),
        ("clips' hash", manifest["inputs"]["clips"]),
        ("AUDIOS", manifest["environment"]["git_commit"] or "unknown"),
    ]
    return page.table(("", ""), rows)
