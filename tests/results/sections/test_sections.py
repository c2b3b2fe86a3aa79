"""Data, origin, validation, calibration, warnings, search trials and comparisons."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from src.evaluation.results import Results
from src.models.calibrate import calibration_of
from src.results.blocks.blocks import (
    Facts,
    Figure,
    Heading,
    Interval,
    Paragraph,
    Table,
    Verdict,
    Warning,
)
from src.results.compare import compare_runs
from src.results.facts import Data
from src.results.outcomes import read_tests
from src.results.sections.calibration import calibration_facts
from src.results.sections.comparison import compared_table, differences_table
from src.results.sections.data import clips_table, data_section
from src.results.sections.evaluation import confusion_table, curves, further_test, main_test
from src.results.sections.frame import frame_table
from src.results.sections.origin import flatten, hyperparameters, provenance, settings, subtitle
from src.results.sections.search_trials import (
    best_trials_table,
    by_classifier,
    choice_among_trials,
    count_trials,
    finalists_table,
    importances_table,
)
from src.results.sections.validation import validation
from src.results.sections.warnings import warning_texts, warnings
from src.utils.config import BY_UTTERANCE, SHARED_VOICES
from src.utils.runs import Run

NAN = float("nan")


def test_data(run_of: Callable) -> None:
    run = run_of(0)
    main = read_tests(run).main
    assert main is not None
    data = Data.of(run, main[0])
    heading, about, table, lists = data_section(run, data)
    assert heading == Heading("Data")
    assert isinstance(about, Paragraph) and about.text.startswith("Data set: all. Training, ")
    assert table == clips_table(data.parts)
    assert [row[:2] for row in table.rows] == [
        [part, label]
        for part in ("training", "validation", "test")
        for label in ("bona-fide", "spoof")
    ]
    # Minutes are not known here.
    assert {row[4] for row in table.rows} == {None}
    assert isinstance(lists, Facts)
    assert lists.rows[0] == ("attacks of training", "3: a2, a|1, new_0")
    gone = data_section(run, Data([], "gone."))
    assert gone[2] == Paragraph("The clips are not told: gone.", "soft")


def test_origin(tmp_path: Path) -> None:
    manifest = {
        "started": "2026-01-31T14:25:30+00:00",
        "status": "complete",
        "settings": {"seed": 7, "backbone": {"name": "x", "dim": 3}, "hyperparameters": {"c": 1}},
        "inputs": {"clips": "abc", "splits": None},
        "command": ["TrainModel", "--runs=a b"],
        "environment": {"python": "3.11", "libraries": {"numpy": "2"}},
    }
    run = Run(4, tmp_path / "run4", manifest)
    assert subtitle(run) == Paragraph("run4 · 2026-01-31 14:25 UTC · complete", "soft")
    assert settings(run, ["hyperparameters"])[1] == Facts(
        [("seed", "7"), ("backbone · name", "x"), ("backbone · dim", "3")]
    )
    heading, facts = provenance(run)
    assert heading == Heading("Provenance")
    told = dict(facts.rows)
    assert told["command"] == "fab TrainModel '--runs=a b'"
    assert told["finished"] == "not yet (complete)"
    assert told["hash of clips"] == "abc"
    assert "hash of splits" not in told and "data set" not in told
    rows = [("learning rate", "0.000123457"), ("layers", "1, 2"), ("gamma", "none")]
    values = {"learning_rate": 0.000123456789, "layers": [1, 2], "gamma": None}
    assert flatten(values) == rows
    assert hyperparameters(values) == [Heading("Hyperparameters"), Facts(rows)]


def test_validation(run_of: Callable) -> None:
    heading, about, table, pictures = validation(run_of(2))
    assert heading == Heading("Validation")
    assert about.text.startswith("40 bona-fide and 40 spoof clips.")
    assert table.header == ["", "value", "95 % interval", "what it tells"]
    assert [isinstance(row[2], Interval) for row in table.rows] == [True, *[False] * 4]
    for figure in pictures.blocks:
        assert isinstance(figure, Figure)
        assert figure.content is not None and figure.content.startswith(b"\x89PNG")
        assert not figure.path.exists()


def test_threshold_and_calibration(run_of: Callable, tmp_path: Path) -> None:
    fixed = calibration_of(run_of(0))
    threshold, calibration = calibration_facts(run_of(0))
    assert threshold == ("threshold", f"{fixed.threshold:.6g}, fixed on validation")
    assert f"{fixed.slope:.6g} · score {fixed.offset:+.6g}" in str(calibration[1])
    assert calibration_facts(Run(0, tmp_path)) == []


def test_warnings(run_of: Callable, tmp_path: Path) -> None:
    results = Results.read(run_of(0).folder / "test_results.json")
    results = replace(results, warnings=["mind this"])
    assert warning_texts(run_of(0)) == []
    assert [block.text for block in warnings(run_of(0), results)] == ["mind this"]
    run = Run(0, tmp_path, {"settings": {"units": "utterance"}})
    assert warning_texts(run, results) == [SHARED_VOICES[BY_UTTERANCE], "mind this"]


def test_a_test_and_a_further_one(run_of: Callable) -> None:
    tests = read_tests(run_of(0))
    assert tests.main is not None
    outcome, results = tests.main
    blocks = main_test(outcome, results)
    titles = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    assert titles == ["Metrics", "Decisions", "Curves", "Groups"]
    found = results.detection
    assert [list(row) for row in confusion_table(results).rows] == [
        ["bona-fide", str(found.true_bona_fide), str(found.false_spoof)],
        ["spoof", str(found.false_bona_fide), str(found.true_spoof)],
    ]
    assert len(curves(outcome)[1].blocks) == 6
    [(women, on_women)] = tests.others
    whole = further_test(women, replace(on_women, warnings=["mind this"]), "audited")
    assert whole[0] == Heading("On women's clips of the data set all")
    assert isinstance(whole[1], Verdict)
    assert (whole[1].points, whole[1].is_bad) == (["Mind this."], True)
    assert whole[-1] == Paragraph("audited", "soft")
    brief = further_test(women, on_women, is_brief=True)
    assert brief[0] == Heading("On women's clips of the data set all", 3)
    assert [type(block) for block in brief] == [Heading, Verdict, Paragraph, Table]
    # One column less.
    assert [row[:-1] for row in whole[3].rows] == [list(row) for row in brief[3].rows]


def test_search_trials() -> None:
    trials = pd.DataFrame(
        {
            "trial": [1, 0],
            "run": [1, 0],
            "state": ["complete", "complete"],
            "validation_eer": [0.0583, 0.1],
            "validation_cllr": [0.25, 1.0],
            "max_depth": ["3", ""],
            "learning_rate": [0.0123456, 1e-5],
        }
    )
    top = pd.DataFrame({"run": [1], "eer_low": [0.0125], "eer_high": [0.1]})
    table = best_trials_table(trials, 0, top)
    names = ["trial", "run", "validation EER", "95 % interval", "validation Cllr"]
    assert table.header == [*names, "max depth", "learning rate"]
    assert table.rows == [
        ["1", "1", "5.83%", Interval("1.25%", "10.00%"), "0.2500", "3", "0.01235"],
        ["0", "0", "10.00%", None, "1.0000", None, "1e-05"],
    ]
    # The best by other seeds need not be the first.
    assert table.kinds == {1: "best"}
    assert table.right == [2, 3, 4, 5, 6]
    without = best_trials_table(trials.tail(1).drop(columns="max_depth"), None)
    assert without.header == ["trial", "run", "validation EER", "validation Cllr", "learning rate"]
    assert without.kinds == {}


def test_a_trial_that_was_pruned_has_not_failed() -> None:
    rows = pd.DataFrame(
        {"state": ["complete", "pruned", "failed"], "validation_eer": [0.1, NAN, NAN]}
    )
    assert count_trials(rows) == "1 finished; 1 pruned, given up before the last fold; 1 failed"
    assert count_trials(pd.DataFrame(), 2).endswith("2 still at work in other processes")
    assert by_classifier(rows) == ""


def test_the_best_by_other_seeds() -> None:
    rows = [(3, 5, 7, 0.1), (3, 8, 8, 0.2), (1, 2, 7, 0.125)]
    found = pd.DataFrame(rows, columns=["number", "run", "seed", "validation_eer"])
    table = finalists_table(found, 2)
    assert table.header == ["run", "seed 7", "seed 8", "mean EER", "standard deviation"]
    assert table.rows == [
        ["5", "10.00%", "20.00%", "15.00%", "7.07 points"],
        ["2", "12.50%", None, "12.50%", None],
    ]
    assert table.kinds == {1: "best"}


CHOICE = {
    "n_trials": 30,
    "n_tied": 29,
    "n_bona_fide": 20,
    "n_spoof": 10,
    "n_speakers": 4,
    "eer": 0.0,
    "low": 0.0,
    "high": 0.6,
    "n_inside": 30,
    "median_eer": 0.0,
    "gain_low": 0.0,
    "gain_high": 0.0,
    "is_decisive": False,
}


def test_ties_and_a_choice_that_means_nothing() -> None:
    best = {"validation_eer": 0.0, "validation_cllr": 0.125, "choice": CHOICE}
    tied, doubt = choice_among_trials(best)
    assert isinstance(tied, Paragraph)
    assert "29 of 30 finished trials tie at the lowest validation EER of 0.00%" in tied.text
    assert "lowest validation Cllr of 0.1250" in tied.text
    assert isinstance(doubt, Warning)
    assert "20 bona-fide and 10 spoof clips of validation, with 4 speakers" in doubt.text
    assert "one clip moves an EER by up to 5.0 points" in doubt.text
    assert "30 of 30 trials lie within" in doubt.text
    assert "better by 0.0 to 0.0 points" in doubt.text


def test_a_choice_that_means_something() -> None:
    def said(**differs) -> str:
        blocks = choice_among_trials({"choice": CHOICE | differs})
        return "\n".join(block.text for block in blocks)

    assert said(is_decisive=True, n_tied=1) == ""
    assert said(is_decisive=True, n_tied=2).startswith("2 of 30 finished trials tie")
    assert "only one trial has finished" in said(n_trials=1, n_tied=1)
    unknown = said(low=None, high=None, gain_low=None, gain_high=None, n_speakers=1)
    assert "1 speaker in the class" in unknown
    assert "unknown margin" in unknown
    assert "None" not in unknown
    assert "unknown speakers" in said(n_speakers=None)
    # Of before anything was said of it.
    assert choice_among_trials({"validation_eer": 0.1}) == []


def test_importances() -> None:
    found = pd.DataFrame(
        {"hyperparameter": ["max_depth", "C"], "importance": [0.8765, 0.1235], "of": "x"}
    )
    table = importances_table(found)
    assert table.rows == [["max depth", "87.6%"], ["C", "12.3%"]]


def test_a_data_frame() -> None:
    frame = pd.DataFrame({"split": ["a", "b"], "clips": [3, 1200], "minutes": [1.26, NAN]})
    table = frame_table(frame, minutes="{:.1f}")
    assert table.header == ["split", "clips", "minutes"]
    assert table.rows == [["a", "3", "1.3"], ["b", "1200", None]]
    assert table.right == [1, 2]
    assert frame_table(frame, ["split"]).right == [0, 1, 2]


def test_compared_runs(runs: Path, run_of: Callable) -> None:
    done = compare_runs(runs, [0, 1])
    table = compared_table(done)
    assert table.header == [
        *("run", "what", "tested on", "EER (95 %)", "minDCF (95 %)", "Cllr (95 %)"),
    ]
    for entry, row in zip(done.entries, table.rows, strict=True):
        assert row[0] == entry.name
        assert row[2] == "all (80 clips)"
        assert isinstance(row[3], Interval)
        assert row[3].value == f"{entry.results.detection.eer:.2%}"
    table = differences_table(done)
    assert table.header == ["run", "against", "", "difference", "95 % interval", "p", ""]
    assert [row[2] for row in table.rows] == ["EER", "minDCF", "Cllr"]
    pair = done.pairs.iloc[0]
    assert table.rows[0][3] == f"{100 * pair['difference']:+.2f} points"
    may_be_chance = {n for n, p in enumerate(done.pairs["p_holm"]) if not p < 0.05}
    assert set(table.kinds) == may_be_chance
    # With a second pair, p-values are corrected in a column of their own.
    more = replace(done, pairs=pd.concat([done.pairs, done.pairs.assign(run="run 9")]))
    assert differences_table(more).header[5:7] == ["p", "p, Holm"]


@pytest.mark.parametrize(("p", "shown"), [(NAN, None), (0.0004, "< 0.001"), (0.0123, "0.012")])
def test_p_values(runs: Path, run_of: Callable, p: float, shown: str | None) -> None:
    done = compare_runs(runs, [0, 1])
    table = differences_table(replace(done, pairs=done.pairs.assign(p_value=p)))
    assert {row[5] for row in table.rows} == {shown}
