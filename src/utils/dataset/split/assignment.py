"""What a strategy decides."""

from dataclasses import dataclass, field

import pandas as pd

NO_SPLIT = ""
"""Stands for the split of a clip that is in none."""


@dataclass(frozen=True)
class Assignment:
    """Where every clip goes.

    Attributes
    ----------
    splits : pandas.Series
        The split of every row of the files table, `NO_SPLIT` for a clip that is set aside.
    set_aside : dict of str to int
        How many clips are in no split, by reason.
    notes : list of str
        What a reader of the test's metrics should know.
    """

    splits: pd.Series
    set_aside: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
