"""Numbers in score files as programs print them: plain, with a decimal comma, or wrapped."""

import re

import numpy as np
import pandas as pd

from src.utils.dataset.layouts.spellings import Spellings

_PLAIN = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NONE = r"[+-]?(?:nan|inf(?:inity)?)"
_ONE = rf"(?:{_PLAIN}|{_NONE})"
_LIST = rf"\[*\s*(?:{_ONE}(?:\s*,\s*|\s+))*{_ONE}\s*,?\s*\]*"
_CALL = r"(?:torch\.|np\.|numpy\.)?(?:tensor|array|float\d*)\(\s*"
_OPTIONS = r"\s*(?:,[^()]*(?:\([^()]*\)[^()]*)?)?\)"
"""What torch prints behind the number: `, device='cuda:0', grad_fn=<SelectBackward0>`."""

_NUMBER = re.compile(_ONE, re.IGNORECASE)
_WITH_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
_DECIMAL_COMMA = re.compile(_WITH_COMMA)
_WRAPPED = re.compile(
    rf'(?<=[\s,;])"?(?:{_CALL}(?P<called>{_LIST}){_OPTIONS}|(?P<listed>\[{_LIST}\]))"?'
    rf"(?=[\s,;]|$)",
    re.IGNORECASE,
)


def is_number(text: str) -> bool:
    """Say whether a text stands for a number, NaN among them, which a model may have put out.

    >>> [is_number(text) for text in ("-1e-3", " 0,5 ", "nan", "1_0", "LA_E_1")]
    [True, True, True, False, False]

    Parameters
    ----------
    text : str
        A field of a line.
    """
    plain = text.strip()
    return bool(_NUMBER.fullmatch(plain) or _DECIMAL_COMMA.fullmatch(plain))


def has_decimal_comma(text: str) -> bool:
    """Say whether a text is a number whose decimals are behind a comma.

    Parameters
    ----------
    text : str
        A field of a line.
    """
    return bool(_DECIMAL_COMMA.fullmatch(text.strip()))


def is_wrapped(line: str) -> bool:
    """Say whether a line holds a number in brackets, or as torch or NumPy print one.

    Parameters
    ----------
    line : str
        A line of a score file.
    """
    return _WRAPPED.search(line) is not None


def unwrapped(line: str) -> str:
    """Return a line with its numbers alone, without what a program printed around them.

    >>> unwrapped("LA_E_1 tensor(2.16, device='cuda:0')"), unwrapped("a,[0.1, -2]")
    ('LA_E_1 2.16', 'a,0.1,-2')

    Parameters
    ----------
    line : str
        A line of a score file.
    """
    return _WRAPPED.sub(_bare, line)


def numbers_of(texts: pd.Series) -> pd.Series:
    """Return texts as finite numbers, NaN for others.

    A comma stands before decimals where no number of the column has a point.

    Parameters
    ----------
    texts : pandas.Series
        A column of scores, text.
    """
    if are_with_comma(texts):
        texts = texts.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def are_with_comma(texts: pd.Series) -> bool:
    """Say whether a column of numbers has decimal commas, and no decimal point.

    Parameters
    ----------
    texts : pandas.Series
        A column of scores, text.
    """
    with_comma = texts[texts.str.contains(",", regex=False)]
    return bool(
        with_comma.str.strip().str.fullmatch(_WITH_COMMA).any()
        and not texts.str.contains(".", regex=False).any()
    )


SCORES = Spellings(numbers_of, "the score '{}' is no finite number")


def _bare(match: re.Match[str]) -> str:
    before = match.string[: match.start()].rstrip(" ")[-1:]
    by = before if before and before in ",;\t" else " "
    return by.join(_NUMBER.findall(match["called"] or match["listed"]))
