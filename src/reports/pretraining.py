"""What the stage prints that pretrains a backbone."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Paragraph, Warning
from src.results.sections.pretraining import heard_sentence, pretraining_facts

if TYPE_CHECKING:
    from src.networks.pretraining.pretrain import Pretraining


def report_pretraining(done: Pretraining) -> list[Block]:
    """Show how a pretraining has ended, and where its checkpoint is.

    Parameters
    ----------
    done : Pretraining
        A finished one.
    """
    run = done.run
    begun = [Paragraph(f"went on behind epoch {done.n_kept}")] if done.n_kept else []
    lines = [
        heard_sentence(run),
        f"report: {run.report}",
        f"{run.name}: {run.folder}",
        f"use it by --backbone={run.settings['backbone']['name']} "
        f"--checkpoint={shlex.quote(str(done.checkpoint))}",
    ]
    return [
        *begun,
        *(Warning(text) for text in done.results["collapse"]),
        pretraining_facts(done.results),
        *map(Paragraph, lines),
        *report_rejected(done.rejected),
    ]
