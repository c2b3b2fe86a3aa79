"""The trials of a hyperparameter search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.results.blocks.blocks import BEST, FAINT, Cell, Table
from src.utils.metrics.table import EER

if TYPE_CHECKING:
    import pandas as pd

VALIDATION_EER = "validation_eer"

_NAMES = ("trial", "run", "state")
"""Columns that tell which trial it is, and are no numbers to compare."""


def search_trials_table(trials: pd.DataFrame) -> Table:
    """Return a row a search trial, the first one as the best, failed ones faint.

    Parameters
    ----------
    trials : pandas.DataFrame
        `trial, run, state, validation_eer`, the layer and the hyperparameters, by rising EER, the
        EER of a trial that failed as NaN; may lack the state.
    """
    rows = [
        [_cell(name, value) for name, value in zip(trials.columns, row, strict=True)]
        for row in trials.itertuples(index=False)
    ]
    is_failed = trials[VALIDATION_EER].isna().tolist()
    kinds = dict.fromkeys(range(min(1, len(rows))), BEST)
    kinds |= {number: FAINT for number, failed in enumerate(is_failed) if failed}
    right = [number for number, name in enumerate(trials.columns) if name not in _NAMES]
    return Table([_title(name) for name in trials.columns], rows, right, kinds)


def _title(column: str) -> str:
    return f"validation {EER.label}" if column == VALIDATION_EER else column.replace("_", " ")


def _cell(column: str, value: object) -> Cell:
    text = str(value)
    if text in ("", "nan"):
        return None
    try:
        if column == VALIDATION_EER:
            return EER.write(float(text))
        return text if text.lstrip("-").isdigit() else f"{float(text):.4g}"
    except ValueError:
        return text
