"""Plain Markdown: text that says nothing but what it says, and tables that stay whole."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def escape(text: object) -> str:
    r"""Return text that Markdown takes as it is, in one line.

    Examples
    --------
    >>> escape("a_b | <c>")
    'a\\_b \\| \\<c\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def heading(text: str, level: int = 2) -> str:
    """Return a heading."""
    return f"{'#' * level} {escape(text)}"


def bullets(items: Iterable[str]) -> str:
    """Return sentences as a list."""
    return "\n".join(f"- {escape(item)}" for item in items)


def code(text: str) -> str:
    """Return what can be copied into a terminal."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> str:
    """Return a table; `numbers` are the columns set to the right."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rules = ("---:" if column in numbers else "---" for column in range(len(header)))
    body = (line(map(escape, row)) for row in rows)
    return "\n".join([line(map(escape, header)), line(rules), *body])


def join(parts: Iterable[str]) -> str:
    """Put blocks together, an empty line between."""
    return "\n\n".join(part for part in parts if part) + "\n"
