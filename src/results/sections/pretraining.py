"""A pretraining: what it has reached, and what it has heard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import Block, Cell, Facts, Figure, Heading, Paragraph
from src.utils.config import BONA_FIDE, SPOOF

if TYPE_CHECKING:
    from src.utils.runs import Run

FIGURE = "loss_plot.png"


def pretraining_facts(found: Mapping[str, Any]) -> Facts:
    """Return how the encoder that was kept does on validation.

    Parameters
    ----------
    found : mapping
        The run's results.
    """
    codes = f"{found['perplexity']:.1f} of {found['codes']:,}"
    rows: list[tuple[str, Cell]] = [
        (
            "validation loss",
            f"{found['loss']:.3f} nats a masked frame (chance: {found['chance']:.3f})",
        ),
        ("accuracy", f"{found['accuracy']:.2%} of masked frames"),
    ]
    if "units_in_use" in found:
        rows += [
            ("units in use", f"{found['units_in_use']:.1f} of {found['codes']:,} (perplexity)"),
            ("units predicted", f"{codes} (perplexity)"),
        ]
    else:
        rows.append(("codebook perplexity", codes))
    rows.append(("epoch kept", f"{found['best_epoch'] + 1} of {found['epochs']}"))
    return Facts(rows)


def heard_sentence(run: Run) -> str:
    """Say what the encoder has heard, and from which split.

    Parameters
    ----------
    run : Run
        A pretraining.
    """
    heard = run.manifest.get("heard", {})
    name = Path(str(run.manifest.get("root", ""))).name
    if not heard:
        return "What it has heard is not known."
    return (
        f"It has heard {heard['recordings']:,} recordings ({heard['hours']:.1f} hours, "
        f"{heard['speakers']:,} speakers; {heard[BONA_FIDE]:,} bona-fide, {heard[SPOOF]:,} spoofs; "
        f"no labels) of {run.settings['splits'][0]} of {name}."
    )


def pretraining(run: Run) -> list[Block]:
    """Return what a page tells of a pretraining that has ended, nothing of another one.

    Parameters
    ----------
    run : Run
        The pretraining.
    """
    found = run.manifest.get("results", {})
    if "loss" not in found:
        return []
    picture = run.folder / FIGURE
    caption = "Loss, perplexity and accuracy by epoch"
    return [
        Heading("Pretraining"),
        pretraining_facts(found),
        *([Figure(picture, caption)] if picture.is_file() else []),
        Paragraph(
            "Perplexity says how many codes of a codebook are in use: the exponential of the "
            "entropy of their shares."
        ),
    ]
