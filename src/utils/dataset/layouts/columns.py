"""Columns of text that grow while a protocol is read, held in little space."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np
import pandas as pd

CHUNK = 1 << 16
"""Values that are held as Python's own strings at a time."""


class RepeatedText:
    """A column of few different values: each is kept once, and every row holds its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = defaultdict(count().__next__)
        self._rows = array("i")

    def extend(self, values: Sequence[str]) -> None:
        """Add rows.

        Parameters
        ----------
        values : sequence of str
            One value a row.
        """
        self._rows.extend(map(self._numbers.__getitem__, values))

    def to_series(self) -> pd.Series:
        """Return the column."""
        words = pd.Series(list(self._numbers), dtype="str")
        return words.take(np.asarray(self._rows)).reset_index(drop=True)


class DistinctText:
    """A column whose values hardly repeat, turned from Python's strings chunk by chunk."""

    def __init__(self) -> None:
        self._parts: list[pd.Series] = []
        self._rows: list[str] = []
        self._hashes = array("q")

    def extend(self, values: Sequence[str]) -> None:
        """Add rows.

        Parameters
        ----------
        values : sequence of str
            A row's value each.
        """
        self._rows.extend(values)
        self._hashes.extend(map(hash, values))
        if len(self._rows) >= CHUNK:
            self._turn()

    def to_series(self) -> pd.Series:
        """Return the column."""
        self._turn()
        return pd.concat(self._parts, ignore_index=True)

    def repeats(self) -> list[int]:
        """Return the rows whose value stands in a row before."""
        # Numbers are sorted in less time and space than text; equal ones are looked at again.
        hashes = np.asarray(self._hashes)
        ordered = np.sort(hashes)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if not len(twice):
            return []
        rows = np.flatnonzero(np.isin(hashes, twice))
        return rows[self.to_series().iloc[rows].duplicated()].tolist()

    def _turn(self) -> None:
        self._parts.append(pd.Series(self._rows, dtype="str"))
        self._rows.clear()
