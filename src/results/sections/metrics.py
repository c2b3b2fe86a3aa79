"""The metrics of a test, as a table or as facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from src.results.blocks.blocks import Cell, Table
from src.results.metric_cells import interval_of, value_and_interval, value_of
from src.utils.metrics.table import ALL_METRICS

if TYPE_CHECKING:
    from src.evaluation.results import Results

FURTHER = ("eer", "min_dcf", "cllr", "hter", "far", "frr")
"""The metrics that are told of a test beside the main one."""


def metrics_table(results: Results, names: Sequence[str], is_explained: bool = True) -> Table:
    """Return metrics with their intervals over speakers, and over attacks too where there are some.

    Parameters
    ----------
    results : Results
        Of the test.
    names : sequence of str
        Of the metrics, one a row.
    is_explained : bool
        Whether a last column says what each one means.
    """
    over = [results.ci95_over]
    if results.ci95_attacks:
        over.append(results.ci95_attacks_over)
    rows: list[list[Cell]] = []
    for name in names:
        row: list[Cell] = [ALL_METRICS[name].label, value_of(results, name)]
        row += [interval_of(results, name, over_attacks=bool(n)) for n, _ in enumerate(over)]
        rows.append([*row, ALL_METRICS[name].meaning] if is_explained else row)
    header = ["", "value", *(f"95 % over {units}" for units in over)]
    right = range(1, len(header))
    return Table([*header, "what it tells"] if is_explained else header, rows, right)


def metric_facts(results: Results, names: Sequence[str]) -> list[tuple[str, Cell]]:
    """Return metrics with their intervals in brackets, as rows of facts.

    Parameters
    ----------
    results : Results
        Of the test.
    names : sequence of str
        Of the metrics, one a row.
    """
    return [(ALL_METRICS[name].label, value_and_interval(results, name)) for name in names]
