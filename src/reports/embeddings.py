"""What the stages print that make and draw embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Paragraph

if TYPE_CHECKING:
    from src.utils.embeddings.extract import Extraction
    from src.utils.runs import Run


def report_extraction(extraction: Extraction) -> list[Block]:
    """Count the vectors of one split.

    Parameters
    ----------
    extraction : Extraction
        Of the split's clips.
    """
    store = extraction.store
    about = store.backbone
    stats = "+".join(about["stats"])
    shape = f"{about['layers']} x {stats} x {about['dim']}"
    text = (
        f"{store.folder}: {len(store.clips()):,} clips of {shape}; "
        f"{extraction.n_computed:,} computed, {extraction.n_kept:,} already there"
    )
    return [Paragraph(text), *report_rejected(extraction.rejected)]


def report_projection(run: Run) -> list[Block]:
    """Name the figure, the points and the page.

    Parameters
    ----------
    run : Run
        The projection.
    """
    picture = run.folder / f"{run.settings['method']}.png"
    return [Paragraph(str(path)) for path in (picture, picture.with_suffix(".csv"), run.report)]
