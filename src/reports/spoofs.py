"""What the stage that makes spoofs prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import report_derived
from src.results.blocks.blocks import Block, Cell, Table

if TYPE_CHECKING:
    # Only for annotations: to load what makes spoofs takes long.
    from src.spoofs.make import Spoofs


def report_spoofs(spoofs: Spoofs) -> list[Block]:
    """Count the spoofs of each attack, and what was written.

    Parameters
    ----------
    spoofs : Spoofs
        The data set with its spoofs.
    """
    counts = {"(real)": spoofs.n_real, **spoofs.n_by_attack}
    rows: list[list[Cell]] = [[attack, f"{count:,}"] for attack, count in counts.items()]
    return [Table(["attack", "clips"], rows, right=(1,)), *report_derived(spoofs.derived)]
