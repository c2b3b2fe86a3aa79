"""What the stage prints that tests a run under conditions, and what it answers to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import Block, Paragraph
from src.results.records import run_record
from src.results.sections.robustness import left_out, robustness_in_brief
from src.utils.files import read_json
from src.utils.metrics.table import EER

if TYPE_CHECKING:
    from src.robustness.robustness import RobustnessTest


def report_robustness(done: RobustnessTest) -> list[Block]:
    """Show the tracks and the worst of each augmentation, and where all of it is.

    Parameters
    ----------
    done : RobustnessTest
        A tested run.
    """
    run, where = done.run, done.elsewhere
    lines = [f"run {run.number}: {run.folder}"]
    lines += [f"tested on another data set: {where}"] if where else []
    if done.n_kept:
        lines.append(f"{done.n_scored:,} clips scored, {done.n_kept:,} scores were there")
    return [
        *map(Paragraph, lines),
        *robustness_in_brief(done.found, level=0),
        *left_out(done.found),
        Paragraph(f"(in brackets: 95 % intervals over {done.found.ci95_over})"),
        *(Paragraph(str(path)) for path in (done.path, *done.figures, run.report)),
    ]


def document_robustness(done: RobustnessTest) -> dict[str, Any]:
    """Return a test of robustness: whose, where its files are, and `robustness.json` as it is.

    Parameters
    ----------
    done : RobustnessTest
        A tested run.
    """
    return {
        **run_record(done.run),
        "elsewhere": done.elsewhere,
        "results": done.path,
        "figures": done.figures,
        "report": done.run.report,
        "robustness": read_json(done.path),
    }


def essence_robustness(done: RobustnessTest) -> list[str]:
    """Return a line a condition: its EER with the interval.

    Parameters
    ----------
    done : RobustnessTest
        A tested run.
    """
    lines = []
    for one in (done.found.clean, *done.found.conditions):
        eer = one.metrics["eer"]
        span = EER.write_interval(eer.low, eer.high)
        lines.append(f"{one.name}: EER {EER.write(eer.value)} [{span}]")
    return lines
