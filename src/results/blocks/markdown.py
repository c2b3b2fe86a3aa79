"""Blocks as Markdown: no character of a name is taken for markup, and no table falls apart."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from src.results.blocks.blocks import (
    BAD,
    BEST,
    FAINT,
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

TO, DASH = " to ", "–"

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")
_MARKER = re.compile(r"(\d+[.)]|[-+=])(?= |$)")
"""What would make a list or a heading of a paragraph that begins with it."""


def render_markdown(blocks: Iterable[Block]) -> str:
    """Return blocks as a Markdown document.

    Parameters
    ----------
    blocks : iterable of Block
        From top to bottom.
    """
    return "\n\n".join(filter(None, map(_write, blocks))) + "\n"


def escape(text: object) -> str:
    r"""Return text that Markdown shows as it is, in one line.

    Parameters
    ----------
    text : object
        What is written, as `str` gives it.

    Examples
    --------
    >>> escape("a_b | <c>")
    'a\\_b \\| \\<c\\>'
    """
    return _SPECIAL.sub(r"\\\1", visible(" ".join(str(text).split())))


def _write(block: Block) -> str:
    return _WRITERS[type(block)](block)


def _cell(cell: Cell) -> str:
    return escape(write_cell(cell, TO, DASH))


def _heading(block: Heading) -> str:
    return f"{'#' * block.level} {escape(block.text)}"


def _paragraph(block: Paragraph) -> str:
    text = escape(block.text)
    marker = _MARKER.match(text)
    return f"{text[: marker.end() - 1]}\\{text[marker.end() - 1 :]}" if marker else text


def _warning(block: Warning) -> str:
    return f"**Warning:** {escape(block.text)}"


def _verdict(block: Verdict) -> str:
    statement = _strong(escape(block.statement))
    return f"{statement}\n\n{_bullets(Bullets(block.points))}" if block.points else statement


def _facts(block: Facts) -> str:
    return _table(Table(("", ""), block.rows))


def _table(block: Table) -> str:
    rules = ("---:" if column in block.right else "---" for column in range(len(block.header)))
    lines = [_line(map(escape, block.header)), _line(rules)]
    for number, row in enumerate(block.rows):
        cells = [_cell(cell) for cell in row]
        kind = block.kinds.get(number)
        if kind in (UNSURE, FAINT):
            cells = [f"*{cell}*" if cell else "" for cell in cells]
        elif kind in (BAD, BEST) and cells[0]:
            cells[0] = _strong(cells[0])
        for column in range(len(cells)):
            if (number, column) in block.pointed_at:
                cells[column] = _strong(cells[column])
        lines.append(_line(cells))
    caption = f"{escape(block.caption)}\n\n" if block.caption else ""
    return caption + "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _strong(text: str) -> str:
    return f"**{text}**"


def _bullets(block: Bullets) -> str:
    return "\n".join(f"- {escape(item)}" for item in block.items)


def _code(block: Code) -> str:
    fence = "```"
    while fence in block.text:
        fence += "`"
    text = "\n".join(map(visible, block.text.split("\n")))
    return f"{fence}\n{text}\n{fence}"


def _figure(block: Figure) -> str:
    # Between angle brackets a path may hold spaces and brackets.
    shown = f"![{escape(block.description)}](<{escape(block.path.name)}>)"
    return f"{shown}\n\n{escape(block.caption)}" if block.caption else shown


def _side_by_side(block: SideBySide) -> str:
    return "\n\n".join(filter(None, map(_write, block.blocks)))


def _gap(block: Gap) -> str:
    return ""


_WRITERS: dict[type[Block], Callable[[Any], str]] = {
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
