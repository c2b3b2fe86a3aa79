"""The split stage as a whole: choose by strategy, check, write."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from src.utils.config import SHARED_VOICES
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.schema import text_column
from src.utils.dataset.speakers import GUESSED, NAMED_BY, describe_two_genders
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.groups import describe_groups, group_clips
from src.utils.dataset.split.pretext import settle_pretext
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
    pretext : str
        Which share of people was chosen for pretext and why, empty where it was given.
    """

    summary: pd.DataFrame
    n_without_spoofs: int
    was_there: bool
    set_aside: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pretext: str = ""


def split_dataset(dataset: Dataset, settings: SplitSettings | None = None, seed: int = 7) -> Split:
    """Divide a data set and write the split beside its tables.

    Parameters
    ----------
    dataset : Dataset
        What is divided; the split is written into its folder.
    settings : SplitSettings, optional
        How; by default people are dealt out by the default shares, and for pretext as many are
        kept as downstream can spare.
    seed : int
        Of the dealing.

    Raises
    ------
    ArgumentError, DatasetError
        As the strategies and `write_splits` do.
    """
    files = dataset.read_files()
    plan = plan_split(files, settings or SplitSettings(), seed)
    there = is_up_to_date(dataset, files, plan.recipe)
    if not there:
        # Two at once would mix their files, and a speaker could stand on both sides.
        with dataset.updating():
            write_splits(dataset, files, plan.splits, plan.recipe)
    return Split(
        summarise_splits(files, plan.splits),
        _count_kept_apart(files, plan),
        there,
        plan.set_aside,
        [*plan.notes, *describe_two_genders(files)],
        plan.pretext,
    )


@dataclass(frozen=True)
class Plan:
    """A split that is decided and checked, and not written.

    Attributes
    ----------
    settings : SplitSettings
        How, with numbers for all shares.
    splits : pandas.Series
        The split of every row of the files table, `NO_SPLIT` for a clip that is set aside.
    set_aside : dict of str to int
        See `Split`.
    notes : list of str
        What a reader of the test's metrics should know; kept with the split.
    speakers : str
        `guessed` where the speakers that are kept apart were, for some clips; else empty.
    pretext : str
        Which share of pretext was chosen and why, empty where it was given.
    seed : int
        Of the dealing.
    """

    settings: SplitSettings
    splits: pd.Series
    set_aside: dict[str, int]
    notes: list[str]
    speakers: str
    pretext: str
    seed: int

    @property
    def recipe(self) -> dict[str, Any]:
        """What `split.json` keeps of it; what is empty is left out, as it always was."""
        told = {"pretext_auto": self.pretext, "speakers": self.speakers, "notes": self.notes}
        return self.settings.recipe(self.seed) | {name: text for name, text in told.items() if text}


def plan_split(files: pd.DataFrame, settings: SplitSettings, seed: int = 7) -> Plan:
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
    strategy = SPLIT_STRATEGIES.load(settings.strategy)

    def assign(settled: SplitSettings) -> Assignment:
        return strategy.assign(files, settled, seed)

    settled, pretext = settle_pretext(files, settings, assign)
    assigned = assign(settled)
    check_splits(files, assigned.splits, settled.recipe(seed))
    guessed = _guessed_voices(files, assigned.splits, settled)
    unchecked = _unchecked_voices(files, assigned.splits, settled)
    notes = [*assigned.notes, *guessed, *unchecked]
    speakers = GUESSED if guessed else ""
    return Plan(settled, assigned.splits, assigned.set_aside, notes, speakers, pretext, seed)


def _guessed_voices(files: pd.DataFrame, splits: pd.Series, settings: SplitSettings) -> list[str]:
    """Say where it was guessed whose voices the split keeps apart."""
    placed = splits != NO_SPLIT
    guessed = placed & (text_column(files, NAMED_BY) == GUESSED)
    if settings.units in SHARED_VOICES or not guessed.any():
        return []
    return [
        f"speakers were guessed from voices: those of {guessed.sum():,} of {placed.sum():,} clips "
        f"nobody named, and one person taken for two may be in training and test"
    ]


def _unchecked_voices(files: pd.DataFrame, splits: pd.Series, settings: SplitSettings) -> list[str]:
    """Say where speakers are unknown that the split is meant to keep apart."""
    placed = splits != NO_SPLIT
    unnamed = placed & (files["speaker"] == "")
    # Another split says already what it is worth, and a single part has no other side.
    if settings.units in SHARED_VOICES or not unnamed.any() or splits[placed].nunique() < 2:
        return []
    return [
        f"{unnamed.sum():,} of {placed.sum():,} clips name no speaker: nothing tells whether a "
        f"voice is on both sides"
    ]


def _count_kept_apart(files: pd.DataFrame, plan: Plan) -> int:
    """Count the people who went to the test because their group has no spoof."""
    settings = plan.settings
    everybody_dealt = settings.spread_without_spoofs or settings.units in SHARED_VOICES
    if not settings.deals_by_shares or everybody_dealt:
        return 0
    files = files[plan.splits != NO_SPLIT]
    numbers = group_clips(files)
    groups = describe_groups(files, numbers)
    apart = numbers.isin(groups["group"][~groups["has_spoof"]])
    return int(files["speaker"][apart & (files["speaker"] != "")].nunique())
