"""What the stage prints that judges new recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from src.reports.dataset import SHOWN
from src.results.blocks.blocks import Block, Cell, Paragraph, Table

if TYPE_CHECKING:
    from src.predict.predict import Prediction
    from src.predict.verdict import Verdict

MOST_VERDICTS = 20
"""How many verdicts are shown where all are in a file."""


def report_prediction(prediction: Prediction) -> list[Block]:
    """Show the verdict on every recording, or on the most suspicious where a file has them all.

    Parameters
    ----------
    prediction : Prediction
        The verdicts of a run.
    """
    run, verdicts = prediction.run, prediction.verdicts
    settings = run.settings
    which = f"run {run.number}: {settings['backbone']['name']} + {settings['classifier']}"
    blocks: list[Block] = [
        Paragraph(prediction.headline or which),
        *(Paragraph(f"warning: {warning}") for warning in prediction.warnings),
        Paragraph(f"where {prediction.prior:.0%} are expected to be bona-fide"),
    ]
    shown = verdicts
    if prediction.output is not None and len(verdicts) > MOST_VERDICTS:
        judged = [one for one in verdicts if one.probability is not None]
        shown = sorted(judged, key=lambda one: one.probability or 0.0)[:MOST_VERDICTS]
        blocks.append(Paragraph(f"the {len(shown)} most suspicious of {len(verdicts):,}:"))
    if shown:
        blocks.append(verdicts_table(shown))
    lines = []
    refused = {one.file: one.reason for one in verdicts if one.is_refused}
    if shown is not verdicts and refused:
        lines += [f"refused: {file} {reason}" for file, reason in list(refused.items())[:SHOWN]]
        if len(refused) > SHOWN:
            lines.append(f"refused: {len(refused) - SHOWN:,} more (all are in the file below)")
    counts = Counter(one.verdict for one in verdicts)
    lines.append(", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items())))
    lines.append(prediction.aside.describe())
    if prediction.n_taken_over:
        lines.append(
            f"{prediction.n_taken_over:,} of the verdicts were taken over from the run before that "
            f"was stopped"
        )
    lines += [f"note: {note}" for note in prediction.notes]
    if prediction.was_stopped:
        goes_on = "" if prediction.output is None else "; the same command goes on"
        lines.append(
            f"stopped: {len(verdicts):,} of {prediction.n_files:,} recordings are judged{goes_on}"
        )
    if prediction.output is not None:
        lines.append(str(prediction.output))
    n_judged = len(verdicts) - counts["refused"]
    if 0 < len(prediction.figures) < n_judged:
        lines.append(
            f"drawn: the {len(prediction.figures)} most suspicious (--plot-most={n_judged} draws "
            f"all)"
        )
    lines += [str(path) for path in prediction.figures[:SHOWN]]
    if len(prediction.figures) > SHOWN:
        lines.append(f"and {len(prediction.figures) - SHOWN} more figures there")
    return [*blocks, *(Paragraph(line) for line in lines if line)]


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """Return a row a recording: its probability, its verdict and why.

    Parameters
    ----------
    verdicts : sequence of Verdict
        In the order of the rows.
    """
    rows: list[list[Cell]] = [
        [
            one.file,
            None if one.probability is None else f"{one.probability:.3f}",
            one.verdict,
            "" if one.lowest is None else f"{one.seconds} ({one.lowest:.3f})",
            one.reason,
        ]
        for one in verdicts
    ]
    header = ["file", "P(bona-fide)", "verdict", "most suspicious s", "reason or warning"]
    return Table(header, rows)
