"""The default strategy: speaker-disjoint, stratified by gender."""

from dataclasses import replace

import pandas as pd

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.schema import people_of
from src.utils.dataset.split.shares import Shares, deal_speakers
from src.utils.errors import ArgumentError, DatasetError

TEST = DOWNSTREAM_SPLITS[-1]

KINDS = {"has_bona_fide": "n_bona_fide", "has_spoof": "n_spoof"}
"""What a speaker may have, by the column that counts it."""


def split_by_speaker(
    files: pd.DataFrame, shares: Shares, seed: int = 7, spread_without_spoofs: bool = False
) -> pd.Series:
    """Give every recording a split, all of one speaker's the same.

    People are stratified by gender and by whether they have bona-fide recordings. People
    without spoofs have nothing to teach a detector about their own fakes: they all go to the
    downstream test, unless `spread_without_spoofs`.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    shares : Shares
    seed : int
    spread_without_spoofs : bool
        Deal people without spoofs out like everybody else.

    Returns
    -------
    pandas.Series
        The split of every row of `files`.

    Raises
    ------
    DatasetError
        When speakers are unknown or too few, telling the smallest change that would work.
    """
    unknown = int((files["speaker"] == "").sum())
    if unknown:
        raise DatasetError(
            f"{unknown:,} of {len(files):,} recordings name no speaker, so a speaker-disjoint "
            f"split cannot be made; add a speaker column, or a split column and --strategy=column"
        )
    if shares.by_split()[TEST] == 0:
        raise ArgumentError("--downstream-test=0 leaves nobody to test on")
    people = people_of(files)
    for kind, column in KINDS.items():
        people[kind] = people[column] > 0
        if not people[kind].any():
            label = kind.removeprefix("has_").replace("_", "-")
            raise DatasetError(f"no {label} recording at all: there is nothing to tell apart")
    split_of = _deal(people, shares, seed, spread_without_spoofs)
    if split_of is None:
        raise DatasetError(_remedy(people, shares, seed, spread_without_spoofs))
    return files["speaker"].map(split_of)


def _deal(people: pd.DataFrame, shares: Shares, seed: int, spread: bool) -> dict[str, str] | None:
    """Return the split by speaker, None where some split would lack speakers or a class."""
    dealt = people if spread else people[people["has_spoof"]]
    by_split = shares.by_split()
    if len(dealt) < sum(share > 0 for share in by_split.values()):
        return None
    split_of = dict.fromkeys(people["speaker"], TEST)
    split_of |= deal_speakers(dealt, [*KINDS, "gender"], by_split, seed)
    return cover_classes(people, split_of)


def cover_classes(people: pd.DataFrame, split_of: dict[str, str]) -> dict[str, str] | None:
    """Swap speakers until every downstream split has both classes.

    Matters in small corpora only, where proportions alone may leave a split without a class.
    A swap keeps the number of speakers, and the gender where that is possible.

    Parameters
    ----------
    people : pandas.DataFrame
        With the columns `speaker`, `gender` and those of `KINDS`.
    split_of : dict of str to str
        The split by speaker; only speakers with spoofs are moved.

    Returns
    -------
    dict of str to str or None
        None when no swap helps.
    """
    about = people.set_index("speaker")
    split_of = dict(split_of)
    has = {kind: set(about.index[about[kind]]) for kind in KINDS}
    movable = [speaker for speaker in split_of if speaker in has["has_spoof"]]

    def lacking() -> set[tuple[str, str]]:
        there = {
            (split, kind)
            for speaker, split in split_of.items()
            for kind in KINDS
            if speaker in has[kind]
        }
        return {(split, kind) for split in DOWNSTREAM_SPLITS for kind in KINDS} - there

    missing = lacking()
    while missing:
        split, kind = sorted(missing)[0]
        outside = [s for s in movable if split_of[s] != split and s in has[kind]]
        inside = [s for s in movable if split_of[s] == split] if outside else []
        swaps = [
            (about["gender"][here] != about["gender"][there], here, there)
            for here in inside
            for there in outside
        ]
        for _, here, there in sorted(swaps):
            split_of[here], split_of[there] = split_of[there], split_of[here]
            now = lacking()
            if len(now) < len(missing):
                missing = now
                break
            split_of[here], split_of[there] = split_of[there], split_of[here]
        else:
            return None
    return split_of


def _remedy(people: pd.DataFrame, shares: Shares, seed: int, spread: bool) -> str:
    """Try changes, the smallest first, and name the first that makes the split possible."""
    n_splits = sum(share > 0 for share in shares.by_split().values())
    n_people = len(people) if spread else int(people["has_spoof"].sum())
    have = f"{n_people} speaker{'s' if n_people != 1 else ''}" + ("" if spread else " with spoofs")
    text = f"{have} cannot fill {n_splits} splits of disjoint speakers with both classes in each; "
    without_pretext = replace(shares, pretext=0.0)
    changes = {
        "--pretext=0": (without_pretext, spread),
        "--without-spoofs=spread": (shares, True),
        "--pretext=0 --without-spoofs=spread": (without_pretext, True),
    }
    for flags, (changed, spreading) in changes.items():
        if (changed, spreading) != (shares, spread) and _deal(people, changed, seed, spreading):
            return f"{text}add {flags}"
    flag = " and --pretext=0" if shares.pretext > 0 else ""
    for more in range(1, len(DOWNSTREAM_SPLITS) + 1):
        new = pd.DataFrame(
            [(f"new{i}", "", True, True) for i in range(more)],
            columns=["speaker", "gender", *KINDS],
        )
        if _deal(pd.concat([people, new]), without_pretext, seed, spread):
            break
    plural = "s" if more > 1 else ""
    return f"{text}add recordings of {more} more speaker{plural}, real and spoofed,{flag}"
