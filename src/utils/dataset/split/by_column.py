"""The strategy for corpora that come with a split: follow the table's `split` column."""

import pandas as pd

from src.utils.dataset.schema import people_of
from src.utils.dataset.split.by_speaker import KINDS
from src.utils.dataset.split.parts import SPELLINGS, TEST, TRAIN, VAL
from src.utils.dataset.split.shares import Shares, deal_speakers
from src.utils.errors import DatasetError, shorten


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
    if "split" not in files:
        raise DatasetError("--strategy=column needs a split column; the files table has none")
    words = files["split"].str.strip().str.lower()
    splits = words.map(SPELLINGS)
    unknown = sorted(set(files["split"][splits.isna()]))
    if unknown:
        raise DatasetError(
            f"unknown word in the split column: {shorten(map(repr, unknown))}; "
            f"known are {', '.join(SPELLINGS)}"
        )
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
    people = people_of(train)
    wanted = {split: max(getattr(shares, split), 1e-9) for split in [TRAIN, *missing]}
    if (train["speaker"] == "").any():
        raise DatasetError(
            f"{' and '.join(missing)} must be cut from train by speaker, and some recordings "
            f"name none; add a speaker column or the missing part"
        )
    if len(people) < len(wanted):
        raise DatasetError(
            f"{' and '.join(missing)} must be cut from train by speaker, and train has only "
            f"{len(people)}; it needs {len(wanted)}"
        )
    for kind, column in KINDS.items():
        people[kind] = people[column] > 0
    split_of = deal_speakers(people, [*KINDS, "gender"], wanted, seed)
    return splits.where(splits != TRAIN, files["speaker"].map(split_of))
