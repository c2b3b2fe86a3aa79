"""The default strategy: speaker-disjoint, stratified by gender."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from src.utils.config import BY_SPEAKER, DOWNSTREAM_SPLITS, LABELS
from src.utils.dataset.split.cover import cover_classes, needs_of
from src.utils.dataset.split.groups import (
    KINDS,
    ask_for_more,
    describe_groups,
    group_clips,
    name_groups,
)
from src.utils.dataset.split.shares import Shares, deal_groups
from src.utils.errors import ArgumentError, DatasetError

TEST = DOWNSTREAM_SPLITS[-1]
NEEDS = needs_of(DOWNSTREAM_SPLITS)
STRATA = (*KINDS, "gender")


def split_by_speaker(
    files: pd.DataFrame,
    shares: Shares,
    seed: int = 7,
    spread_without_spoofs: bool = False,
    units: str = BY_SPEAKER,
) -> pd.Series:
    """Give every recording a split, all of one group the same (see `group_clips`).

    Groups are stratified by gender and by the classes they have. People without spoofs have
    nothing to teach a detector about their own fakes: they all go to the downstream test,
    unless `spread_without_spoofs`.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    shares : Shares
        How large the splits shall be.
    seed : int
        Of the dealing.
    spread_without_spoofs : bool
        Deal people without spoofs out like everybody else.
    units : {'speaker', 'utterance', 'clip'}
        By utterance or clip everything is dealt out, since it is not about people.

    Returns
    -------
    pandas.Series
        The split of every row of `files`.

    Raises
    ------
    DatasetError
        When speakers are unknown or too few, telling the smallest change that would work.
    """
    spread = spread_without_spoofs or units != BY_SPEAKER
    numbers = group_clips(files, units)
    require_test_share(shares)
    groups = describe_groups(files, numbers)
    require_both_kinds(groups)
    split_of = _deal(groups, shares, seed, spread)
    if split_of is None:
        noun = name_groups(files, numbers, units)
        raise DatasetError(_remedy(groups, shares, seed, spread, noun))
    return numbers.map(split_of)


def require_test_share(shares: Shares) -> None:
    """Fail when the shares leave nobody to test on.

    Raises
    ------
    ArgumentError
        Naming the flag.
    """
    if shares.by_split()[TEST] == 0:
        raise ArgumentError("--downstream-test=0 leaves nobody to test on")


def require_both_kinds(groups: pd.DataFrame) -> None:
    """Fail when a class is absent from the whole data set.

    Parameters
    ----------
    groups : pandas.DataFrame
        See `describe_groups`.

    Raises
    ------
    DatasetError
        Naming the class.
    """
    for kind, label in zip(KINDS, LABELS, strict=True):
        if not groups[kind].any():
            raise DatasetError(f"no {label} recording at all: there is nothing to tell apart")


def with_newcomers(groups: pd.DataFrame, number: int, kinds: Sequence[str] = KINDS) -> pd.DataFrame:
    """Add groups of people with all `kinds` of recordings, to find out how many are missing.

    Parameters
    ----------
    groups : pandas.DataFrame
        See `describe_groups`.
    number : int
        How many groups are added.
    kinds : sequence of str
        The columns, of classes that a group has, that are true of them.
    """
    first = groups["group"].max() + 1
    new = pd.DataFrame({"group": range(first, first + number), "gender": ""})
    return pd.concat([groups, new.assign(**dict.fromkeys(kinds, True))], ignore_index=True)


def _deal(groups: pd.DataFrame, shares: Shares, seed: int, spread: bool) -> dict[int, str] | None:
    """Return the split by group, None where some split would lack groups or a class."""
    dealt = groups if spread else groups[groups["has_spoof"]]
    by_split = shares.by_split()
    if len(dealt) < sum(share > 0 for share in by_split.values()):
        return None
    split_of = dict.fromkeys(groups["group"], TEST)
    split_of |= deal_groups(dealt, STRATA, by_split, seed)
    # Whoever has no spoofs stays where the setting sent them.
    movable = groups["group"][groups["has_spoof"]].tolist()
    return cover_classes(groups, split_of, NEEDS, movable)


def _remedy(groups: pd.DataFrame, shares: Shares, seed: int, spread: bool, noun: str) -> str:
    """Try changes, the smallest first, and name the first that makes the split possible."""
    n_splits = sum(share > 0 for share in shares.by_split().values())
    n_groups = len(groups) if spread else int(groups["has_spoof"].sum())
    have = count_of(n_groups, noun) + ("" if spread else " with spoofs")
    text = f"{have} cannot fill {n_splits} splits of disjoint {noun.split()[0]}s with both classes "
    text += "in each; "
    without_pretext = replace(shares, pretext=0.0)
    changes = {
        "--pretext=0": (without_pretext, spread),
        "--without-spoofs=spread": (shares, True),
        "--pretext=0 --without-spoofs=spread": (without_pretext, True),
    }
    for flags, (changed, spreading) in changes.items():
        if (changed, spreading) != (shares, spread) and _deal(groups, changed, seed, spreading):
            return f"{text}add {flags}"
    flag = ", and --pretext=0" if shares.has_pretext else ""
    for more in range(1, len(DOWNSTREAM_SPLITS) + 1):
        if _deal(with_newcomers(groups, more), without_pretext, seed, spread):
            break
    return f"{text}add {ask_for_more(more, noun)}{flag}"


def count_of(number: int, noun: str) -> str:
    """Return `3 speakers`, the noun's first word in the plural where it is not one.

    Parameters
    ----------
    number : int
        How many there are.
    noun : str
        What they are, such as `speaker`.
    """
    first, *rest = noun.split(" ")
    return " ".join([f"{number:,}", f"{first}s" if number != 1 else first, *rest])
