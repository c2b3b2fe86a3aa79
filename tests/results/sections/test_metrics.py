"""The metrics of a test, as a table and as facts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from src.evaluation.results import Results
from src.results.blocks.blocks import Interval
from src.results.metric_cells import (
    change_interval,
    interval,
    rate_interval,
    value_and_interval,
)
from src.results.sections.metrics import FURTHER, metric_facts, metrics_table
from src.utils.metrics.table import BY_DECISION, BY_SCORE, METRICS

NAN = float("nan")


@pytest.fixture
def results(made: Path, run_of: Callable) -> Results:
    return Results.read(run_of(0).folder / "test_results.json")


def test_a_row_a_metric_and_a_column_an_interval(results: Results) -> None:
    names = [*BY_SCORE, *BY_DECISION]
    table = metrics_table(results, names)
    assert table.header[:3] == ["", "value", f"95 % over {results.ci95_over}"]
    assert table.header[3:] == [f"95 % over {results.ci95_attacks_over}", "what it tells"]
    assert list(table.right) == [1, 2, 3]
    for name, row in zip(names, table.rows, strict=True):
        assert row[0] == METRICS[name].label
        assert row[1] == METRICS[name].write(getattr(results.detection, name))
        assert row[2] == interval(name, *results.ci95[name])
        assert row[3] == interval(name, *results.ci95_attacks[name])
        assert row[4] == METRICS[name].meaning


def test_without_attacks_and_explanations_there_are_fewer_columns(results: Results) -> None:
    alone = replace(results, ci95_attacks={}, ci95_attacks_over="")
    table = metrics_table(alone, FURTHER, is_explained=False)
    assert table.header == ["", "value", f"95 % over {results.ci95_over}"]
    assert [row[0] for row in table.rows] == ["EER", "minDCF", "Cllr", "HTER", "FAR", "FRR"]


def test_tandem_metrics_have_no_intervals(results: Results) -> None:
    both = replace(results, tandem={"min_tdcf": 0.25})
    [row] = metrics_table(both, ["min_tdcf"]).rows
    assert row[:4] == ["min t-DCF", "0.2500", None, None]
    assert metric_facts(both, ["min_tdcf"]) == [("min t-DCF", "0.2500")]


def test_facts_have_the_interval_in_brackets(results: Results) -> None:
    [(label, cell)] = metric_facts(results, ["eer"])
    low, high = results.ci95["eer"]
    assert (label, cell) == (
        "EER",
        Interval(f"{low:.1%}", f"{high:.1%}", f"{results.detection.eer:.2%}"),
    )


def test_what_cannot_be_told_is_no_interval(results: Results) -> None:
    assert interval("eer", 0.1, NAN) == "cannot be told"
    assert rate_interval(NAN, 0.1) == "cannot be told"
    unknown = replace(results, ci95=results.ci95 | {"eer": (NAN, NAN)})
    value = METRICS["eer"].write(results.detection.eer)
    assert value_and_interval(unknown, "eer") == f"{value} (cannot be told)"


def test_intervals_keep_their_ends() -> None:
    assert interval("eer", 0.0123, 0.5) == Interval("1.2%", "50.0%")
    assert interval("cllr", 0.0123, 0.5) == Interval("0.012", "0.500")
    assert change_interval("eer", -0.0123, 0.5) == Interval("-1.2", "+50.0")
    assert rate_interval(0.0, 1.0) == Interval("0.0%", "100.0%")
