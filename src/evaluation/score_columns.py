"""What the columns of a score file are, told by its lines where it has no header.

A file is of one shape throughout, so the first lines show it. Nothing is guessed: where two
numbers a line could both be the score, whoever has the file is asked by `--columns`.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.evaluation.score_numbers import has_decimal_comma, is_number
from src.utils.config import BONA_FIDE, LABELS, SPOOF
from src.utils.dataset.layouts.faults import excerpt
from src.utils.dataset.layouts.spellings import label_of
from src.utils.errors import ArgumentError, DatasetError, choose

FILE, SOURCE, LABEL, NUMBERED, SCORE = "file", "source", "label", "numbered", "score"
"""What a column may be: `numbered` for classes as 0 and 1, which do not say which is which."""
LEFT_OUT = "-"

COLUMNS = (FILE, SCORE, BONA_FIDE, SPOOF, LABEL, LEFT_OUT)
"""What `--columns` may name: the last is left out; two scores stand for the two classes."""

DELIMITERS = ("\t", ";", ",")

_MEASURES = {"score", "prob", "probability", "proba", "logit", "llr", "p"}


@dataclass(frozen=True)
class Shape:
    """How the lines of a score file are split, and what their columns are.

    Attributes
    ----------
    delimiter : str or None
        What separates the columns; None for spaces, at which lines are split from the right.
    names : tuple of str
        What each column is, empty for one that is left out.
    """

    delimiter: str | None
    names: tuple[str, ...]


def shape_of(path: Path, lines: Sequence[str]) -> Shape | None:
    """Tell what the columns of a file without a header are, None for no scores.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    lines : sequence of str
        Its first lines, none of them blank.

    Raises
    ------
    DatasetError
        When two columns could be the score.
    """
    delimiter = _delimiter_of(lines)
    if delimiter is None:
        names = _names_from_the_right(path, [line.split() for line in lines])
    else:
        names = _names_by_content(path, _rows(lines, delimiter), delimiter)
    return None if names is None else Shape(delimiter, names)


def shape_given(path: Path, lines: Sequence[str], columns: Sequence[str]) -> Shape:
    """Tell how a file is split whose columns are named by `--columns`.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    lines : sequence of str
        Its first lines, none of them blank.
    columns : sequence of str
        Of `COLUMNS`.

    Raises
    ------
    ArgumentError
        When no file, no score or two of one are named, or the lines have another number of
        columns.
    """
    told = ",".join(columns)
    for name in columns:
        choose("--columns", name, COLUMNS)
    scores = [name for name in columns if name in (SCORE, *LABELS)]
    is_one = scores in ([SCORE], [BONA_FIDE], [SPOOF]) or sorted(scores) == sorted(LABELS)
    if columns.count(FILE) != 1 or not is_one or columns.count(LABEL) > 1:
        raise ArgumentError(
            f"--columns={told} must name file once, and either score or bona-fide and spoof"
        )
    names = tuple("" if name == LEFT_OUT else name for name in columns)
    for delimiter in () if _has_decimal_commas(lines) else DELIMITERS:
        if _most(len(row) == len(names) for row in _rows(lines, delimiter)):
            return Shape(delimiter, names)
    if not _most(len(line.split()) >= len(names) for line in lines):
        raise ArgumentError(
            f"--columns={told} names {len(names)} columns; the first line of {path} is "
            f"'{excerpt(lines[0])}'"
        )
    return Shape(None, names)


def speaks_for(column: str) -> str | None:
    """Return the class that a column of scores is higher for, where its name says so.

    >>> speaks_for("spoof_prob"), speaks_for("P(real)"), speaks_for("score")
    ('spoof', 'bona-fide', None)

    Parameters
    ----------
    column : str
        A name in a header.
    """
    plain = "".join(letter if letter.isalnum() else " " for letter in column.lower())
    return label_of("".join(word for word in plain.split() if word not in _MEASURES))


def _names_from_the_right(path: Path, rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """Tell the columns behind a name that may hold spaces."""

    def ends(*kinds: Callable[[str], bool]) -> bool:
        return _most(
            len(row) > len(kinds)
            and all(is_kind(word) for is_kind, word in zip(kinds, row[-len(kinds) :], strict=True))
            for row in rows
        )

    if ends(_is_any, _is_label, _is_any):
        return (FILE, SOURCE, LABEL, SCORE)
    if ends(_is_label, is_number):
        return (FILE, LABEL, SCORE)
    if ends(is_number, _is_label):
        return (FILE, SCORE, LABEL)
    if ends(is_number, is_number):
        last, before = ({row[-place] for row in rows if len(row) >= 3} for place in (1, 2))
        if ends(is_number, is_number, is_number) or _are_flags(last) == _are_flags(before):
            _ask(path, rows)
        return (FILE, SCORE, NUMBERED) if _are_flags(last) else (FILE, NUMBERED, SCORE)
    return (FILE, SCORE) if ends(is_number) else None


def _names_by_content(
    path: Path, rows: Sequence[Sequence[str]], delimiter: str
) -> tuple[str, ...] | None:
    """Tell the columns of a file with a delimiter by what is in them."""
    n_columns = _usual_length(rows)
    columns = list(zip(*(row for row in rows if len(row) == n_columns), strict=True))
    numbers = [place for place, cells in enumerate(columns) if _most(map(is_number, cells))]
    labels = [place for place, cells in enumerate(columns) if _most(map(_is_label, cells))]
    told = {*numbers, *labels}
    others = [place for place in range(n_columns) if place not in told]
    # `Output, LA_E_1, 1, 2.16`: a word that never changes names no recording.
    telling = [place for place in others if len(set(columns[place])) == len(columns[place])]
    file = (telling or others or [0])[0]
    numbers = [place for place in numbers if place != file]
    flags = [place for place in numbers if _are_flags(set(columns[place]))]
    # Sets, since a line may be of thousands of columns.
    scores = sorted({*numbers} - {*flags})
    if delimiter == "," and _may_be_decimals(columns, numbers):
        raise DatasetError(
            f"{path}: '{excerpt(delimiter.join(rows[0]))}' may hold a decimal comma or two "
            f"numbers; separate the columns by semicolons or tabs"
        )
    if not numbers:
        return None
    if len(scores) > 1 or (not scores and len(flags) > 1):
        _ask(path, rows)
    names = [""] * n_columns
    for place in flags[:1]:
        names[place] = NUMBERED
    for place in labels[:1]:
        names[place] = LABEL
    names[(scores or flags)[0]] = SCORE
    names[file] = FILE
    return tuple(names)


def _ask(path: Path, rows: Sequence[Sequence[str]]) -> None:
    first = excerpt(" ".join(rows[0]))
    raise DatasetError(
        f"{path} has more than one number a line ('{first}'): say what the columns are, such as "
        f"--columns=file,spoof,bona-fide for two scores, or file,score,- to leave one out"
    )


def _delimiter_of(lines: Sequence[str]) -> str | None:
    """Return what separates a recording from numbers in most lines, None for spaces."""
    if _has_decimal_commas(lines):
        return None
    for delimiter in DELIMITERS:
        rows = _rows(lines, delimiter)
        length = _usual_length(rows)
        fits = (len(row) == length and any(map(is_number, row)) for row in rows)
        if length > 1 and _most(fits):
            return delimiter
    return None


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    """Say whether most lines have commas within numbers behind a space, and no other."""

    def fits(line: str) -> bool:
        first, *rest = line.split()
        with_comma = [word for word in rest if "," in word]
        return bool(with_comma) and "," not in first and all(map(has_decimal_comma, with_comma))

    return not any(";" in line or "\t" in line for line in lines) and _most(map(fits, lines))


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    if delimiter == "\t":
        return [line.split("\t") for line in lines]
    try:
        rows = [*csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return []
    return [[cell.strip() for cell in row] for row in rows]


def _usual_length(rows: Sequence[Sequence[str]]) -> int:
    counted = Counter(map(len, rows)).most_common(1)
    return counted[0][0] if counted else 0


def _may_be_decimals(columns: Sequence[Sequence[str]], numbers: Sequence[int]) -> bool:
    """Say whether two columns beside each other hold whole numbers alone, as `-2,1634` does."""
    for place in numbers:
        before = [cell.removeprefix("-") for cell in columns[place]]
        if place + 1 in numbers and all(map(str.isdecimal, (*before, *columns[place + 1]))):
            return True
    return False


def _are_flags(words: Iterable[str]) -> bool:
    return {word for word in words if is_number(word)} <= {"0", "1"}


def _most(fits: Iterable[bool]) -> bool:
    told = list(fits)
    return 2 * sum(told) > len(told)


def _is_label(word: str) -> bool:
    return label_of(word) is not None


def _is_any(word: str) -> bool:
    return True
