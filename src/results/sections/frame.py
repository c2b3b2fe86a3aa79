"""A data frame as a table."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from src.results.blocks.blocks import Cell, Table

if TYPE_CHECKING:
    import pandas as pd


def frame_table(frame: pd.DataFrame, right: Collection[str] = (), **formats: str) -> Table:
    """Return a data frame as a table, its numbers to the right.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row each; what is missing is not known.
    right : collection of str
        Columns of text that are set to the right, too.
    **formats : str
        The format of a column by its name, such as `eer="{:.2%}"`; others are written by `str`.
    """
    known = frame.notna()
    columns: list[list[Cell]] = [
        [
            formats.get(name, "{}").format(value) if is_known else None
            for value, is_known in zip(frame[name].tolist(), known[name], strict=True)
        ]
        for name in frame
    ]
    numbers = {*frame.select_dtypes("number"), *right}
    places = [place for place, name in enumerate(frame) if name in numbers]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Table([str(name) for name in frame], rows, places)
