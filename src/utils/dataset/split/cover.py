"""Repairing a deal that left a split without a class."""

from collections import Counter
from collections.abc import Collection, Mapping

import pandas as pd

from src.utils.dataset.split.groups import KINDS

Needs = Mapping[str, Mapping[str, str]]
"""By split: the column that says, of each group, whether it would bring a kind there."""


def needs_of(splits: Collection[str]) -> Needs:
    """Return the needs of splits that take all clips of their groups: both classes."""
    return {split: {kind: kind for kind in KINDS} for split in splits}


def cover_classes(
    groups: pd.DataFrame,
    split_of: Mapping[int, str],
    needs: Needs,
    movable: Collection[int],
) -> dict[int, str] | None:
    """Swap groups until every split has what it needs.

    Matters in small corpora only, where proportions alone may leave a split without a class.
    A swap keeps the number of groups, and the gender where that is possible.

    Parameters
    ----------
    groups : pandas.DataFrame
        With the columns `group`, `gender` and those that `needs` names.
    split_of : mapping of int to str
        The split by group.
    needs : mapping
        By split: the column that says, of each group, whether it would bring a kind there.
    movable : collection of int
        The groups that may be swapped.

    Returns
    -------
    dict of int to str or None
        None when no swap helps.
    """
    columns = sorted({column for wanted in needs.values() for column in wanted.values()})
    rows = groups[["group", "gender", *columns]].itertuples(index=False, name=None)
    about = {group: (gender, values) for group, gender, *values in rows}
    split_of = dict(split_of)
    brings = {
        (split, kind): columns.index(column)
        for split, wanted in needs.items()
        for kind, column in wanted.items()
    }
    there: Counter[tuple[str, str]] = Counter()

    def put(group: int, split: str, step: int) -> None:
        for kind in needs.get(split, ()):
            there[split, kind] += step * bool(about[group][1][brings[split, kind]])

    def swap(here: int, other: int) -> None:
        for group in (here, other):
            put(group, split_of[group], -1)
        split_of[here], split_of[other] = split_of[other], split_of[here]
        for group in (here, other):
            put(group, split_of[group], 1)

    def lacking() -> list[tuple[str, str]]:
        return sorted(need for need in brings if not there[need])

    def first_of_each(candidates: Collection[int]) -> list[int]:
        """Of groups that are alike only the first needs to be tried."""
        first: dict[tuple, int] = {}
        for group in sorted(candidates):
            gender, values = about[group]
            first.setdefault((gender, *values, split_of[group]), group)
        return list(first.values())

    for group, split in split_of.items():
        put(group, split, 1)
    missing = lacking()
    while missing:
        split, kind = missing[0]
        has = brings[split, kind]
        outside = [g for g in movable if split_of[g] != split and about[g][1][has]]
        inside = [g for g in movable if split_of[g] == split]
        swaps = [
            (about[here][0] != about[other][0], here, other)
            for here in first_of_each(inside)
            for other in first_of_each(outside)
        ]
        for _, here, other in sorted(swaps):
            swap(here, other)
            now = lacking()
            if len(now) < len(missing):
                missing = now
                break
            swap(here, other)
        else:
            return None
    return split_of
