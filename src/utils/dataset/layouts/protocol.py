"""Reading protocols: long lists of trials as plain text, one a line."""

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts.columns import DistinctText, RepeatedText
from src.utils.dataset.layouts.words import KNOWN, attacks_of, genders_of, labels_of
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE
from src.utils.errors import DatasetError, shorten

SHOWN = 3
"""How many broken lines of a kind a message shows."""

SHOWN_CHARACTERS = 80

BATCH = 64
"""Lines that are turned into columns at a time; few, so that they stay in the cache."""

DISTINCT = ("file", "original_file", UTTERANCE, TRANSCRIPT)
"""Columns whose values hardly repeat."""


def read_lines(path: Path, delimiter: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of every line that is not blank, holding one at a time.

    Parameters
    ----------
    path : pathlib.Path
    delimiter : str, optional
        A comma, for CSV; any other character, for text in which quotes mean nothing; None for
        spaces, any number of them.

    Raises
    ------
    DatasetError
        When the file is absent or not text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline=None if delimiter is None else "") as stream:
            if delimiter is None:
                for number, line in enumerate(stream, 1):
                    if fields := line.split():
                        yield number, fields
                return
            if delimiter == ",":
                reader = csv.reader(stream)
            else:
                reader = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            for fields in reader:
                if fields:
                    yield reader.line_num, fields
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is not text: {error}") from error


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the fields of the first line, none for an empty file or one that is not text."""
    try:
        return next((fields for _, fields in read_lines(path, delimiter)), [])
    except DatasetError:
        return []


def read_protocol(path: Path, *formats: Sequence[str]) -> pd.DataFrame:
    """Read a protocol whose columns are separated by spaces and have no header.

    Parameters
    ----------
    path : pathlib.Path
    *formats : sequence of str
        The columns' names in their order, empty for one to leave out; several of different
        length where the protocol has versions.

    Returns
    -------
    pandas.DataFrame
        One row a line, in their order. Where there is a column `label` or `gender`, it is in
        the words of the files table, and `attack` is empty for bona-fide.

    Raises
    ------
    DatasetError
        When the file cannot be read, or a line has another number of columns or an unknown
        label or gender, or a `file` is listed twice; every kind is told.
    """
    by_length = {len(names): names for names in formats}
    lengths = (len(fields) for _, fields in read_lines(path))
    length = next((length for length in lengths if length in by_length), None)
    if length is None:
        return _read(path, read_lines(path), formats[0], " or ".join(map(str, by_length)))
    return _read(path, read_lines(path), by_length[length], str(length))


def read_table(
    path: Path,
    needed: Sequence[str],
    delimiter: str = ",",
    also: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read a protocol whose first line names its columns.

    Parameters
    ----------
    path : pathlib.Path
    needed, also : sequence of str
        Columns to keep; those of `also` may be absent. Others are left out.
    delimiter : str
        See `read_lines`.
    renamed : mapping of str to str, optional
        What a column is to be called, if not as in the file.

    Returns
    -------
    pandas.DataFrame
        As of `read_protocol`.

    Raises
    ------
    DatasetError
        As `read_protocol` does, and when a needed column is absent.
    """
    lines = read_lines(path, delimiter)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    missing = [name for name in needed if name not in header]
    if missing:
        raise DatasetError(
            f"{path} has no column {', '.join(missing)}; found {shorten(header, 20)}"
        )
    known = {name: name for name in (*needed, *also)} | dict(renamed or {})
    names = [known.get(name, "") for name in header]
    return _read(path, lines, names, str(len(header)))


class _Faults:
    """What is wrong with the lines of a protocol.

    Attributes
    ----------
    reasons : dict of int to list of str
        By the line's number.
    """

    def __init__(self) -> None:
        self.reasons: dict[int, list[str]] = {}
        self._by_kind: dict[str, list[int]] = {}

    def add(self, kind: str, number: int, reason: str) -> None:
        """Note a reason of a kind."""
        self.reasons.setdefault(number, []).append(reason)
        self._by_kind.setdefault(kind, []).append(number)

    def tell(self, path: Path, n_lines: int) -> str:
        """Count the broken lines and show the first of every kind."""
        shown = sorted({n for numbers in self._by_kind.values() for n in numbers[:SHOWN]})
        with path.open(encoding="utf-8-sig") as stream:
            lines = {n: _cut(line.strip()) for n, line in enumerate(stream, 1) if n in shown}
        texts = [
            f"line {number}: {' and '.join(self.reasons[number])} in '{lines.get(number, '')}'"
            for number in shown
        ]
        rest = len(self.reasons) - len(shown)
        more = f" and {rest:,} more" if rest else ""
        are = "is" if len(self.reasons) == 1 else "are"
        known = f" (known: {KNOWN})" if {"label", "gender"} & set(self._by_kind) else ""
        return (
            f"{path}: {len(self.reasons):,} of {n_lines:,} lines {are} broken: "
            f"{', '.join(texts)}{more}{known}"
        )


def _read(
    path: Path, lines: Iterator[tuple[int, list[str]]], names: Sequence[str], expected: str
) -> pd.DataFrame:
    """Read lines of the columns `names`, and check them."""
    faults = _Faults()
    numbers = array("q")
    file = DistinctText()
    columns: dict[str, RepeatedText | DistinctText] = {
        name: DistinctText() if name in DISTINCT else RepeatedText() for name in names if name
    }
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
    table = _checked(table, numbers, file.repeats(), faults)
    if faults.reasons:
        raise DatasetError(faults.tell(path, n_lines))
    if not n_lines:
        raise DatasetError(f"{path} lists nothing")
    return table


def _checked(
    table: pd.DataFrame, numbers: Sequence[int], repeats: Sequence[int], faults: _Faults
) -> pd.DataFrame:
    """Translate labels and genders, and add what is wrong with a row to `faults`."""
    words = {"label": labels_of, "gender": genders_of}
    known = {name: of(table[name]) for name, of in words.items() if name in table}
    for name, column in known.items():
        for row in table.index[column.isna()]:
            faults.add(name, numbers[row], f"unknown {name} '{table[name][row]}'")
    for row in repeats:
        faults.add("twice", numbers[row], f"{table['file'][row]} is listed twice")
    table = table.assign(**known)
    if "label" in table and "attack" in table:
        table["attack"] = attacks_of(table["attack"], table["label"])
    return table


def _cut(line: str) -> str:
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"
