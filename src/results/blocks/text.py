"""Blocks as lines for a terminal."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from src.results.blocks.blocks import (
    BAD,
    UNSURE,
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Figure,
    Gap,
    Heading,
    Paragraph,
    SideBySide,
    Table,
    Verdict,
    Warning,
    write_cell,
)
from src.utils.shown_text import visible

TO, DASH = " .. ", "-"

_NAME_WIDTH = 10
"""Characters that the names of facts take at least."""

_ARROW = " <-"
_REMARKS = {BAD: "<- {}", UNSURE: "({})"}
"""How the last cell of a row stands out, by the kind of the row."""


def render_text(blocks: Iterable[Block]) -> str:
    """Return blocks as the lines that a stage prints.

    Parameters
    ----------
    blocks : iterable of Block
        From top to bottom.
    """
    return "\n".join(line for block in blocks for line in _WRITERS[type(block)](block))


def _cell(cell: Cell) -> str:
    return visible(write_cell(cell, TO, DASH))


def _heading(block: Heading) -> list[str]:
    return ["", visible(block.text)]


def _paragraph(block: Paragraph) -> list[str]:
    return [visible(block.text)]


def _warning(block: Warning) -> list[str]:
    return [f"warning: {visible(block.text)}"]


def _verdict(block: Verdict) -> list[str]:
    return [visible(block.statement), *_bullets(Bullets(block.points))]


def _facts(block: Facts) -> list[str]:
    rows = [(visible(name), _cell(value)) for name, value in block.rows]
    width = max([_NAME_WIDTH, *(len(name) for name, _ in rows)])
    return [f"{name:<{width}} {value}" for name, value in rows]


def _table(block: Table) -> list[str]:
    rows = [[visible(name) for name in block.header]]
    for number, row in enumerate(block.rows):
        cells = [_cell(cell) for cell in row]
        remark = _REMARKS.get(block.kinds.get(number, ""))
        if remark and cells[-1]:
            cells[-1] = remark.format(cells[-1])
        rows.append(cells)
    for column in {column for _, column in block.pointed_at}:
        for number, cells in enumerate(rows):
            is_here = (number - 1, column) in block.pointed_at
            cells[column] += _ARROW if is_here else " " * len(_ARROW)
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    caption = [visible(block.caption)] if block.caption else []
    return caption + [_set(cells, widths, block) for cells in rows]


def _set(cells: Sequence[str], widths: Sequence[int], block: Table) -> str:
    """Return a row with its cells below those of the header."""
    line = "  ".join(
        cell.rjust(width) if column in block.right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return line if len(widths) - 1 in block.right else line.rstrip()


def _bullets(block: Bullets) -> list[str]:
    return [f"  {visible(item)}" for item in block.items]


def _code(block: Code) -> list[str]:
    return [visible(block.text)]


def _figure(block: Figure) -> list[str]:
    return [visible(block.path)]


def _side_by_side(block: SideBySide) -> list[str]:
    return [line for inner in block.blocks for line in _WRITERS[type(inner)](inner)]


def _gap(block: Gap) -> list[str]:
    return [""]


_WRITERS: dict[type[Block], Callable[[Any], list[str]]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Warning: _warning,
    Verdict: _verdict,
    Facts: _facts,
    Table: _table,
    Bullets: _bullets,
    Code: _code,
    Figure: _figure,
    SideBySide: _side_by_side,
    Gap: _gap,
}
