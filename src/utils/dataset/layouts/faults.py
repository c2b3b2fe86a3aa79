"""Faults in the lines of a protocol or table, gathered into one message."""

from collections.abc import Mapping
from pathlib import Path

from src.utils.foreign_text import open_text

SHOWN = 3
"""How many broken lines of a kind a message shows."""

SHOWN_CHARACTERS = 80


class Faults:
    """Faults in the lines of a file, by kind.

    Attributes
    ----------
    reasons : dict of int to list of str
        By the line's number.
    """

    def __init__(self) -> None:
        self.reasons: dict[int, list[str]] = {}
        self._by_kind: dict[str, list[int]] = {}

    def add(self, kind: str, number: int, reason: str) -> None:
        """Note a reason of a kind.

        Parameters
        ----------
        kind : str
            The kind of fault, such as the name of the column.
        number : int
            The number of the line, the first being 1.
        reason : str
            What is wrong with the line.
        """
        self.reasons.setdefault(number, []).append(reason)
        self._by_kind.setdefault(kind, []).append(number)

    def message(self, path: Path, n_lines: int, known: Mapping[str, str]) -> str:
        """Return the message: how many lines are broken, and the first of every kind.

        Parameters
        ----------
        path : pathlib.Path
            The file, which is read again for the lines to show.
        n_lines : int
            How many lines there are.
        known : mapping of str to str
            By kind, what would have been right; told for the kinds that occur.
        """
        shown = sorted({n for numbers in self._by_kind.values() for n in numbers[:SHOWN]})
        with open_text(path) as stream:
            lines = {n: excerpt(line) for n, line in enumerate(stream, 1) if n in shown}
        texts = [
            f"line {number}: {' and '.join(self.reasons[number])} in '{lines.get(number, '')}'"
            for number in shown
        ]
        rest = len(self.reasons) - len(shown)
        more = f" and {rest:,} more" if rest else ""
        are = "is" if len(self.reasons) == 1 else "are"
        right = "; ".join(
            f"known {kind}: {words}" for kind, words in known.items() if kind in self._by_kind
        )
        return (
            f"{path}: {len(self.reasons):,} of {n_lines:,} lines {are} broken: "
            f"{', '.join(texts)}{more}{f' ({right})' if right else ''}"
        )


def excerpt(text: str) -> str:
    """Return a text for a message: on one line, and not longer than `SHOWN_CHARACTERS`.

    Parameters
    ----------
    text : str
        A line or a field of a file.
    """
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"
