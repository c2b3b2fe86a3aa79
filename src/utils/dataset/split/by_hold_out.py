"""Leave-one-generator-out: train without some attacks, sources or languages, test on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from src.utils.config import BONA_FIDE, BY_SPEAKER, DOWNSTREAM_SPLITS, SPLITS, SPOOF
from src.utils.dataset.schema import text_column
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.by_speaker import count_of, require_test_share, with_newcomers
from src.utils.dataset.split.cover import cover_classes
from src.utils.dataset.split.groups import (
    ask_for_more,
    describe_groups,
    group_clips,
    have,
    name_groups,
)
from src.utils.dataset.split.settings import HoldOut
from src.utils.dataset.split.shares import Shares, count_groups, deal_groups
from src.utils.errors import ArgumentError, DatasetError, shorten

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS

_TO_TRAIN = {"has_bona_fide": "trains_bona_fide", "has_spoof": "trains_spoof"}
_TO_TEST = {"has_bona_fide": "tests_bona_fide", "has_spoof": "tests_spoof"}
_NEEDS = {TRAIN: _TO_TRAIN, VAL: _TO_TRAIN, TEST: _TO_TEST}
_BRINGS = (*_TO_TRAIN.values(), *_TO_TEST.values())
"""What a group brings where it goes to training, and where it goes to the test."""


@dataclass(frozen=True)
class _Clips:
    """Masks over the files table, each bool of shape (clips,).

    Attributes
    ----------
    held : pandas.Series
        What training must not contain.
    testable : pandas.Series
        What the test takes of its groups; training takes of its own all that is not held out.
    """

    held: pd.Series
    testable: pd.Series


def split_by_hold_out(
    files: pd.DataFrame,
    hold_out: HoldOut,
    shares: Shares,
    seed: int = 7,
    units: str = BY_SPEAKER,
) -> Assignment:
    """Keep some attacks, sources or languages out of training, and test on them.

    Held-out clips are the spoofs of an attack, or all clips of a source or language. The test's
    spoofs are held out, all of them. So are its bona-fide clips where a source or language has
    any; else they are those of the test's groups (see `group_clips`). Groups that have held-out
    clips go to the test first: all of them if they are no more than its share, and for a source
    or language whenever the others suffice for training. Clips that then fit nowhere are set
    aside.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    hold_out : HoldOut
        What training must not contain.
    shares : Shares
        How large the splits shall be.
    seed : int
        Of the dealing.
    units : {'speaker', 'utterance', 'clip'}
        What stays on one side.

    Raises
    ------
    ArgumentError
        When there is no such value, naming those there are.
    DatasetError
        When groups are unknown or too few, telling the smallest change that would work.
    """
    numbers = group_clips(files, units)
    require_test_share(shares)
    clips, notes = _choose_clips(files, hold_out)
    _require_kinds(files, clips, hold_out)
    groups = _describe(files, numbers, clips)
    split_of = _deal(groups, hold_out, shares, seed)
    if split_of is None:
        noun = name_groups(files, numbers, units)
        raise DatasetError(_remedy(groups, hold_out, shares, seed, noun))
    splits = numbers.map(split_of)
    tested = splits == TEST
    too_late, left_over = ~tested & clips.held, tested & ~clips.testable
    reasons = {
        f"held out, but their {units}s are in training": int(too_late.sum()),
        f"not held out, but their {units}s are in the test": int(left_over.sum()),
    }
    set_aside = {reason: count for reason, count in reasons.items() if count}
    return Assignment(splits.mask(too_late | left_over, NO_SPLIT), set_aside, notes)


def _choose_clips(files: pd.DataFrame, hold_out: HoldOut) -> tuple[_Clips, list[str]]:
    column = text_column(files, hold_out.column)
    spoof = files["label"] == SPOOF
    if hold_out.column == "attack":
        column = column.where(spoof, "")
    there = sorted(set(column) - {""})
    unknown = [value for value in hold_out.values if value not in there]
    if unknown:
        known = f"there are {shorten(there, 20)}" if there else "the files table names none"
        raise ArgumentError(
            f"--hold-out={hold_out}: no {hold_out.column} {shorten(unknown)}; {known}"
        )
    held = column.isin(hold_out.values)
    if hold_out.column == "attack":
        return _Clips(held, held | ~spoof), []
    if (held & ~spoof).any():
        return _Clips(held, held), []
    note = f"{hold_out} has no bona-fide clip: the test takes those of its speakers"
    return _Clips(held, held | ~spoof), [note]


def _require_kinds(files: pd.DataFrame, clips: _Clips, hold_out: HoldOut) -> None:
    checks = {
        "downstream_test": files["label"][clips.testable],
        "downstream_train": files["label"][~clips.held],
    }
    for split, labels in checks.items():
        for label in (BONA_FIDE, SPOOF):
            if not (labels == label).any():
                raise DatasetError(
                    f"with --hold-out={hold_out} {split} would have no {label} recording; hold "
                    f"out {'other' if split == 'downstream_test' else 'fewer'} values"
                )


def _describe(files: pd.DataFrame, numbers: pd.Series, clips: _Clips) -> pd.DataFrame:
    """Return one row a group: `group, gender`, those of `_BRINGS`, `held, trains`."""
    groups = describe_groups(files, numbers)[["group", "gender"]]
    there = pd.Index(groups["group"])
    spoof = files["label"] == SPOOF
    trained = ~clips.held
    masks = (trained & ~spoof, trained & spoof, clips.testable & ~spoof, clips.testable & spoof)
    for column, mask in zip(_BRINGS, masks, strict=True):
        groups[column] = have(there, numbers[mask])
    groups["held"] = have(there, numbers[clips.held])
    groups["trains"] = groups["trains_bona_fide"] | groups["trains_spoof"]
    return groups


def _deal(
    groups: pd.DataFrame, hold_out: HoldOut, shares: Shares, seed: int
) -> dict[int, str] | None:
    """Return the split by group, None where some split would lack groups or a class."""
    by_split = shares.by_split()
    if len(groups) < sum(share > 0 for share in by_split.values()):
        return None
    others = {split: by_split[split] for split in SPLITS if split != TEST}
    n_others = sum(share > 0 for share in others.values())
    seats = count_groups(len(groups), by_split)[TEST]
    for tested, may_move in _choices(groups, hold_out, seats, n_others, seed):
        rest = groups[~groups["group"].isin(tested)]
        if len(rest) < n_others:
            continue
        split_of = dict.fromkeys(tested, TEST)
        split_of |= deal_groups(rest, [*_TO_TRAIN.values(), "gender"], others, seed)
        movable = (groups if may_move else rest)["group"].tolist()
        covered = cover_classes(groups, split_of, _NEEDS, movable)
        if covered is not None:
            return covered
    return None


def _choices(
    groups: pd.DataFrame, hold_out: HoldOut, seats: int, n_others: int, seed: int
) -> Iterator[tuple[list[int], bool]]:
    """Yield groups for the test, the best first, and whether they may be swapped for others."""
    held = groups[groups["held"]]
    if hold_out.column != "attack":
        for enough in (seats, 1):
            yield _with_bona_fide(groups, held, enough, n_others, seed), False
    if len(held) > seats:
        # Who has nothing else is of no use anywhere but in the test.
        alone = held[~held["trains"]]
        free = held[held["trains"]]
        wanted = max(0, seats - len(alone))
        held = pd.concat([alone, _draw(free, wanted, list(_BRINGS), seed)])
    for may_move in (False, True):
        for enough in (seats, 1):
            yield _with_bona_fide(groups, held, enough, n_others, seed), may_move


def _with_bona_fide(
    groups: pd.DataFrame, held: pd.DataFrame, enough: int, n_others: int, seed: int
) -> list[int]:
    """Add groups until `enough` of them bring bona-fide clips, if there are so many.

    Training is left a group for each of its splits.
    """
    lack = enough - int(held["tests_bona_fide"].sum())
    lack = min(lack, len(groups) - len(held) - n_others)
    out = groups["tests_bona_fide"] & ~groups["group"].isin(held["group"])
    added = _draw(groups[out], max(0, lack), list(_TO_TRAIN.values()), seed)
    return [*held["group"], *added["group"]]


def _draw(groups: pd.DataFrame, number: int, strata: list[str], seed: int) -> pd.DataFrame:
    """Return `number` groups, or all where they are fewer, each stratum with its share."""
    if number >= len(groups) or not number:
        return groups.head(number)
    shares = {"drawn": number / len(groups), "left": 1 - number / len(groups)}
    dealt = deal_groups(groups, [*strata, "gender"], shares, seed)
    return groups[groups["group"].map(dealt) == "drawn"]


def _remedy(groups: pd.DataFrame, hold_out: HoldOut, shares: Shares, seed: int, noun: str) -> str:
    n_splits = sum(share > 0 for share in shares.by_split().values())
    n_held = int(groups["held"].sum())
    text = (
        f"{count_of(len(groups), noun)} ({n_held} with held-out clips) cannot fill {n_splits} "
        f"splits with both classes in each and without {hold_out} in training; "
    )
    without_pretext = replace(shares, pretext=0.0)
    if shares.has_pretext and _deal(groups, hold_out, without_pretext, seed):
        return f"{text}add --pretext=0"
    flag = ", and --pretext=0" if shares.has_pretext else ""
    for more in range(1, len(DOWNSTREAM_SPLITS) + 1):
        new = with_newcomers(groups, more, (*_BRINGS, "held", "trains"))
        if _deal(new, hold_out, without_pretext, seed):
            break
    return f"{text}add {ask_for_more(more, noun)}, held out and not{flag}"
