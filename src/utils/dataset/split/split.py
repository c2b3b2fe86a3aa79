"""The split stage as a whole: choose by strategy, check, write."""

from dataclasses import dataclass, field

import pandas as pd

from src.utils.config import BY_UTTERANCE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.speakers import describe_two_genders
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.groups import describe_groups, group_clips
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.store import (
    check_splits,
    is_up_to_date,
    summarise_splits,
    write_splits,
)
from src.utils.dataset.split_strategies import SPLIT_STRATEGIES


@dataclass(frozen=True)
class Split:
    """A data set divided.

    Attributes
    ----------
    summary : pandas.DataFrame
        See `summarise_splits`.
    n_without_spoofs : int
        People without spoofs, who went to the downstream test.
    was_there : bool
        Whether this very split was on disk already.
    set_aside : dict of str to int
        How many clips are in no split, by reason.
    notes : list of str
        What a reader of the test's metrics should know.
    """

    summary: pd.DataFrame
    n_without_spoofs: int
    was_there: bool
    set_aside: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def split_dataset(dataset: Dataset, settings: SplitSettings | None = None, seed: int = 7) -> Split:
    """Divide a data set and write the split beside its tables.

    Parameters
    ----------
    dataset : Dataset
        What is divided; the split is written into its folder.
    settings : SplitSettings, optional
        How; by default people are dealt out by the default shares.
    seed : int
        Of the dealing.

    Raises
    ------
    ArgumentError, DatasetError
        As the strategies and `write_splits` do.
    """
    settings = settings or SplitSettings()
    files = dataset.read_files()
    assigned = plan_split(files, settings, seed)
    recipe = settings.recipe(seed)
    there = is_up_to_date(dataset, files, recipe)
    if not there:
        # Two at once would mix their files, and a speaker could stand on both sides.
        with dataset.updating():
            write_splits(dataset, files, assigned.splits, recipe)
    return Split(
        summarise_splits(files, assigned.splits),
        _count_kept_apart(files, settings),
        there,
        assigned.set_aside,
        [
            *assigned.notes,
            *_unchecked_voices(files, assigned.splits, settings),
            *describe_two_genders(files),
        ],
    )


def plan_split(files: pd.DataFrame, settings: SplitSettings, seed: int = 7) -> Assignment:
    """Assign and check a split without writing it, so that an impossible one is told at once.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    settings : SplitSettings
        How it shall be divided.
    seed : int
        Of the dealing.

    Raises
    ------
    ArgumentError, DatasetError
        As `split_dataset` does.
    """
    assigned = SPLIT_STRATEGIES.load(settings.strategy).assign(files, settings, seed)
    check_splits(files, assigned.splits, settings.recipe(seed))
    return assigned


def _unchecked_voices(files: pd.DataFrame, splits: pd.Series, settings: SplitSettings) -> list[str]:
    """Say where speakers are unknown that the split is meant to keep apart."""
    placed = splits != NO_SPLIT
    unnamed = placed & (files["speaker"] == "")
    # A split by utterance says already what it is worth, and a single part has no other side.
    if settings.units == BY_UTTERANCE or not unnamed.any() or splits[placed].nunique() < 2:
        return []
    return [
        f"{unnamed.sum():,} of {placed.sum():,} clips name no speaker: nothing tells whether a "
        f"voice is on both sides"
    ]


def _count_kept_apart(files: pd.DataFrame, settings: SplitSettings) -> int:
    """Count the people who went to the test because their group has no spoof."""
    everybody_dealt = settings.spread_without_spoofs or settings.units == BY_UTTERANCE
    of_its_own_kind = settings.hold_out is not None or settings.folds is not None
    deals_people = SPLIT_STRATEGIES.load(settings.strategy).deals_people
    if not deals_people or everybody_dealt or of_its_own_kind:
        return 0
    numbers = group_clips(files)
    groups = describe_groups(files, numbers)
    apart = numbers.isin(groups["group"][~groups["has_spoof"]])
    return int(files["speaker"][apart & (files["speaker"] != "")].nunique())
