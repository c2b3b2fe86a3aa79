"""Runs side by side: their metrics, and how each differs from the best."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import FAINT, Cell, Table
from src.results.metric_cells import change_interval, value_and_interval, with_interval
from src.results.wording import LEVEL, judge
from src.utils.embeddings.selection import Selection
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    import pandas as pd

    from src.results.differences import Comparison
    from src.results.robust_differences import RobustnessPairs


def compared_table(done: Comparison) -> Table:
    """Return a row a run: what it is, what it was tested on, and its metrics with intervals.

    Parameters
    ----------
    done : Comparison
        Of the runs.
    """
    # It loads what trains and tests, which a stage that prints may not have needed.
    from src.results.differences import COMPARED
    from src.results.naming import describe

    rows: list[list[Cell]] = [
        [
            entry.name,
            describe(entry.run),
            f"{entry.outcome.dataset or 'its test'} ({len(entry.trials):,} clips)",
            *(value_and_interval(entry.results, name) for name in COMPARED),
        ]
        for entry in done.entries
    ]
    header = ["run", "what", "tested on", *(f"{METRICS[name].label} (95 %)" for name in COMPARED)]
    return Table(header, rows, range(3, len(header)))


def differences_table(done: Comparison) -> Table:
    """Return a row a run and metric: how it differs from the best, those that may be chance faint.

    Parameters
    ----------
    done : Comparison
        Of the runs.
    """
    pairs = list(done.pairs.itertuples())
    is_corrected = done.n_pairs > 1
    rows: list[list[Cell]] = [
        [
            row.run,
            row.best,
            METRICS[row.metric].label,
            METRICS[row.metric].write_change(row.difference),
            change_interval(row.metric, row.low, row.high),
            _p_value(row.p_value),
            *([_p_value(row.p_holm)] if is_corrected else []),
            judge(row.p_holm).partition(" (")[0],
        ]
        for row in pairs
    ]
    header = ["run", "against", "", "difference", "95 % interval", "p"]
    header += [*(["p, Holm"] if is_corrected else []), ""]
    kinds = {number: FAINT for number, row in enumerate(pairs) if _may_be_chance(row)}
    return Table(header, rows, range(3, len(header) - 1), kinds)


def combinations_table(table: pd.DataFrame) -> Table:
    """Return a row a combination: validation and test, and how it differs from the first.

    Parameters
    ----------
    table : pandas.DataFrame
        As of `Comparison.combinations`.
    """
    name, cllr = EER.name, METRICS["cllr"]
    rows: list[list[Cell]] = []
    kinds = {}
    for number, row in enumerate(table.itertuples()):
        is_first = isnan(row.p_value) and isnan(row.difference)
        rows.append(
            [
                row.backbone,
                row.classifier,
                Selection(row.layer, None if row.pooling == _ALL else row.pooling).label,
                EER.write(row.validation_eer),
                with_interval(name, row.test_eer, row.low, row.high),
                cllr.write(row.cllr),
                None if is_first else EER.write_change(row.difference),
                None
                if is_first
                else change_interval(name, row.difference_low, row.difference_high),
                _p_value(row.p_holm),
                row.run,
            ]
        )
        if not is_first and _may_be_chance(row):
            kinds[number] = FAINT
    header = ["backbone", "classifier", "vectors", "validation EER", "test EER (95 %)", "Cllr"]
    header += ["difference", "95 % interval", "p, Holm", "run"]
    return Table(header, rows, range(3, len(header) - 1), kinds)


_ALL = "all"
"""The pooling of vectors that hold all statistics, as the table of combinations names it."""


def robustness_table(pairs: RobustnessPairs) -> Table:
    """Return a row a condition: the EER of each run, and how it differs from the first run's.

    Parameters
    ----------
    pairs : RobustnessPairs
        Of the runs.
    """
    first, *others = pairs.names
    rows: list[list[Cell]] = []
    kinds = {}
    for number, (_, part) in enumerate(pairs.table.groupby("condition", sort=False)):
        of = {row.run: row for row in part.itertuples()}
        row: list[Cell] = [of[first].title, *(EER.write(of[name].eer) for name in pairs.names)]
        for name in others:
            one = of[name]
            row += [EER.write_change(one.difference), change_interval("eer", one.low, one.high)]
        rows.append(row)
        if all(of[name].low <= 0 <= of[name].high for name in others):
            kinds[number] = FAINT
    header = ["condition", *(f"EER, {name}" for name in pairs.names)]
    header += [text for name in others for text in (f"{name} less {first}", "95 %")]
    return Table(header, rows, range(1, len(header)), kinds)


def _may_be_chance(row: Any) -> bool:
    return not row.p_holm < LEVEL


def _p_value(value: float) -> Cell:
    if isnan(value):
        return None
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
