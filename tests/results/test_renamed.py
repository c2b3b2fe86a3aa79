"""Runs of when `acoustic` was called `lfcc` are told of, and never as LFCC."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from src.results.compare import compare_runs
from src.results.listing import list_all
from src.results.report import write_report
from src.utils.runs import Run, find_run, list_runs
from tests.visualize.reading import read_page

TOLD = "acoustic (was lfcc)"


@pytest.fixture
def old(runs: Path, monkeypatch) -> Path:
    """The runs folder as if all in it were made then."""
    # What is told of the command must not be counted.
    monkeypatch.setattr(sys, "argv", ["fab", "Task"])
    for run in [*list_runs(runs), *list_runs(runs, "svm")]:
        about = run.settings["backbone"] | {"name": "lfcc", "stats": ["descriptor"]}
        run.update(settings=run.settings | {"backbone": about}, command=["Task"])
    return runs


def test_the_listing(old: Path) -> None:
    found = list_all(old)
    assert found.faults == []
    whats = found.table.set_index("run")["what"]
    assert whats["SVM study 0"] == f"search of {TOLD} + svm"
    assert whats["1"] == f"{TOLD} + rf, layer 0"
    assert whats["3"] == f"layer probe of {TOLD}"
    assert found.table["test EER"].tolist()[1]


def pages(runs: Path, run: Run) -> str:
    path = write_report(run, runs)
    assert path is not None
    return read_page(path).text


def test_every_page(old: Path, run_of: Callable) -> None:
    for number in range(4):
        text = pages(old, run_of(number))
        assert TOLD in text
        assert text.count("lfcc") == text.count(TOLD)
    card = (run_of(0).folder / "model_card.md").read_text()
    assert card.startswith(f"# Model card: {TOLD} + svm, layer ")
    assert f"on vectors of {TOLD}" in card


def test_the_page_of_a_study_names_what_trains_on_it(old: Path) -> None:
    text = pages(old, find_run(old, 0, "svm"))
    assert "fab TrainModel --backbone=acoustic --classifier=svm --study-number=0" in text


def test_a_comparison(old: Path) -> None:
    done = compare_runs(old, [0, 1])
    text = read_page(done.run.folder / "comparison.html").text
    assert f"{TOLD} + svm" in text
    assert f"{TOLD} + rf, layer 0" in text
    assert text.count("lfcc") == text.count(TOLD)
