"""What scanning a folder of recordings yields, whatever its layout."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Total:
    """How many clips a part of a known corpus should have, and how many are listed or found.

    Attributes
    ----------
    what : str
        The part, such as `ASVspoof 2019 LA eval`, with what is counted.
    found, expected : int
    """

    what: str
    found: int
    expected: int


@dataclass(frozen=True)
class Scan:
    """The recordings found, and what was left out.

    Attributes
    ----------
    layout : str
    files : pandas.DataFrame
        A files table, sorted by `file`.
    problems : dict of str to str
        By the path (or id) that is left out: the reason, the same text for the same kind of
        problem, so that a report can count them.
    totals : list of Total
        Of the parts whose size is published.
    mounts : dict of str to pathlib.Path
        Folders elsewhere that some files lie in (see `Dataset.mounts`).
    """

    layout: str
    files: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    mounts: dict[str, Path] = field(default_factory=dict)
