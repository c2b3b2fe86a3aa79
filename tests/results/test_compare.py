"""Runs side by side, on the same clips or not."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.evaluate_scores import ScoreEvaluation, ScoreSettings, evaluate_score_file
from src.evaluation.paired import compare_trials
from src.evaluation.trials import Trials
from src.results.compare import compare_runs
from src.utils.errors import RunError
from src.utils.runs import Run, find_run
from tests.reports.telling import told
from tests.visualize.reading import read_page


def evaluate_noise(runs: Path, source: Run, gap: float) -> ScoreEvaluation:
    """Evaluate random scores of the clips of a run's test, the classes `gap` deviations apart."""
    trials = Trials.read(source.folder / "scores_test.csv", lambda scores: scores)
    key, noise = runs.parent / "key.csv", runs.parent / "noise.csv"
    labels = np.where(trials.labels == 1, "bona-fide", "spoof")
    pd.DataFrame({"file": trials.files, "label": labels}).to_csv(key, index=False)
    scores = np.random.default_rng(0).normal(size=len(trials)) + gap * (trials.labels - 0.5)
    pd.DataFrame({"file": trials.files, "score": scores}).to_csv(noise, index=False)
    return evaluate_score_file(ScoreSettings(noise, key), runs)


def test_two_runs(runs: Path, run_of: Callable) -> None:
    done = compare_runs(runs, [1, 0])
    eers = [one.results.detection.eer for one in done.entries]
    assert eers == sorted(eers)
    best, other = (one.name for one in done.entries)
    assert set(done.pairs["run"]) == {other}
    assert set(done.pairs["best"]) == {best}
    assert done.pairs["metric"].tolist() == ["eer", "min_dcf", "cllr"]
    row = done.pairs.iloc[0]
    assert row["difference"] == pytest.approx(eers[1] - eers[0])
    assert row["low"] <= row["difference"] <= row["high"]
    # A single pair needs no correction.
    assert done.pairs["p_holm"].tolist() == done.pairs["p_value"].tolist()
    assert done.notes == []
    folder = done.run.folder
    assert done.run.kind == "compare"
    assert done.run.is_complete
    assert (folder / "det_curves.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(folder / "comparison.csv")
    assert len(table) == 6
    assert table["difference"].isna().sum() == 3
    read = read_page(done.page)
    assert len(read.attributes("img", "src")) == 1
    assert f"Lowest EER: {best}" in read.text
    assert f"{other} against {best}" in read.text.replace("Run", "run")
    assert "Holm" not in read.text
    assert str(done.run.inputs[run_of(0).folder.name]) in read.text
    text = told("comparison", done)
    assert text.splitlines()[-1] == f"comparison {done.run.number}: {done.page}"
    assert any(words in text for words in ("chance may explain it", "hardly chance"))


def test_many_pairs_are_corrected(runs: Path, run_of: Callable) -> None:
    """The third is noise."""
    evaluated = evaluate_noise(runs, run_of(0), 0.0)
    done = compare_runs(runs, [0, 1, evaluated.run.number])
    assert done.notes == []
    pairs = done.pairs[done.pairs["metric"] == "eer"].set_index("run")
    assert (pairs["p_holm"] >= pairs["p_value"]).all()
    assert pairs["p_holm"].max() > pairs["p_value"].min()
    worst = pairs.loc[f"run {evaluated.run.number}"]
    assert worst["p_holm"] < 0.05
    assert worst["p_holm"] >= 2 * worst["p_value"] - 1e-12
    assert "Holm" in read_page(done.page).text
    assert "Holm" in told("comparison", done)


def test_speakers_are_drawn_where_one_run_knows_them(runs: Path, run_of: Callable) -> None:
    """The best is of a system that says nothing of speakers."""
    evaluated = evaluate_noise(runs, run_of(0), 9.0)
    done = compare_runs(runs, [0, evaluated.run.number])
    best, other = done.entries
    assert best.run.number == evaluated.run.number
    assert not best.trials.has_speakers
    speaker_of = dict(zip(other.trials.files, other.trials.speakers, strict=True))
    speakers = np.array([speaker_of[file] for file in best.trials.files])
    known = replace(best.trials, speakers=speakers)
    thresholds = best.results.detection.threshold, other.results.detection.threshold
    wanted = compare_trials(known, other.trials, thresholds).set_index("metric").loc["eer"]
    assert done.pairs.iloc[0]["high"] == wanted["high"]
    unknown = compare_trials(best.trials, other.trials, thresholds).set_index("metric")
    assert unknown.loc["eer", "high"] != wanted["high"]


def test_equal_runs_do_not_differ(runs: Path, run_of: Callable) -> None:
    for name in ("test_results.json", "scores_test.csv", "calibration.json"):
        (run_of(1).folder / name).write_bytes((run_of(0).folder / name).read_bytes())
    done = compare_runs(runs, [0, 1])
    assert (done.pairs["difference"] == 0).all()
    assert (done.pairs["p_holm"] == 1).all()
    assert "chance may explain it" in told("comparison", done)


def test_other_clips_are_listed_but_not_paired(runs: Path, run_of: Callable) -> None:
    path = run_of(1).folder / "scores_test.csv"
    path.write_text(path.read_text().replace("downstream_test/", "elsewhere/"))
    done = compare_runs(runs, [0, 1])
    assert done.pairs.empty
    assert len(done.notes) == 2
    read = read_page(done.page)
    assert "tested on other clips (80 of all) than the rest" in read.text
    assert "Differences" not in read.text
    assert told("comparison", done).count("warning: ") == 2
    assert len(pd.read_csv(done.run.folder / "comparison.csv")) == 6


def test_the_test_that_counts_may_be_named(runs: Path, run_of: Callable) -> None:
    run = run_of(1)
    for name in ("test_results", "scores_test"):
        suffix = ".json" if name == "test_results" else ".csv"
        source = run.folder / f"{name}{suffix}"
        (run.folder / f"{name}_B{suffix}").write_bytes(source.read_bytes())
    run.update(tested_elsewhere={"B": "/b"})
    with pytest.raises(RunError, match="run 0 was not tested on B, but on all"):
        compare_runs(runs, [0, 1], tested_on="B")
    run_of(0).update(root="/data/B")
    done = compare_runs(runs, [0, 1], tested_on="B")
    assert {one.outcome.suffix for one in done.entries} == {"", "_B"}


def test_what_is_not_tested_is_refused_with_the_command(runs: Path, run_of: Callable) -> None:
    before = {path.name for path in runs.iterdir()}
    with pytest.raises(RunError, match="run 2 is not tested; run first: fab TestModel --run-num"):
        compare_runs(runs, [0, 2])
    with pytest.raises(RunError, match="run 3 is a probe run, and holds no test"):
        compare_runs(runs, [0, 3])
    with pytest.raises(RunError, match="no run 9"):
        compare_runs(runs, [0, 9])
    (runs / "audit9_20200101-000000").mkdir()
    (runs / "audit9_20200101-000000" / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match=r"no run 9 in .*/ \(audit 9 is no training\); found 0, 1"):
        compare_runs(runs, [0, 9])
    shutil.rmtree(runs / "audit9_20200101-000000")
    with pytest.raises(RunError, match=r"run 0 of SVM study 0 is not tested; .*--study-number=0"):
        compare_runs(runs, [0, 1], study_number=0)
    assert {path.name for path in runs.iterdir()} == before


def test_what_an_older_test_lacks_is_told(
    runs: Path, run_of: Callable, make_older: Callable
) -> None:
    make_older(run_of(1), "cllr")
    done = compare_runs(runs, [0, 1])
    lacks = "run 1 was tested before Cllr was measured: test it again for it"
    assert done.notes == [lacks]
    text = told("comparison", done)
    assert f"warning: {lacks}" in text
    assert lacks.removeprefix("run") in read_page(done.page).text
    [row] = [line for line in text.splitlines() if "– (cannot be told)" in line]
    assert row.split()[0:2] == ["run", "1"]
    # The pair is compared by the scores, which are there.
    assert done.pairs["metric"].tolist() == ["eer", "min_dcf", "cllr"]
    assert done.pairs["difference"].notna().all()


def test_trials_of_a_study(runs: Path, run_of: Callable) -> None:
    study = find_run(runs, 0, "svm")
    for number in (0, 2):
        for name in ("test_results.json", "scores_test.csv"):
            target = find_run(study.folder, number).folder / name
            target.write_bytes((run_of(0).folder / name).read_bytes())
    done = compare_runs(runs, [0, 2], study_number=0)
    assert [one.name for one in done.entries] == ["run 0 of SVM study 0", "run 2 of SVM study 0"]
    assert done.run.folder.parent == runs
