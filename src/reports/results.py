"""What the stages print that list, compare or make many runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.results.blocks.blocks import Block, Bullets, Gap, Paragraph, Table, Warning
from src.results.sections.comparison import (
    combinations_table,
    compared_table,
    robustness_table,
)
from src.results.sections.frame import frame_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from src.results.differences import Comparison
    from src.results.listing import Listing
    from src.search.optimize import Search


def report_listing(listing: Listing) -> list[Block]:
    """Show the table of runs, and what could not be read.

    Parameters
    ----------
    listing : Listing
        Of a runs folder.
    """
    blocks: list[Block] = [Paragraph(f"no runs in {listing.folder}; fab TrainModel makes one")]
    if listing.rows:
        header = list(listing.rows[0])
        right = ("validation EER", "test EER", "95 % interval", "minDCF")
        rows = [list(row.values()) for row in listing.rows]
        blocks = [Table(header, rows, [header.index(name) for name in right])]
    return [*blocks, *(Warning(fault) for fault in listing.faults)]


def report_comparison(done: Comparison) -> list[Block]:
    """Show the runs by their EER, each against the best, and where the page is.

    Parameters
    ----------
    done : Comparison
        Of tested runs.
    """
    from src.results.wording import difference_sentence

    blocks: list[Block] = [compared_table(done)]
    blocks += [Paragraph(difference_sentence(row)) for row in done.pairs.itertuples()]
    if done.n_pairs > 1:
        blocks.append(Paragraph("(p-values are corrected by Holm's procedure, figure by figure)"))
    if done.robustness is not None:
        blocks += [Gap(), robustness_table(done.robustness)]
    blocks += [Warning(note) for note in done.notes]
    return [*blocks, Paragraph(f"{done.run.name}: {done.page}")]


def report_search_line(search: Search) -> list[Block]:
    """Show in one line what a search among others has found.

    Parameters
    ----------
    search : Search
        Of hyperparameters.
    """
    from src.models.lookup import detector_name
    from src.utils.embeddings.selection import Selection

    name, number = detector_name(search.study), search.study.number
    if search.was_stopped or search.best is None:
        n_trials = len(search.search_trials)
        return [Paragraph(f"{name}: stopped behind {n_trials} trials; call it again to go on")]
    best = search.best
    return [
        Paragraph(
            f"{name}: validation EER {best['validation_eer']:.2%} with "
            f"{Selection.of(best).label} (study {number}, run {best['run_number']})"
        )
    ]


def report_combinations(done: Comparison) -> list[Block]:
    """Show backbones and classifiers by validation, each against the first, and the page.

    Parameters
    ----------
    done : Comparison
        Of the best runs of searches.
    """
    from src.results.wording import CHOSEN_BY_VALIDATION

    assert done.combinations is not None
    return [
        combinations_table(done.combinations),
        Paragraph(CHOSEN_BY_VALIDATION),
        *(Warning(note) for note in done.notes),
        Paragraph(f"{done.run.name}: {done.page}"),
    ]


def report_pipeline(detectors: pd.DataFrame, pages: Sequence[Path]) -> list[Block]:
    """Show the detectors with their error rates, and the pages to open.

    Parameters
    ----------
    detectors : pandas.DataFrame
        A row a detector, with the columns `validation_eer, test_eer, accuracy, auc` among others.
    pages : sequence of pathlib.Path
        To open in a browser.
    """
    rates = dict.fromkeys(("validation_eer", "test_eer", "accuracy"), "{:.2%}")
    return [
        frame_table(detectors, **rates, auc="{:.4f}"),
        Gap(),
        Paragraph("pages to open"),
        Bullets([str(path) for path in pages]),
    ]
