"""The strategy for corpora that come with a split: follow the table's `split` column."""

import pandas as pd

from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.dataset.split.assignment import Assignment
from src.utils.dataset.split.by_speaker import STRATA
from src.utils.dataset.split.groups import WITHOUT_SPEAKERS, describe_groups, group_clips
from src.utils.dataset.split.parts import TEST, TRAIN, VAL, parts_of, require_parts
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.shares import Shares, deal_groups
from src.utils.dataset.split.strategy import Strategy
from src.utils.errors import DatasetError


def split_by_column(files: pd.DataFrame, shares: Shares, seed: int = 7) -> pd.Series:
    """Give every recording the downstream split its `split` cell names.

    A part the column does not have is made from others: without a test part, dev serves as
    the test; the parts still missing are cut from train by speaker, in proportion to the
    downstream shares.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with the column `split`.
    shares : Shares
        Only its downstream shares are used.
    seed : int
        Of the dealing.

    Returns
    -------
    pandas.Series
        The split of every row of `files`.

    Raises
    ------
    DatasetError
        When the column is absent, holds an unknown word or has no train part, or when train
        has too few speakers to cut from.
    """
    require_parts(files, "column")
    splits = parts_of(files)
    if not (splits == TRAIN).any():
        raise DatasetError("the split column has no train part")
    if not (splits == TEST).any():
        splits = splits.replace(VAL, TEST)
    missing = [split for split in (VAL, TEST) if not (splits == split).any()]
    if missing:
        splits = _cut_from_train(files, splits, missing, shares, seed)
    return splits


def _cut_from_train(
    files: pd.DataFrame, splits: pd.Series, missing: list[str], shares: Shares, seed: int
) -> pd.Series:
    train = files[splits == TRAIN]
    wanted = {split: max(getattr(shares, split), 1e-9) for split in [TRAIN, *missing]}
    if ((train["speaker"] == "") & (text_column(train, UTTERANCE) == "")).any():
        raise DatasetError(
            f"{' and '.join(missing)} must be cut from train by speaker, and some recordings "
            f"name none; add the missing part, or {WITHOUT_SPEAKERS}"
        )
    numbers = group_clips(train)
    groups = describe_groups(train, numbers)
    if len(groups) < len(wanted):
        raise DatasetError(
            f"{' and '.join(missing)} must be cut from train by speaker, and train has only "
            f"{len(groups)}; it needs {len(wanted)}"
        )
    split_of = deal_groups(groups, STRATA, wanted, seed)
    return splits.where(splits != TRAIN, numbers.map(split_of))


def _assign(files: pd.DataFrame, settings: SplitSettings, seed: int) -> Assignment:
    return Assignment(split_by_column(files, settings.shares, seed))


STRATEGY = Strategy("column", _assign)
