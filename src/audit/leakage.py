"""Leakage between splits: clips of a test that match clips of the training."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from src.audit.common import LATER_SPLITS, Common, known_before
from src.utils.config import LABELS

CONFLICT = "label conflict"


@dataclass(frozen=True)
class Seen:
    """The number of clips of a split that have a match in an earlier split.

    Attributes
    ----------
    count, total : int
        Clips of the split with a match, and all of them.
    example : tuple of str
        One such clip and its match, empty where there is none.
    """

    count: int
    total: int
    example: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.count:,} of {self.total:,}"


@dataclass(frozen=True)
class Leak:
    """One way in which splits may overlap.

    Attributes
    ----------
    name : str
        The property that two clips share.
    is_leak : bool
        Whether an overlap is leakage; otherwise it limits how far the test generalises.
    seen : dict of str to Seen
        Counts by evaluated split: validation against training, test against both; pretext splits
        count as training.
    n_groups, n_across : int
        Groups of clips that share it in the whole data set, and how many of those hold more than
        one speaker, so that a split by speaker may divide them.
    """

    name: str
    is_leak: bool
    seen: dict[str, Seen] = field(default_factory=dict)
    n_groups: int = 0
    n_across: int = 0

    @property
    def is_flagged(self) -> bool:
        """Whether the present split of the data set leaks by it."""
        return self.is_leak and any(one.count for one in self.seen.values())


def find_leaks(
    files: pd.DataFrame, common: Sequence[Common], splits: pd.Series | None
) -> list[Leak]:
    """Count the clips of later splits that match clips of earlier ones.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with the schema's columns and `sha256`.
    common : sequence of Common
        The properties that clips share (see `find_common`).
    splits : pandas.Series or None
        The split of every row, empty for a clip in none; None where nothing is split yet.

    Returns
    -------
    list of Leak
        Label conflicts first, then one for each property.
    """
    leaks = [_conflict(files)]
    for shared in common:
        seen = {} if splits is None else _seen(shared, splits.to_numpy(str), files["file"])
        counts = _count_groups(shared, files["speaker"])
        leaks.append(Leak(shared.name, shared.is_leak, seen, *counts))
    return leaks


def _seen(common: Common, splits: np.ndarray, files: pd.Series) -> dict[str, Seen]:
    seen = {}
    for split in LATER_SPLITS:
        here = splits == split
        if here.any():
            rows, matches = common.first_matches(here, known_before(splits, split))
            example = (files.iloc[rows[0]], files.iloc[matches[0]]) if len(rows) else ()
            seen[split] = Seen(len(rows), int(here.sum()), example)
    return seen


def _count_groups(common: Common, speakers: pd.Series) -> tuple[int, int]:
    # Clips without a speaker may be of anybody, and be parted.
    unknown = "?" + pd.Series(np.arange(len(speakers)), index=speakers.index).astype(str)
    voices = ("s" + speakers).where(speakers != "", unknown)
    known = common.is_known
    table = pd.DataFrame({"key": common.keys[known], "speaker": voices.to_numpy()[known]})
    groups = table.groupby("key")["speaker"].agg(["size", "nunique"])
    groups = groups[groups["size"] > 1]
    return len(groups), int((groups["nunique"] > 1).sum())


def _conflict(files: pd.DataFrame) -> Leak:
    """Find label conflicts: recordings that are listed as both classes."""
    by_content = files.groupby("sha256")["label"]
    both = files[by_content.transform("nunique") == len(LABELS)].sort_values(["sha256", "label"])
    count = both["sha256"].nunique()
    example = tuple(both["file"].iloc[:2])
    return Leak(CONFLICT, True, {"all": Seen(len(both), len(files), example)}, count, 0)
