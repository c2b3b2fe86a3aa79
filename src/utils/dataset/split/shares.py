"""How large each split shall be, and how whole groups are dealt out by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from src.utils.config import AUTO, SPLITS
from src.utils.errors import ArgumentError

PRETEXT = 0.6
"""Share of people for pretext, where downstream can spare them."""


@dataclass(frozen=True)
class Shares:
    """The shares of a split, each between 0 and 1.

    Attributes
    ----------
    pretext : float or 'auto'
        Of all people; the rest is downstream. `auto` is a number once the data set is known (see
        `settle_pretext`).
    pretext_train, pretext_val : float
        Of the pretext people; they add up to 1.
    downstream_train, downstream_val, downstream_test : float
        Of the downstream people; they add up to 1.

    Raises
    ------
    ArgumentError
        When a share is out of range or a sum is not 1.
    """

    pretext: float | Literal["auto"] = PRETEXT
    pretext_train: float = 0.8
    pretext_val: float = 0.2
    downstream_train: float = 0.7
    downstream_val: float = 0.2
    downstream_test: float = 0.1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value != AUTO and not 0 <= value <= 1:
                raise ArgumentError(
                    f"--{name.replace('_', '-')}={value:g} must lie between 0 and 1"
                )
        if self.pretext == 1:
            raise ArgumentError("--pretext=1 leaves nobody for downstream")
        for half in ("pretext", "downstream"):
            parts = {k: v for k, v in vars(self).items() if k.startswith(f"{half}_")}
            if abs(sum(parts.values()) - 1) > 1e-9:
                flags = " + ".join(f"--{k.replace('_', '-')}={v:g}" for k, v in parts.items())
                raise ArgumentError(f"{flags} add up to {sum(parts.values()):g}, not 1")

    @property
    def has_pretext(self) -> bool:
        """Whether anybody may be kept for pretext."""
        return isinstance(self.pretext, str) or self.pretext > 0

    def by_split(self) -> dict[str, float]:
        """Return each split's share of all people; they add up to 1.

        Raises
        ------
        ValueError
            When the share of pretext is not settled yet.
        """
        pretext = self.pretext
        if isinstance(pretext, str):
            raise ValueError("the share of pretext is not settled")
        return {
            split: (pretext if split.startswith("pretext") else 1 - pretext) * getattr(self, split)
            for split in SPLITS
        }


def count_groups(n_groups: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Divide a number of groups by largest remainder, at least one to every share above 0.

    Raises
    ------
    ArgumentError
        When there are fewer groups than shares above 0.
    """
    wanted = {split: share for split, share in shares.items() if share > 0}
    if n_groups < len(wanted):
        raise ArgumentError(f"{n_groups} groups cannot fill {len(wanted)} splits")
    total = sum(wanted.values())
    exact = {split: n_groups * share / total for split, share in wanted.items()}
    counts = {split: max(1, int(value)) for split, value in exact.items()}
    while sum(counts.values()) != n_groups:
        step = 1 if sum(counts.values()) < n_groups else -1
        open_to = [split for split in counts if step > 0 or counts[split] > 1]
        furthest = max(open_to, key=lambda split: step * (exact[split] - counts[split]))
        counts[furthest] += step
    return {split: counts.get(split, 0) for split in shares}


def deal_groups(
    groups: pd.DataFrame, strata: Sequence[str], shares: Mapping[str, float], seed: int
) -> dict[int, str]:
    """Give every group a split so that each stratum follows the shares.

    Groups are shuffled within their stratum and the strata are dealt out one after the other,
    each group to the split that is furthest behind. Every stratum then has its shares to within
    a group or two, and the totals are exactly those of `count_groups`.

    Parameters
    ----------
    groups : pandas.DataFrame
        With the columns `group` and `strata`.
    strata : sequence of str
        Columns to stratify by.
    shares : mapping of str to float
        By split.
    seed : int
        Of the shuffling.

    Returns
    -------
    dict of int to str
        The split by group.
    """
    counts = count_groups(len(groups), shares)
    random = np.random.default_rng(seed)
    shuffled = groups.sort_values("group").iloc[random.permutation(len(groups))]
    ordered = shuffled.sort_values(list(strata), kind="stable")["group"]
    given = dict.fromkeys(counts, 0)
    split_of = {}
    for position, group in enumerate(ordered, start=1):
        behind = {
            split: counts[split] * position / len(groups) - given[split]
            for split in counts
            if given[split] < counts[split]
        }
        split = max(behind, key=lambda name: behind[name])
        given[split] += 1
        split_of[group] = split
    return split_of
