"""What the stage that makes spoofs prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from src.reports.dataset import report_derived
from src.results.blocks.blocks import Block
from src.results.sections.frame import frame_table

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
    rows = [("(real)", spoofs.n_real), *spoofs.n_by_attack.items()]
    table = pd.DataFrame(rows, columns=["attack", "clips"])
    return [frame_table(table), *report_derived(spoofs.derived)]
