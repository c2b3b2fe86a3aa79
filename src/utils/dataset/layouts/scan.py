"""The result of scanning a folder of recordings, whatever its layout."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import REQUIRED
from src.utils.errors import DatasetError, shorten


@dataclass(frozen=True)
class Total:
    """The published size of a part of a corpus, beside the size that is listed or found.

    Attributes
    ----------
    what : str
        The part and what is counted, such as `ASVspoof 2019 LA eval, lines listed`.
    found : int
        How many are listed, or found.
    expected : int
        How many its makers publish.
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
        The name of the layout, a key of `LAYOUTS`.
    files : pandas.DataFrame
        A files table, sorted by `file`.
    problems : dict of str to str
        By the path (or id) that is left out: the reason, the same text for the same kind of
        problem, so that a report can count them.
    totals : list of Total
        Of the parts whose size is published.
    mounts : dict of str to pathlib.Path
        Folders elsewhere that some files lie in (see `Dataset.mounts`).
    aside : Aside
        How many companions of recordings and hidden files were left out too.
    warnings : tuple of str
        What a person should know of what was read, and may want to mend.
    notes : tuple of str
        What else was done, such as how speakers were found.
    """

    layout: str
    files: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    mounts: dict[str, Path] = field(default_factory=dict)
    aside: Aside = field(default_factory=Aside)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def files_table(*parts: pd.DataFrame) -> pd.DataFrame:
    """Join tables of recordings into one, sorted by `file`, with every required column.

    What a part does not have is empty.

    Parameters
    ----------
    *parts : pandas.DataFrame
        Tables with a row a recording, named in `file`.

    Raises
    ------
    DatasetError
        When two parts list the same recording.
    """
    table = pd.concat(parts, ignore_index=True)
    twice = table["file"][table["file"].duplicated()]
    if len(twice):
        raise DatasetError(f"{len(twice):,} recordings are listed twice: {shorten(twice)}")
    for column in REQUIRED:
        if column not in table:
            table[column] = ""
    return table.fillna("").sort_values("file", ignore_index=True)
