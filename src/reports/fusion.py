"""What the stage prints that fuses trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.results.blocks.blocks import Block, Paragraph
from src.results.sections.fusion import gain_sentences, members_table, weight_sentences
from src.results.sections.warnings import warnings

if TYPE_CHECKING:
    from src.fusion.fuse import Fused


def report_fusion(fused: Fused) -> list[Block]:
    """Show the members with their weights, whether fusing pays, and where the run is.

    Parameters
    ----------
    fused : Fused
        A finished fusion.
    """
    run = fused.run
    of_others = "" if fused.gain is None else ", by folds of other speakers"
    lines = [
        f"validation EER {fused.validation_eer:.2%}{of_others}",
        *gain_sentences(run),
        *weight_sentences(run),
        f"report: {run.report}",
        f"run {run.number}: {run.folder}",
    ]
    return [*warnings(run), members_table(run), *map(Paragraph, lines)]
