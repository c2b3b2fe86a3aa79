"""What the stage prints that adapts a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Paragraph, Warning
from src.results.sections.adaptation import (
    adaptation_facts,
    adaptation_sentences,
    adaptation_warnings,
    changes_table,
)
from src.results.sections.warnings import warnings

if TYPE_CHECKING:
    from src.adaptation.adapt import Adapted


def report_adaptation(done: Adapted) -> list[Block]:
    """Show what a run was adapted with, what it brought, what it cost, and where the new run is.

    Parameters
    ----------
    done : Adapted
        An adapted training.
    """
    run, found = done.run, done.adaptation
    results = run.manifest["results"]
    lines = [
        *adaptation_sentences(found),
        f"validation EER {results['validation_eer']:.2%} at the threshold "
        f"{results['threshold']:.4f}, of clips in folds by speaker",
    ]
    return [
        *warnings(run),
        *map(Warning, adaptation_warnings(found)),
        *(Paragraph(f"{name}: {text}") for name, text in adaptation_facts(run)),
        changes_table(found),
        *map(Paragraph, lines),
        *report_rejected(done.rejected),
        Paragraph(f"report: {run.report}"),
        Paragraph(f"run {run.number}: {run.folder}"),
    ]
