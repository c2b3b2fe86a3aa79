"""What scanning a folder of recordings yields, whatever its layout."""

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Scan:
    """The recordings found, and what was left out.

    Attributes
    ----------
    layout : str
    files : pandas.DataFrame
        A files table, sorted by `file`.
    problems : dict of str to str
        By the path (or table row) that is left out: the reason.
    """

    layout: str
    files: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)
