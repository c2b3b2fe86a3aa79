"""The test of a detector on many test sets at once: a table of all, and where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.evaluation.sets_file import SetResults, SetRow, sets_paths
from src.results.blocks.blocks import Block, Bullets, Cell, Figure, Heading, Paragraph, Table
from src.results.metric_cells import with_interval
from src.results.wording import sentence
from src.utils.config import BONA_FIDE, GENDERS, SPOOF
from src.utils.metrics.detection import costs_much
from src.utils.metrics.table import METRICS

if TYPE_CHECKING:
    from src.utils.runs import Run

SHOWN = ("eer", "hter", "min_dcf", "cllr", "auc")
"""The metrics of the table, in this order."""


def sets_sections(run: Run, is_brief: bool = False) -> list[Block]:
    """Return what a run's folder holds of tests on many sets, of all clips and of each gender.

    Parameters
    ----------
    run : Run
        A training.
    is_brief : bool
        For a card: without figures.

    Raises
    ------
    AudiosError
        When a file is damaged.
    """
    blocks: list[Block] = []
    for gender in (None, *GENDERS):
        path, figure = sets_paths(run.folder, gender)
        if path.is_file():
            results = SetResults.read(path)
            whose = "" if gender is None else f", gender {gender}"
            blocks.append(Heading(f"Over {len(results.sets)} test sets{whose}"))
            blocks += sets_blocks(results)
            if not is_brief and figure.is_file():
                about = "EER and HTER of every test set, with intervals"
                blocks.append(Figure(figure, about, about))
    return blocks


def sets_blocks(results: SetResults) -> list[Block]:
    """Return the table of test sets, and in sentences where the threshold does not hold.

    Parameters
    ----------
    results : SetResults
        Of a test on many sets.
    """
    blocks: list[Block] = [
        sets_table(results),
        Paragraph(
            f"HTER is at the threshold fixed on validation ({results.threshold:.4g}), EER at the "
            f"one that would be best for each set. In brackets: 95 % intervals over speakers. The "
            f"average weighs every set alike; pooled is all clips with one threshold."
        ),
    ]
    worst = results.worst("eer"), results.worst("hter")
    blocks.append(Paragraph(f"Worst by EER: {worst[0].title}; by HTER: {worst[1].title}."))
    told = [*threshold_sentences(results), *failure_sentences(results)]
    return [*blocks, Bullets(told)] if told else blocks


def sets_table(results: SetResults) -> Table:
    """Return a row for each set, then their average, all pooled, and the worst by each metric.

    Parameters
    ----------
    results : SetResults
        Of a test on many sets.
    """
    rows = [_cells(row, row.title) for row in results.sets]
    rows += [_cells(row, row.name) for row in (results.average, results.pooled)]
    worst = [METRICS[name].write(results.worst(name).values[name]) for name in SHOWN]
    rows.append(["worst", "", "", *worst])
    header = ["test set", BONA_FIDE, SPOOF, *(METRICS[name].label for name in SHOWN)]
    return Table(header, rows, range(1, len(header)))


def threshold_sentences(results: SetResults) -> list[str]:
    """Say of which sets the threshold errs far more than the EER promises.

    Parameters
    ----------
    results : SetResults
        Of a test on many sets.
    """
    found = []
    for row in results.sets:
        eer, hter = row.values["eer"], row.values["hter"]
        if costs_much(eer, hter):
            far, frr = row.values["far"], row.values["frr"]
            what = f"{far:.1%} of spoofs pass, {frr:.1%} of bona-fide clips are rejected"
            found.append(
                f"The threshold does not transfer to {row.title}: EER {eer:.1%}, but HTER "
                f"{hter:.1%} ({what})."
            )
    return found


def failure_sentences(results: SetResults) -> list[str]:
    """Say which sets could not be tested, and why.

    Parameters
    ----------
    results : SetResults
        Of a test on many sets.
    """
    return [
        sentence(f"not tested: {folder}: {reason}") for folder, reason in results.failed.items()
    ]


def _cells(row: SetRow, title: str) -> list[Cell]:
    values: list[Cell] = [with_interval(name, row.values[name], *row.ci95[name]) for name in SHOWN]
    return [title, f"{row.n_bona_fide:,}", f"{row.n_spoof:,}", *values]
