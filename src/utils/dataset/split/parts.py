"""The words that corpora use for the parts of their own split."""

import pandas as pd

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.schema import SPLIT, text_column
from src.utils.dataset.split.groups import WITHOUT_SPEAKERS
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


def require_parts(files: pd.DataFrame, strategy: str) -> None:
    """Fail where the table tells nothing of a split of the corpus' own.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    strategy : str
        What asks for it, for the message.

    Raises
    ------
    DatasetError
        Naming the strategy that makes a split, and what it takes.
    """
    if (text_column(files, SPLIT).str.strip() != "").any():
        return
    remedy = "--strategy=speaker makes one"
    if (files["speaker"] == "").all():
        remedy += f"; for that, {WITHOUT_SPEAKERS}"
    raise DatasetError(
        f"--strategy={strategy} needs the corpus' own split, and the files table has no split "
        f"column or nothing in it; {remedy}"
    )


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
    parts = _translated(files[SPLIT], empty_allowed)
    if parts.isna().any():
        raise DatasetError(_describe_unknown(files[SPLIT][parts.isna()]))
    return parts


def describe_unknown_parts(files: pd.DataFrame) -> str:
    """Say which words of the `split` column no strategy knows; empty where there are none.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    """
    words = text_column(files, SPLIT)
    unknown = words[_translated(words, empty_allowed=True).isna()]
    return _describe_unknown(unknown) if len(unknown) else ""


def _translated(words: pd.Series, empty_allowed: bool) -> pd.Series:
    spellings = SPELLINGS | ({"": ""} if empty_allowed else {})
    return words.str.strip().str.lower().map(spellings)


def _describe_unknown(words: pd.Series) -> str:
    return (
        f"unknown word in the split column: {shorten(map(repr, sorted(set(words))))}; "
        f"known are {', '.join(SPELLINGS)}"
    )
