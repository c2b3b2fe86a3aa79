"""What can be told: headings, sentences, tables, figures and so on, without how they look."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

PLAIN, SOFT = "plain", "soft"
PARAGRAPH_KINDS = (PLAIN, SOFT)

BAD, UNSURE, BEST, FAINT = "bad", "unsure", "best", "faint"
ROW_KINDS = (BAD, UNSURE, BEST, FAINT)


@dataclass(frozen=True)
class Interval:
    """A confidence interval, alone or behind the value that it is of.

    A terminal, a page and a card each have their own word between the ends.

    Attributes
    ----------
    low, high : str
        The ends, as they are written.
    value : str
        What the interval is of; empty where it stands elsewhere.
    """

    low: str
    high: str
    value: str = ""


Cell = str | Interval | None
"""What stands in a cell; None where nothing is known, which each renderer writes as its dash."""


def percent(rate: float) -> str | None:
    """Write a rate as a percentage with one decimal, None where it is not known.

    Parameters
    ----------
    rate : float
        Between 0 and 1, or NaN.
    """
    return None if isnan(rate) else f"{rate:.1%}"


def write_cell(cell: Cell, to: str, dash: str) -> str:
    """Write a cell in the manner of a renderer.

    Parameters
    ----------
    cell : str, Interval or None
        What stands in it.
    to : str
        What stands between the ends of an interval.
    dash : str
        What stands for a value that is not known.
    """
    if cell is None:
        return dash
    if isinstance(cell, str):
        return cell
    ends = f"{cell.low}{to}{cell.high}"
    return f"{cell.value} ({ends})" if cell.value else ends


@dataclass(frozen=True)
class Block:
    """One piece of what is told; every renderer knows every kind of it."""


@dataclass(frozen=True)
class Heading(Block):
    """The title of what follows.

    Attributes
    ----------
    text : str
        In the words that are read.
    level : int
        1 for a document, 2 for its sections, 3 for their parts.
    """

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph(Block):
    """A sentence or several.

    Attributes
    ----------
    text : str
        One line.
    kind : {'plain', 'soft'}
        `soft` is what few readers need.
    """

    text: str
    kind: str = PLAIN

    def __post_init__(self) -> None:
        if self.kind not in PARAGRAPH_KINDS:
            raise ValueError(f"a paragraph is one of {PARAGRAPH_KINDS}, not {self.kind!r}")


@dataclass(frozen=True)
class Warning(Block):
    """What a reader must know before believing the rest.

    Attributes
    ----------
    text : str
        A sentence without a full stop, beginning small.
    """

    text: str


@dataclass(frozen=True)
class Verdict(Block):
    """The main statement of a page, with what it rests on.

    Attributes
    ----------
    statement : str
        A sentence.
    points : sequence of str
        What explains or limits it, a sentence or two each.
    is_bad : bool
        Whether a reader must look out.
    """

    statement: str
    points: Sequence[str] = ()
    is_bad: bool = False


@dataclass(frozen=True)
class Facts(Block):
    """Names and what they stand for, one pair a row.

    Attributes
    ----------
    rows : sequence of (str, str, Interval or None)
        A name and its value each.
    """

    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells below a header.

    Attributes
    ----------
    header : sequence of str
        The name of each column.
    rows : sequence of sequences of str, Interval or None
        Cells, as many in each row as there are columns.
    right : collection of int
        Columns that are set to the right, as numbers are.
    kinds : mapping of int to str
        By row: `bad`, `unsure`, `best`, or `faint` for what says little. Without colours, the
        last cell of a bad row is pointed at by an arrow and that of an unsure one is in brackets.
    pointed_at : collection of (int, int)
        Rows and columns of cells that stand out from all others.
    caption : str
        What the table shows, in a line; empty where the text before it says so.

    Raises
    ------
    ValueError
        When a row has more or fewer cells than the header, or a row, column or kind does not exist.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Collection[int] = ()
    kinds: Mapping[int, str] = field(default_factory=dict)
    pointed_at: Collection[tuple[int, int]] = ()
    caption: str = ""

    def __post_init__(self) -> None:
        n_columns, n_rows = len(self.header), len(self.rows)
        for number, row in enumerate(self.rows):
            if len(row) != n_columns:
                raise ValueError(f"row {number} has {len(row)} cells, the header {n_columns}")
        columns = {*self.right, *(column for _, column in self.pointed_at)}
        if columns - set(range(n_columns)):
            raise ValueError(f"there are {n_columns} columns, not {sorted(columns)}")
        rows = {*self.kinds, *(row for row, _ in self.pointed_at)}
        if rows - set(range(n_rows)):
            raise ValueError(f"there are {n_rows} rows, not {sorted(rows)}")
        if unknown := set(self.kinds.values()) - set(ROW_KINDS):
            raise ValueError(f"a row is one of {ROW_KINDS}, not {unknown}")


@dataclass(frozen=True)
class Bullets(Block):
    """Sentences or names as a list.

    Attributes
    ----------
    items : sequence of str
        One line each.
    """

    items: Sequence[str]


@dataclass(frozen=True)
class Code(Block):
    """What can be copied into a terminal.

    Attributes
    ----------
    text : str
        A command.
    """

    text: str


@dataclass(frozen=True)
class Figure(Block):
    """A picture.

    Attributes
    ----------
    path : pathlib.Path
        A PNG file.
    description : str
        What it shows, for those who hear the page.
    caption : str
        What stands below it; may be empty.
    content : bytes or None
        Its bytes where no file keeps them; None to read the file when it is rendered.
    """

    path: Path
    description: str
    caption: str = ""
    content: bytes | None = None


@dataclass(frozen=True)
class SideBySide(Block):
    """Blocks next to each other where there is room.

    Attributes
    ----------
    blocks : sequence of Block
        From left to right.
    """

    blocks: Sequence[Block]


@dataclass(frozen=True)
class Gap(Block):
    """An empty line in a terminal, where no heading parts what is told; nothing elsewhere."""
