"""The words that corpora use for the parts of their own split."""

import pandas as pd

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.schema import SPLIT
from src.utils.errors import DatasetError, shorten

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS

SPELLINGS = {
    "train": TRAIN,
    "training": TRAIN,
    "dev": VAL,
    "val": VAL,
    "valid": VAL,
    "validation": VAL,
    "development": VAL,
    "test": TEST,
    "testing": TEST,
    "eval": TEST,
    "evaluation": TEST,
}


def parts_of(files: pd.DataFrame, empty_allowed: bool = False) -> pd.Series:
    """Return the downstream split that every row's `split` cell names.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with the column `split`.
    empty_allowed : bool
        Take an empty cell for no split, written as the empty string.

    Raises
    ------
    DatasetError
        Naming the words that are not known.
    """
    spellings = SPELLINGS | ({"": ""} if empty_allowed else {})
    parts = files[SPLIT].str.strip().str.lower().map(spellings)
    unknown = sorted(set(files[SPLIT][parts.isna()]))
    if unknown:
        raise DatasetError(
            f"unknown word in the split column: {shorten(map(repr, unknown))}; "
            f"known are {', '.join(SPELLINGS)}"
        )
    return parts
