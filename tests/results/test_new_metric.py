"""A metric more is one row more: everything that tells of a test tells of it too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.evaluation.paired import compare_trials
from src.evaluation.results import Results
from src.evaluation.trials import Trials
from src.models.evaluate import evaluate_run
from src.results.listing import list_all
from src.results.report import write_report
from src.utils.metrics.decisions import Decisions, share
from src.utils.metrics.metric import Metric
from src.utils.metrics.table import BY_DECISION, METRICS, of_decisions
from tests.reports.telling import told
from tests.visualize.reading import read_page

NAME = "false_omission_rate"


def false_omission_rate(made: Decisions) -> Any:
    rejected = made.rejected_bona_fide + made.rejected_spoof
    return share(made.rejected_bona_fide, rejected)


@pytest.fixture
def metric(monkeypatch) -> Iterator[Metric]:
    """The row, in the table while a test lasts."""
    row = of_decisions(
        NAME, "FOR", "of the rejected clips, how many are bona-fide", false_omission_rate, True
    )
    monkeypatch.setitem(METRICS, NAME, row)
    BY_DECISION.append(NAME)
    yield row
    BY_DECISION.remove(NAME)


def test_a_new_metric_is_measured_and_told_everywhere(
    runs: Path, run_of: Callable, embeddings: Path, metric: Metric
) -> None:
    run = run_of(0)
    path = run.folder / "test_results.json"
    old = Results.read(path)
    # What was tested before is as readable as it was, and says what it lacks.
    assert (old.missing, old.missing_intervals) == ([NAME], [])
    lacks = "ested before FOR was measured: test it again for it"
    assert f"T{lacks}." in read_page(write_report(run, runs)).text
    assert f"T{lacks}." in (run.folder / "model_card.md").read_text()
    assert f"run 0 was t{lacks}" in list_all(runs).faults

    # Nor are its results taken for those of today.
    evaluate_run(run, embeddings, "F", reuse=True)
    tested = evaluate_run(run, embeddings, reuse=True)
    results = Results.read(path)
    assert results.is_whole
    trials = Trials.read(run.folder / "scores_test.csv", np.asarray)
    rejected = trials.scores < results.detection.threshold
    value = np.mean(trials.labels[rejected] == 1)
    assert results.detection.false_omission_rate == pytest.approx(value, abs=1e-15)
    low, high = results.ci95[NAME]
    assert low < value < high
    # No other metric is any different for it.
    assert {name: results.ci95[name] for name in old.ci95 if name != NAME} == {
        name: old.ci95[name] for name in old.ci95 if name != NAME
    }

    terminal = told("evaluation", tested)
    assert f"FOR        {value:.2%} ({low:.1%} .. {high:.1%})" in terminal.splitlines()
    page = read_page(write_report(run, runs)).text
    for text in ("FOR", metric.meaning, metric.write(value), f"{low:.1%} – {high:.1%}"):
        assert text in page
    assert lacks not in page
    card = (run.folder / "model_card.md").read_text()
    assert f"| FOR | {value:.2%} | {low:.1%} to {high:.1%} |" in card
    assert not [fault for fault in list_all(runs).faults if fault.startswith("run 0 ")]

    pair = compare_trials(trials, trials, (results.detection.threshold, np.inf), 50)
    row = pair.set_index("metric").loc[NAME]
    assert row["first"] == pytest.approx(value)
    # Where all are rejected, as many are bona-fide as there are.
    assert row["difference"] == pytest.approx(np.mean(trials.labels == 1) - value)
    assert row["low"] <= row["difference"] <= row["high"]


def test_perfect_decisions_are_bounded_by_the_row(metric: Metric) -> None:
    """One in ten of each class errs, with three spoofs for each bona-fide trial."""
    assert metric.at_rate(0.1, 3.0) == pytest.approx(0.1 / (0.1 + 3 * 0.9))
