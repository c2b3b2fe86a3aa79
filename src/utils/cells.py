r"""Cells of tables that people open: what is written, and how it is read back.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and an editor or a
terminal acts upon control characters. So in text, and in the names of columns,

- what would begin a formula has an apostrophe before it, as one types it into a spreadsheet:
  `'=1+1`; text that begins with apostrophes before such a sign has one more,
- what nobody can see (`shown_text.UNSEEN`) is spelt `\x1b` or `\u202e`, and a backslash that would
  read as the beginning of such a spelling is `\x5c`.

Numbers are left as they are, also where they are text: `-1.5`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from src.utils.shown_text import UNSEEN, escape_letter

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = "=+@\uff0b\uff0d\uff1d\uff20-"
"""What begins a formula, the wide forms of East Asian keyboards among them."""
_NUMBER = r"[-+](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"

_FORMULA = re.compile(rf"(?!{_NUMBER}\Z)'*[{_SIGNS}]")
_KEPT = re.compile(rf"'+[{_SIGNS}]")
_CODE = r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))"
_HIDDEN = re.compile(rf"[{UNSEEN}]")
_SPELT = re.compile(_CODE)


def write_cell(text: str) -> str:
    r"""Return the text of a cell as it is written.

    Parameters
    ----------
    text : str
        Any text.

    Examples
    --------
    >>> print(write_cell("=1+1"), write_cell("-1.5"), write_cell("a\x1b"), write_cell(r"a\x1b"))
    '=1+1 -1.5 a\x1b a\x5cx1b
    """
    text = _SPELT.sub(_keep_spelling, text)
    text = _HIDDEN.sub(lambda found: escape_letter(found[0]), text)
    return f"'{text}" if _FORMULA.match(text) else text


def read_cell(text: str) -> str:
    r"""Return the text that `write_cell` was given.

    Parameters
    ----------
    text : str
        As it is written.

    Examples
    --------
    >>> read_cell("'=1+1"), read_cell(r"a\x1b"), read_cell(r"a\x5cx1b"), read_cell("it's")
    ('=1+1', 'a\x1b', 'a\\x1b', "it's")
    """
    if _KEPT.match(text):
        text = text[1:]
    return _SPELT.sub(_spelt, text)


def written(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its text, and the names of its columns, as they are written.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of numbers and all that is no text stay as they are.
    """
    return _changed(table, _may_be_unsafe, write_cell)


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of which `written` made what was read.

    Parameters
    ----------
    table : pandas.DataFrame
        Every cell as text.
    """
    return _changed(table, _may_be_escaped, read_cell)


def _changed(
    table: pd.DataFrame, suspect: Callable[[str], bool], change: Callable[[str], str]
) -> pd.DataFrame:
    import pandas as pd

    changed = table
    for number, dtype in enumerate(table.dtypes):
        if pd.api.types.is_numeric_dtype(dtype):
            continue
        values = table.iloc[:, number].tolist()
        # Hardly any column has such a cell, and one search is much faster than looking at each.
        lines = "\n".join(["", *(value for value in values if isinstance(value, str))])
        if suspect(lines) or lines.count("\n") > len(values):
            changed = table.copy() if changed is table else changed
            cells = [change(value) if isinstance(value, str) else value for value in values]
            changed.isetitem(number, pd.Series(cells, table.index, dtype=_dtype_of(cells)))
    names = [change(name) if isinstance(name, str) else name for name in table.columns]
    return changed if names == [*table.columns] else changed.set_axis(names, axis=1)


def _may_be_unsafe(lines: str) -> bool:
    begins = any(f"\n{sign}" in lines for sign in f"'{_SIGNS}")
    return begins or "\\" in lines or not lines.replace("\n", "").isprintable()


def _may_be_escaped(lines: str) -> bool:
    return "\n'" in lines or "\\" in lines


def _dtype_of(cells: list[object]) -> str:
    """Return the type of pandas' own text, which cannot hold halves of characters."""
    try:
        "".join(cells).encode()  # type: ignore[arg-type]
    except (TypeError, UnicodeEncodeError):
        return "object"
    return "str"


def _code_of(found: re.Match[str]) -> int:
    return int(found[1] or found[2] or found[3], 16)


def _is_ours(code: int) -> bool:
    return code == ord("\\") or (code < 0x110000 and _HIDDEN.match(chr(code)) is not None)


def _keep_spelling(found: re.Match[str]) -> str:
    """Spell the backslash of what would otherwise be read as an escape of ours."""
    return rf"\x5c{found[0][1:]}" if _is_ours(_code_of(found)) else found[0]


def _spelt(found: re.Match[str]) -> str:
    code = _code_of(found)
    return chr(code) if _is_ours(code) else found[0]
