"""The split stage as a whole: choose by strategy, check, write."""

from dataclasses import asdict, dataclass

import pandas as pd

from src.utils.config import SPLIT_STRATEGIES, SPOOF
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.by_column import split_by_column
from src.utils.dataset.split.by_speaker import split_by_speaker
from src.utils.dataset.split.shares import Shares
from src.utils.dataset.split.store import is_up_to_date, summarise_splits, write_splits
from src.utils.errors import choose


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
    """

    summary: pd.DataFrame
    n_without_spoofs: int
    was_there: bool


def split_dataset(
    dataset: Dataset,
    shares: Shares | None = None,
    strategy: str = "speaker",
    seed: int = 7,
    spread_without_spoofs: bool = False,
) -> Split:
    """Divide a data set and write the split beside its tables.

    Parameters
    ----------
    dataset : Dataset
    shares : Shares, optional
    strategy : {'speaker', 'column'}
    seed : int
    spread_without_spoofs : bool
        For `speaker`: see `split_by_speaker`.

    Raises
    ------
    ArgumentError, DatasetError
        As the strategies and `write_splits` do.
    """
    choose("--strategy", strategy, SPLIT_STRATEGIES)
    shares = shares or Shares()
    files = dataset.read_files()
    recipe = {
        "strategy": strategy,
        "shares": asdict(shares),
        "seed": seed,
        "spread_without_spoofs": spread_without_spoofs,
    }
    if strategy == "column":
        splits = split_by_column(files, shares, seed)
    else:
        splits = split_by_speaker(files, shares, seed, spread_without_spoofs)
    there = is_up_to_date(dataset, files, recipe)
    if not there:
        write_splits(dataset, files, splits, recipe)
    has_spoof = files.groupby("speaker")["label"].agg(lambda labels: (labels == SPOOF).any())
    kept_apart = strategy == "speaker" and not spread_without_spoofs
    n_without = int((~has_spoof.astype(bool)).sum()) if kept_apart else 0
    return Split(summarise_splits(files, splits), n_without, there)
