"""Accepted spellings of names, labels and genders in tables and protocols."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF

_LABELS = {
    "bonafide": BONA_FIDE,
    "real": BONA_FIDE,
    "genuine": BONA_FIDE,
    "spoof": SPOOF,
    "fake": SPOOF,
}
_GENDERS = {"m": "M", "male": "M", "f": "F", "female": "F"} | dict.fromkeys(
    ("", "-", "u", "unknown", "n/a", "na", "none", "o", "other"), ""
)
_NOTHING = ("", "-", "n/a", "none")


@dataclass(frozen=True)
class Spellings:
    """The accepted spellings of a column.

    Attributes
    ----------
    translate : callable
        From the column to the words of the files table, NaN for what may not stand there.
    fault : str
        What is said of that, which takes the place of `{}`.
    known : str
        What may stand there, for messages; empty where `fault` says it.
    """

    translate: Callable[[pd.Series], pd.Series]
    fault: str
    known: str = ""


def labels_of(words: pd.Series) -> pd.Series:
    """Turn words into `config.LABELS`, NaN for an unknown one.

    Parameters
    ----------
    words : pandas.Series
        The column as it stands in the file, text.
    """
    return _translated(words, lambda word: _LABELS.get(_plain(word)))


def genders_of(words: pd.Series) -> pd.Series:
    """Turn words into `config.GENDERS` or the empty string, NaN for an unknown one.

    Parameters
    ----------
    words : pandas.Series
        The column of genders, text.
    """
    return _translated(words, lambda word: _GENDERS.get(word.strip().lower()))


def attacks_of(words: pd.Series, label: pd.Series) -> pd.Series:
    """Return the system that made each spoof, NaN for a bona-fide recording that names one.

    Bona-fide recordings were made by none; in place of it they may say nothing, or that they
    are bona-fide.

    Parameters
    ----------
    words : pandas.Series
        The column of attacks, text.
    label : pandas.Series
        The class of each row, of `config.LABELS`, NaN where unknown.
    """
    systems = _translated(words, lambda word: "" if word.strip().lower() in _NOTHING else word)
    is_none = (systems == "") | (labels_of(words) == BONA_FIDE)
    return systems.where(label == SPOOF, "").mask((label == BONA_FIDE) & ~is_none)


def ids_of(words: pd.Series) -> pd.Series:
    """Return what recordings are called, without space around it, NaN for no name.

    Parameters
    ----------
    words : pandas.Series
        The column of names, text.
    """
    plain = words.str.strip()
    return plain.where(plain != "")


IDS = Spellings(ids_of, "the name of the recording is empty")
"""The column `file` of a list that is not of one folder's recordings."""

COMMON_SPELLINGS = {
    "label": Spellings(
        labels_of, "unknown label '{}'", "bona-fide, bonafide, real, genuine, spoof, fake"
    ),
    "gender": Spellings(genders_of, "unknown gender '{}'", "M, F, male, female, empty"),
}
"""The columns that are spelt alike in every layout."""


def _translated(words: pd.Series, known: Callable[[str], str | None]) -> pd.Series:
    """Translate each different word once."""
    numbers, different = words.factorize()
    return (
        pd.Series([known(word) for word in different], dtype="str")
        .take(numbers)
        .set_axis(words.index)
    )


def _plain(word: str) -> str:
    return word.strip().lower().translate(str.maketrans("", "", "-_ "))
