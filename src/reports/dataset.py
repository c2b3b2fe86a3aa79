"""What the stages on recordings print."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from src.results.blocks.blocks import Block, Bullets, Paragraph, Warning
from src.results.sections.frame import frame_table
from src.utils.config import LABELS
from src.utils.errors import shorten

if TYPE_CHECKING:
    import pandas as pd

    from src.utils.dataset.derive import Derived
    from src.utils.dataset.layouts.scan import Scan
    from src.utils.dataset.layouts.unread import Aside
    from src.utils.dataset.measure import Measured
    from src.utils.dataset.prepare.cetuc import People
    from src.utils.dataset.prepare.prepare import Prepared
    from src.utils.dataset.split import Split

SHOWN = 5
"""How many of a list of rejected files are shown; the rest is in the file."""

_REASONS_SHOWN = 12
"""How many reasons have an example; every suffix of what is not read is one of its own."""

_LOUDER = 1.5
"""How many times the peak of one class must be that of the other for a warning."""


def report_prepared(prepared: Prepared) -> list[Block]:
    """Tell what was unpacked with its digests, what the layout finds, and what comes next.

    Parameters
    ----------
    prepared : Prepared
        The data set that was made of a corpus' archives.
    """
    blocks: list[Block] = []
    for entry in prepared.entries:
        left = f", {entry.n_left_out:,} left out" if entry.n_left_out else ""
        blocks.append(Paragraph(f"{entry.name}: {entry.n_files:,} files{left}"))
        blocks.append(Bullets([f"sha256 {entry.sha256} ({entry.checked})"]))
    if prepared.n_skipped:
        archives = "archive was" if prepared.n_skipped == 1 else "archives were"
        blocks.append(Paragraph(f"{prepared.n_skipped:,} {archives} unpacked before"))
    if prepared.people is not None:
        blocks += _people(prepared.people)
    if prepared.missing:
        missing, page = shorten(prepared.missing, 8), prepared.corpus.page
        blocks.append(Paragraph(f"of {prepared.corpus.title} not there: {missing} ({page})"))
    if prepared.others:
        others = shorten(prepared.others, SHOWN)
        archives = "archive is" if len(prepared.others) == 1 else "archives are"
        title = prepared.corpus.title
        blocks.append(
            Paragraph(
                f"{len(prepared.others):,} {archives} not of {title} by name and left alone: "
                f"{others} (if one is, pass its path)"
            )
        )
    where = f"--dataset={shlex.quote(str(prepared.root))}"
    if prepared.scan is not None:
        blocks += report_scan(prepared.scan)
        layout = prepared.scan.layout
        blocks.append(Paragraph(f"next: fab GenerateDatasetCSV {where} --layout={layout}"))
    elif prepared.unscanned:
        blocks.append(Paragraph(f"not complete yet: {prepared.unscanned}"))
    else:
        blocks.append(
            Paragraph("no layout reads it yet: write a metadata.csv (DatasetPreparation.md)")
        )
    return blocks


def _people(people: People) -> list[Block]:
    from src.utils.dataset.prepare.cetuc import MUTE

    lines = []
    if people.renamed:
        pairs = [f"{old} -> {new}" for old, new in sorted(people.renamed.items())]
        lines.append(f"renamed {len(pairs):,} folders: {shorten(pairs, SHOWN)}")
    lines.append(f"{len(people.mute)} of the real side's {len(MUTE)} mute clips were there")
    if people.lost:
        lines.append(
            f"{len(people.lost):,} recordings in no folder with a person's id were left out: "
            f"{shorten(people.lost, SHOWN)}"
        )
    if people.unread:
        named = [f"{file} {reason}" for file, reason in people.unread.items()]
        lines.append(f"not read: {len(named):,}: {shorten(named, SHOWN)}")
    return [*map(Paragraph, lines), *report_aside(people.aside)]


def report_scan(scan: Scan) -> list[Block]:
    """Count what was found, per label, against what is published, and what was left out.

    Parameters
    ----------
    scan : Scan
        The recordings that a layout found.
    """
    from src.utils.dataset.split.parts import describe_unknown_parts

    files = scan.files
    rows = [_count_clips(label, files["speaker"][files["label"] == label]) for label in LABELS]
    blocks: list[Block] = [Paragraph(f"layout {scan.layout}: {', '.join(rows)}")]
    empty = [label for label in LABELS if not (files["label"] == label).any()]
    if empty:
        blocks.append(
            Warning(f"no {' and no '.join(empty)} clip, so no detector can be trained on it")
        )
    unknown = describe_unknown_parts(files)
    if unknown:
        blocks.append(Warning(f"{unknown}; --strategy=column and official refuse it"))
    for total in scan.totals:
        if total.found == total.expected:
            blocks.append(Paragraph(f"{total.what}: {total.found:,}, as published"))
        else:
            blocks.append(
                Warning(f"{total.what}: {total.found:,}, and {total.expected:,} published")
            )
    blocks += [Paragraph(text) for text in scan.notes]
    blocks += [Warning(text) for text in scan.warnings]
    return blocks + _count_reasons(scan.problems) + report_aside(scan.aside)


def _count_clips(label: str, speakers: pd.Series) -> str:
    """Count the clips of a label and those who speak in them, clips without a name apart."""
    named = speakers[speakers != ""]
    n_unnamed = len(speakers) - len(named)
    if n_unnamed and not len(named):
        return f"{n_unnamed:,} {label} clips of unknown speakers"
    text = f"{len(named):,} {label} clips of {named.nunique():,} speakers"
    return text + (f" and {n_unnamed:,} clips of unknown speakers" if n_unnamed else "")


def _count_reasons(problems: dict[str, str]) -> list[Block]:
    """Count what was left out, with an example of every reason."""
    if not problems:
        return []
    files: dict[str, list[str]] = {}
    for file, reason in problems.items():
        files.setdefault(reason, []).append(file)
    items = []
    for reason, named in files.items():
        more = f" (and {len(named) - 1:,} more)" if len(named) > 1 else ""
        items.append(f"{named[0]} {reason}{more}")
    if len(items) > _REASONS_SHOWN:
        items[_REASONS_SHOWN:] = [f"and {len(items) - _REASONS_SHOWN:,} more reasons"]
    return [Paragraph(f"left out: {len(problems):,} (all are in rejected.csv)"), Bullets(items)]


def report_aside(aside: Aside) -> list[Block]:
    """Count companions of recordings and hidden files, or nothing.

    Parameters
    ----------
    aside : Aside
        What a walk found beside recordings.
    """
    return [Paragraph(aside.describe())] if aside else []


def report_rejected(rejected: dict[str, str]) -> list[Block]:
    """List the first few rejected files, or nothing.

    Parameters
    ----------
    rejected : dict of str to str
        The reason by file.
    """
    if not rejected:
        return []
    items = [f"{file} {reason}" for file, reason in list(rejected.items())[:SHOWN]]
    return [Paragraph(f"rejected: {len(rejected):,} (all are in rejected.csv)"), Bullets(items)]


def _report_odd(measured: Measured) -> list[Block]:
    """List the first few rejected files, and the first few that are odd."""
    blocks = report_rejected(measured.rejected)
    warnings = measured.warnings
    if warnings:
        items = [f"{file}: {text}" for file, text in list(warnings.items())[:SHOWN]]
        blocks += [Warning(f"odd, and used even so: {len(warnings):,} (all are in warnings.csv)")]
        blocks += [Bullets(items)]
    return blocks


def report_durations(measured: Measured) -> list[Block]:
    """Sum up lengths per label.

    Parameters
    ----------
    measured : Measured
        With `duration` in seconds in the files table.
    """
    files = measured.files
    seconds = files["duration"].dropna()
    blocks: list[Block] = [Paragraph(f"{len(seconds):,} clips, {_hours(seconds.sum())}")]
    for label in LABELS:
        part = files.loc[files["label"] == label, "duration"].dropna()
        if len(part):
            text = f"{label}: {_hours(part.sum())}, median {part.median():.2f} s a clip"
            blocks.append(Paragraph(text))
    return blocks + _report_odd(measured)


def report_amplitudes(measured: Measured, is_mended_next: bool = False) -> list[Block]:
    """Tell the peaks per label, and warn when they alone could tell the classes apart.

    Parameters
    ----------
    measured : Measured
        With `amplitude` in the files table, the peak with full scale at 1.
    is_mended_next : bool
        Whether the levels are made equal next anyway, so that nothing is to be run for it.
    """
    medians = measured.files.groupby("label")["amplitude"].median().dropna()
    blocks: list[Block] = [
        Paragraph(f"{label}: median peak {medians[label]:.3f}") for label in medians.index
    ]
    if len(medians) == 2 and medians.max() > _LOUDER * medians.min():
        remedy = "" if is_mended_next else "; run NormalizeDataset"
        blocks.append(
            Warning(
                f"the classes differ in level, which a detector may learn instead of the "
                f"voice{remedy}"
            )
        )
    return blocks + _report_odd(measured)


def report_derived(derived: Derived) -> list[Block]:
    """Count what was written into a copy of a data set.

    Parameters
    ----------
    derived : Derived
        The copy, which says what happened to clips that would have clipped.
    """
    n_written = len(derived.files) - derived.kept
    blocks: list[Block] = [
        Paragraph(
            f"{derived.dataset.root}: {n_written:,} clips written, {derived.kept:,} already there"
        )
    ]
    if derived.limited:
        blocks.append(Paragraph(f"{derived.limited:,} of them would have clipped: {derived.limit}"))
    if derived.told_in:
        blocks.append(Paragraph(f"what became of each is in {derived.told_in}"))
    return blocks + report_rejected(derived.rejected)


def report_split(split: Split) -> list[Block]:
    """Show the table of splits, and what is in none.

    Parameters
    ----------
    split : Split
        How a data set was divided.
    """
    blocks: list[Block] = [frame_table(split.summary, minutes="{:.1f}")]
    if split.pretext:
        blocks.append(Paragraph(split.pretext))
    for reason, count in split.set_aside.items():
        blocks.append(
            Paragraph(f"in no split: {count:,} clip{'s' if count != 1 else ''}, {reason}")
        )
    blocks += [Warning(note) for note in split.notes]
    if split.n_without_spoofs:
        people = "person" if split.n_without_spoofs == 1 else "people"
        blocks.append(
            Paragraph(
                f"{split.n_without_spoofs} {people} without spoofs went to downstream_test "
                f"(--without-spoofs=spread deals them out)"
            )
        )
    return [*blocks, Paragraph("(unchanged)")] if split.was_there else blocks


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"
