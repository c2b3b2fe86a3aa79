"""Accepted spellings of names, labels and genders in tables, protocols and folders."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF

_LABELS = dict.fromkeys(("bonafide", "real", "genuine", "human"), BONA_FIDE) | dict.fromkeys(
    ("spoof", "fake", "spoofed", "synthetic", "generated", "deepfake"), SPOOF
)
"""Without case, spaces, hyphens and underscores; the same for tables, protocols and folders."""
_NUMBERS = ("0", "1", "0.0", "1.0", "-1", "true", "false", "yes", "no", "t", "f", "y", "n")
"""Words for a class that do not say which of the two it is."""
_UNKNOWN = frozenset(
    ("", "-", "--", "?", "unknown", "unk", "nan", "none", "null", "nil", "n/a", "n.a.", "#n/a")
)
"""Words that stand for nothing known, whatever the column, without case."""
_GENDERS = {"m": "M", "male": "M", "f": "F", "female": "F"} | dict.fromkeys(
    ("u", "na", "o", "other"), ""
)


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
    refuse : callable
        From the column to what is wrong with it as a whole, empty where nothing is.
    """

    translate: Callable[[pd.Series], pd.Series]
    fault: str
    known: str = ""
    refuse: Callable[[pd.Series], str] = lambda words: ""


def labels_of(words: pd.Series) -> pd.Series:
    """Turn words into `config.LABELS`, NaN for an unknown one.

    Parameters
    ----------
    words : pandas.Series
        The column as it stands in the file, text.
    """
    return _translated(words, label_of)


MERE_CONTAINERS = ("wav", "wavs", "flac", "audio", "clips")
"""Names of folders that say nothing of what is in them."""


def label_of(word: str) -> str | None:
    """Return what of `config.LABELS` a word stands for, None for an unknown one.

    >>> label_of("Bona_Fide"), label_of("deepfake"), label_of("1")
    ('bona-fide', 'spoof', None)

    Parameters
    ----------
    word : str
        A cell of a table, or the name of a folder.
    """
    return _LABELS.get(_plain(word))


def genders_of(words: pd.Series) -> pd.Series:
    """Turn words into `config.GENDERS` or the empty string, NaN for an unknown one.

    Parameters
    ----------
    words : pandas.Series
        The column of genders, text.
    """
    return _translated(
        words, lambda word: "" if _is_unknown(word) else _GENDERS.get(word.strip().lower())
    )


def names_of_people(words: pd.Series) -> pd.Series:
    """Return who speaks, the empty string where a word says that it is unknown.

    A name is the same however its letters are composed and whatever space is around it.

    Parameters
    ----------
    words : pandas.Series
        The column of speakers, text.
    """
    # In capitals alone: Na is a name.
    return _translated(
        words, lambda word: "" if _is_unknown(word) or word.strip() == "NA" else _composed(word)
    )


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
    systems = _translated(words, lambda word: "" if _is_unknown(word) else word)
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


def flags_of(label: str) -> Spellings:
    """Return the spellings of a column whose name says which class its 1, true or yes is of.

    Parameters
    ----------
    label : str
        That class, of `config.LABELS`.
    """
    other = SPOOF if label == BONA_FIDE else BONA_FIDE
    known = dict.fromkeys(("1", "1.0", "true", "yes", "t", "y"), label) | dict.fromkeys(
        ("0", "0.0", "false", "no", "f", "n"), other
    )
    return Spellings(
        lambda words: _translated(
            words, lambda word: known.get(word.strip().lower()) or label_of(word)
        ),
        "unknown label '{}'",
        f"1, true, yes ({label}), 0, false, no ({other}), {_KNOWN_LABELS}",
    )


def _refuse_numbers(words: pd.Series) -> str:
    different = sorted({word.strip() for word in words.unique()})
    if not different or not all(word.lower() in _NUMBERS for word in different):
        return ""
    return (
        f"the labels are {' and '.join(different)}, which do not say which class is which: write "
        f"bona-fide and spoof, or call the column is_spoof or is_bona_fide if that is what 1 means"
    )


_KNOWN_LABELS = f"bona-fide, {', '.join(_LABELS)}"

COMMON_SPELLINGS = {
    "label": Spellings(labels_of, "unknown label '{}'", _KNOWN_LABELS, _refuse_numbers),
    "gender": Spellings(genders_of, "unknown gender '{}'", "M, F, male, female, empty"),
    "speaker": Spellings(names_of_people, "no name"),
    "id": Spellings(names_of_people, "no name"),
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


def _is_unknown(word: str) -> bool:
    return word.strip().lower() in _UNKNOWN


def _composed(word: str) -> str:
    return unicodedata.normalize("NFC", word.strip())
