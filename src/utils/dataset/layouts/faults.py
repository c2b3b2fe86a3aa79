"""What is wrong with the lines of a protocol or table, told in one message."""

from collections.abc import Mapping
from pathlib import Path

SHOWN = 3
"""How many broken lines of a kind a message shows."""

SHOWN_CHARACTERS = 80


class Faults:
    """What is wrong with the lines of a file, by kind.

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

    def message(self, path: Path, n_lines: int, known: Mapping[str, str]) -> str:
        """Count the broken lines and show the first of every kind.

        Parameters
        ----------
        path : pathlib.Path
        n_lines : int
            How many lines there are.
        known : mapping of str to str
            By kind, what would have been right; told for the kinds that occur.
        """
        shown = sorted({n for numbers in self._by_kind.values() for n in numbers[:SHOWN]})
        with path.open(encoding="utf-8-sig") as stream:
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
    """Return a text for a message: on one line, and not longer than `SHOWN_CHARACTERS`."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"
