"""The groups of a test: the EER by attack, codec, gender and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from src.results.blocks.blocks import (
    FAINT,
    SOFT,
    Block,
    Cell,
    Gap,
    Heading,
    Paragraph,
    Table,
    percent,
)
from src.results.metric_cells import interval
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.errors import shorten

if TYPE_CHECKING:
    from src.evaluation.breakdown import Group

MOST_GROUPS = 40
"""Rows of a table; a corpus may have hundreds of attacks."""


def groups(breakdowns: Mapping[str, Sequence[Group]], is_brief: bool = False) -> list[Block]:
    """Return a table of the groups of each condition.

    Parameters
    ----------
    breakdowns : mapping of str to sequence of Group
        By condition, such as `attack`.
    is_brief : bool
        For a terminal: groups that are too small to say anything are counted in place of shown,
        and nothing explains the tables.
    """
    if not breakdowns:
        return []
    if is_brief:
        return [block for item in breakdowns.items() for block in _in_brief(*item)]
    blocks: list[Block] = [_explanation()]
    for condition, found in breakdowns.items():
        shown = sorted(found, key=lambda group: group.is_small)[:MOST_GROUPS]
        blocks += [Heading(f"By {condition}", 3), groups_table(condition, shown)]
        if len(found) > len(shown):
            left = f"and {len(found) - len(shown):,} more groups in the file of the results"
            blocks.append(Paragraph(left, SOFT))
    return blocks


def groups_table(condition: str, found: Sequence[Group]) -> Table:
    """Return the groups of a condition, a row each, those too small to say anything faint.

    Parameters
    ----------
    condition : str
        What divides the clips.
    found : sequence of Group
        In the order of the rows.
    """
    is_one_sided = any(group.against for group in found)
    rows: list[list[Cell]] = [
        [
            group.group,
            percent(group.eer),
            interval("eer", group.low, group.high),
            percent(group.far),
            percent(group.frr),
            f"{group.n_bona_fide:,}",
            f"{group.n_spoof:,}",
            f"{group.n_speakers:,}",
            *([f"all {group.against}" if group.against else ""] if is_one_sided else []),
        ]
        for group in found
    ]
    header = [condition, "EER", "95 % interval", "FAR", "FRR", BONA_FIDE, SPOOF, "speakers"]
    right = range(1, len(header))
    kinds = {number: FAINT for number, group in enumerate(found) if group.is_small}
    return Table([*header, "against"] if is_one_sided else header, rows, right, kinds)


def _explanation() -> Paragraph:
    # The resampling behind groups is loaded only where they are explained.
    from src.evaluation.breakdown import ENOUGH_CLIPS, ENOUGH_SPEAKERS

    return Paragraph(
        f"Set apart are groups too small to say anything: fewer than {ENOUGH_CLIPS} clips or "
        f"{ENOUGH_SPEAKERS} speakers of a class. A group of one class is measured against all "
        f"clips of the other. The more groups there are, the likelier one of them looks good or "
        f"bad by chance."
    )


def _in_brief(condition: str, found: Sequence[Group]) -> list[Block]:
    shown = [group for group in found if not group.is_small]
    small = [group.group for group in found if group.is_small]
    blocks: list[Block] = [Gap()]
    if shown:
        blocks.append(groups_table(condition, shown))
    if small:
        more = "more" if shown else condition
        are = "group is" if len(small) == 1 else "groups are"
        text = f"{len(small):,} {more} {are} too small to say anything: {shorten(small)}"
        blocks.append(Paragraph(text))
    return blocks
