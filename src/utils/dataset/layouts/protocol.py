"""Reading protocols: long lists of trials as plain text, one a line."""

import csv
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts.columns import DistinctText, RepeatedText
from src.utils.dataset.layouts.faults import Faults, excerpt
from src.utils.dataset.layouts.spellings import COMMON_SPELLINGS, Spellings, attacks_of
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE
from src.utils.errors import DatasetError, shorten
from src.utils.foreign_text import open_text
from src.utils.notes import gather

BATCH = 64
"""Lines that are turned into columns at a time; few, so that they stay in the cache."""

DISTINCT = ("file", "original_file", "score", UTTERANCE, TRANSCRIPT)
"""Columns whose values hardly repeat."""


def read_lines(
    path: Path,
    delimiter: str | None = None,
    most: int | None = None,
    is_quoted: bool | None = None,
    mend: Callable[[str], str] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of every line that is not blank, holding one at a time.

    Parameters
    ----------
    path : pathlib.Path
        A text file of any encoding (see `open_text`).
    delimiter : str, optional
        What separates the fields; None for spaces, any number of them. A row of separators alone
        is blank, and so is the first line `sep=;` by which spreadsheets name theirs.
    most : int, optional
        Fields that a line without a delimiter has at most. One with more is split from the
        right, and its first field holds spaces.
    is_quoted : bool, optional
        Whether a field in quotes may hold the delimiter and line ends, as in CSV; by default
        where the delimiter is a comma or a semicolon. Elsewhere quotes mean nothing.
    mend : callable, optional
        What every line is turned into before it is split.

    Raises
    ------
    DatasetError
        When the file is absent or not text, or its quotes are no CSV.
    """
    if is_quoted is None:
        is_quoted = delimiter in (",", ";")
    with open_text(path, None if delimiter is None else "") as stream:
        whole = stream if mend is None else map(mend, stream)
        if delimiter is None:
            for number, line in enumerate(whole, 1):
                if fields := line.split() if most is None else _split_right(line, most):
                    yield number, fields
            return
        if is_quoted:
            # Not strict, a quote that is never closed would swallow the lines behind it.
            reader = csv.reader(whole, delimiter=delimiter, strict=True)
        else:
            reader = csv.reader(whole, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        number = 0
        try:
            for fields in reader:
                number = reader.line_num
                if is_blank(fields) or (number == 1 and names_separator(fields, delimiter)):
                    continue
                yield number, fields
        except csv.Error as error:
            raise DatasetError(
                f"{path} cannot be read from line {number + 1} on: {error}"
            ) from error


def is_blank(fields: Sequence[str]) -> bool:
    """Say whether no field of a line holds anything.

    Parameters
    ----------
    fields : sequence of str
        The line.
    """
    return not fields or not (fields[0].strip() or any(map(str.strip, fields)))


def names_separator(fields: Sequence[str], delimiter: str) -> bool:
    """Say whether a line is a spreadsheet's own, such as `sep=;`, and no header.

    Parameters
    ----------
    fields : sequence of str
        The line.
    delimiter : str
        By which it was split.
    """
    return delimiter.join(fields).strip().lower() == f"sep={delimiter}"


def read_header(path: Path, delimiter: str | None, is_quoted: bool | None = None) -> list[str]:
    """Return the names in the first line, none for an empty file.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    delimiter, is_quoted
        As for `read_lines`.

    Raises
    ------
    DatasetError
        As `read_lines` does.
    """
    return _names_in(read_lines(path, delimiter, is_quoted=is_quoted))


def peek_header(path: Path, delimiter: str | None, is_quoted: bool | None = None) -> list[str]:
    """Return the names in the first line, none for an empty file or one that is not text.

    Parameters
    ----------
    path : pathlib.Path
        What may be a table.
    delimiter, is_quoted
        As for `read_lines`.
    """
    # What the file proves to be is told by whoever reads it.
    with gather():
        try:
            return read_header(path, delimiter, is_quoted)
        except DatasetError:
            return []


def describe_header(header: Sequence[str], delimiter: str | None) -> str:
    """Say what the first line of a table is that lacks columns.

    Parameters
    ----------
    header : sequence of str
        The names in the first line, as `read_header` returns them.
    delimiter : str or None
        By which the line was split, see `read_lines`.
    """
    if not header:
        return "the file is empty"
    if len(header) == 1 and delimiter is not None:
        return f"its first line, '{excerpt(header[0])}', is not separated by '{delimiter}'"
    return f"found {shorten(map(excerpt, header), 20)}"


def read_protocol(
    path: Path,
    *formats: Sequence[str],
    spellings: Mapping[str, Spellings] | None = None,
    most: int | None = None,
) -> pd.DataFrame:
    """Read a protocol whose columns are separated by spaces and have no header.

    Parameters
    ----------
    path : pathlib.Path
        The protocol.
    *formats : sequence of str
        The columns' names in their order, empty for one to leave out; several of different
        length where the protocol has versions.
    spellings : mapping of str to Spellings, optional
        What a column may hold, beside `label` and `gender`.
    most : int, optional
        See `read_lines`.

    Returns
    -------
    pandas.DataFrame
        One row a line, in their order. Where there is a column `label` or `gender`, it is in
        the words of the files table, and `attack` is empty for bona-fide.

    Raises
    ------
    DatasetError
        When the file cannot be read, or a line has another number of columns, a word that is
        not known or bona-fide with an attack, or a `file` is listed twice; every kind is told.
    """
    by_length = {len(names): names for names in formats}
    lengths = (len(fields) for _, fields in read_lines(path, most=most))
    length = next((length for length in lengths if length in by_length), None)
    if length is None:
        lengths_known = " or ".join(map(str, by_length))
        return _read(path, read_lines(path, most=most), formats[0], lengths_known, spellings)
    return _read(path, read_lines(path, most=most), by_length[length], str(length), spellings)


def read_table(
    path: Path,
    needed: Sequence[str],
    delimiter: str | None = ",",
    also: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    spellings: Mapping[str, Spellings] | None = None,
    most: int | None = None,
    is_quoted: bool | None = None,
    mend: Callable[[str], str] | None = None,
) -> pd.DataFrame:
    """Read a protocol whose first line names its columns.

    Where a delimiter separates them, empty fields at the end of a line may be too many or, below
    a column without a name, too few.

    Parameters
    ----------
    path, delimiter, most, is_quoted, mend
        As for `read_lines`.
    needed, also : sequence of str
        Columns to keep; those of `also` may be absent. Others are left out.
    renamed : mapping of str to str, optional
        What a column is to be called, if not as in the file.
    spellings : mapping of str to Spellings, optional
        See `read_protocol`; by what the column is to be called.

    Returns
    -------
    pandas.DataFrame
        As of `read_protocol`.

    Raises
    ------
    DatasetError
        As `read_protocol` does, and when a needed column is absent or there twice.
    """
    lines = read_lines(path, delimiter, most, is_quoted, mend)
    header = _names_in(lines)
    missing = [name for name in needed if name not in header]
    if missing:
        raise DatasetError(
            f"{path} has no column {', '.join(missing)}; {describe_header(header, delimiter)}"
        )
    known = {name: name for name in (*needed, *also)} | dict(renamed or {})
    names = [known.get(name, "") for name in header]
    if delimiter is not None:
        lines = _evened(lines, header)
    return read_rows(path, lines, names, spellings)


def read_rows(
    path: Path,
    lines: Iterator[tuple[int, list[str]]],
    names: Sequence[str],
    spellings: Mapping[str, Spellings] | None = None,
) -> pd.DataFrame:
    """Check lines that were read and split already, and turn them into a table.

    Parameters
    ----------
    path : pathlib.Path
        The file that they are of, for messages.
    lines : iterator of (int, list of str)
        The number and the fields of each line.
    names : sequence of str
        The columns' names in their order, empty for one to leave out.
    spellings : mapping of str to Spellings, optional
        See `read_protocol`.

    Returns
    -------
    pandas.DataFrame
        As of `read_protocol`.

    Raises
    ------
    DatasetError
        As `read_protocol` does.
    """
    return _read(path, lines, names, str(len(names)), spellings)


def _evened(
    lines: Iterator[tuple[int, list[str]]], header: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    """Give lines that differ from the header in empty fields at their end as many as it has."""
    length = len(header)
    named = max((place for place, name in enumerate(header, 1) if name), default=0)
    for number, fields in lines:
        if len(fields) > length and is_blank(fields[length:]):
            yield number, fields[:length]
        elif named <= len(fields) < length:
            yield number, fields + [""] * (length - len(fields))
        else:
            yield number, fields


def _split_right(line: str, most: int) -> list[str]:
    return line.strip().rsplit(None, most - 1)


def _names_in(lines: Iterator[tuple[int, list[str]]]) -> list[str]:
    return [name.strip() for name in next(lines, (0, []))[1]]


def _read(
    path: Path,
    lines: Iterator[tuple[int, list[str]]],
    names: Sequence[str],
    expected: str,
    spellings: Mapping[str, Spellings] | None,
) -> pd.DataFrame:
    """Read lines of the columns `names`, and check them."""
    faults = Faults()
    for name in dict.fromkeys(names):
        if name and names.count(name) > 1:
            faults.add("header", 1, f"{names.count(name)} columns are called {name}")
    # Of columns with one name the first is read, so that their lines are checked as well.
    names = ["" if name in names[:place] else name for place, name in enumerate(names)]
    numbers = array("q")
    file = DistinctText()
    columns: dict[str, RepeatedText | DistinctText] = {
        name: DistinctText() if name in DISTINCT else RepeatedText() for name in names if name
    }
    if "file" in columns:
        columns["file"] = file
    while batch := list(islice(lines, BATCH)):
        if {len(fields) for _, fields in batch} != {len(names)}:
            for number, fields in batch:
                if len(fields) != len(names):
                    faults.add("columns", number, f"{len(fields)} columns, not {expected}")
            batch = [(number, fields) for number, fields in batch if len(fields) == len(names)]
            if not batch:
                continue
        places, rows = zip(*batch, strict=True)
        numbers.extend(places)
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            if name:
                columns[name].extend(values)
    table = pd.DataFrame({name: column.to_series() for name, column in columns.items()})
    n_lines = len(numbers) + len(faults.reasons)
    spelt = {
        name: of for name, of in (COMMON_SPELLINGS | dict(spellings or {})).items() if name in table
    }
    for name, of in spelt.items():
        if reason := of.refuse(table[name]):
            raise DatasetError(f"{path}: {reason}")
    table = _checked(table, numbers, spelt, file, faults)
    if faults.reasons:
        known = {name: of.known for name, of in spelt.items() if of.known}
        raise DatasetError(faults.message(path, n_lines, known))
    if not n_lines:
        raise DatasetError(f"{path} lists nothing")
    return table


def _checked(
    table: pd.DataFrame,
    numbers: Sequence[int],
    spelt: Mapping[str, Spellings],
    file: DistinctText,
    faults: Faults,
) -> pd.DataFrame:
    """Translate the columns in `spelt`, and add the faults of every row to `faults`."""
    translated = {name: of.translate(table[name]) for name, of in spelt.items()}
    for name, column in translated.items():
        for row in table.index[column.isna()]:
            faults.add(name, numbers[row], spelt[name].fault.format(excerpt(table[name][row])))
    table = table.assign(**translated)
    repeats = _repeats(table["file"]) if "file" in spelt else file.repeats()
    for row in repeats:
        faults.add("twice", numbers[row], f"{table['file'][row]} is listed twice")
    if "label" in table and "attack" in table:
        attack = attacks_of(table["attack"], table["label"])
        for row in table.index[attack.isna() & table["attack"].notna()]:
            told = f"bona-fide with the attack {excerpt(table['attack'][row])}"
            faults.add("bona-fide with an attack", numbers[row], told)
        table["attack"] = attack
    return table


def _repeats(names: pd.Series) -> list[int]:
    there = names.dropna()
    return there.index[there.duplicated()].tolist()
