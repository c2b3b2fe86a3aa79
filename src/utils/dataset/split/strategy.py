"""What every split strategy is."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from src.utils.dataset.split.assignment import Assignment
from src.utils.dataset.split.settings import SplitSettings


@dataclass(frozen=True)
class Strategy:
    """A way to decide which split each clip goes to.

    Attributes
    ----------
    name : str
        What `--strategy` takes.
    assign : callable
        Given a files table, the settings and the seed, returns the `Assignment` of every clip;
        raises `DatasetError` where the data set cannot be divided so.
    deals_people : bool
        Whether it deals people out itself, so that `--units`, `--hold-out` and `--folds` go with
        it; another follows what the files table says.
    """

    name: str
    assign: Callable[[pd.DataFrame, SplitSettings, int], Assignment]
    deals_people: bool = False
