"""The page of every kind of run."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from src.evaluation.results import Results
from src.results.report import write_report
from src.utils.errors import RunError
from src.utils.metrics.table import EER, METRICS
from src.utils.runs import Run, find_run, list_runs, new_run
from tests.visualize.reading import Page, read_page


def page_of(run: Run, runs: Path) -> Page:
    path = write_report(run, runs)
    assert path == run.folder / "report.html"
    assert not [left for left in run.folder.iterdir() if "partial" in left.name]
    return read_page(path)


def test_a_tested_run(runs: Path, run_of: Callable) -> None:
    run = run_of(0)
    read = page_of(run, runs)
    results = Results.read(run.folder / "test_results.json")
    text = " ".join(read.text.split())
    assert text.index("Test EER") < text.index("Metrics") < text.index("Provenance")
    for name, metric in METRICS.items():
        assert metric.write(getattr(results.detection, name)) in text
        for spans in (results.ci95, results.ci95_attacks):
            assert metric.write_interval(*spans[name], " – ") in text
    assert f"95 % over {results.ci95_over}" in text
    assert f"over {results.ci95_attacks_over}" in text
    # Every group, those too small to say anything set apart.
    groups = [group for found in results.breakdowns.values() for group in found]
    assert {"a|1", "a2", "new_2", "F", "M"} == {group.group for group in groups}
    marked = [kind for kind in read.attributes("tr", "class") if kind == "faint"]
    women = Results.read(run.folder / "test_results_F.json").breakdowns.values()
    small = sum(group.is_small for found in women for group in found)
    assert len(marked) == small + sum(group.is_small for group in groups) > 0
    # Six curves, the groups, and two figures of the test on women.
    assert len(read.attributes("img", "src")) == 9
    assert "On women's clips of the data set" in text
    # The layer that the probe chose is marked.
    assert "Layer probe" in text
    assert read.attributes("tr", "class").count("best") == 1
    for words in (
        *("wav2vec2 + svm", "Hyperparameters", "gamma", "fab ", "downstream_train"),
        *(str(run.inputs["downstream_val"]), run.manifest["environment"]["python"]),
        *("The recordings were not audited", "Training, validation and test share no speakers"),
    ):
        assert words in text, words


def test_written_again_it_is_the_same(runs: Path, run_of: Callable) -> None:
    def bytes_of() -> list[bytes]:
        for number in range(4):
            write_report(run_of(number), runs)
        paths = [*runs.glob("run*/report.html"), *runs.glob("run*/model_card.md")]
        assert len(paths) == 6
        return [path.read_bytes() for path in sorted(paths)]

    assert bytes_of() == bytes_of()


def test_a_run_that_is_not_tested(runs: Path, run_of: Callable) -> None:
    run = run_of(2)
    read = page_of(run, runs)
    assert "Not tested yet" in read.text
    assert f"--run-number=2 --embeddings={run.manifest['embeddings']} --runs={runs}" in read.text
    assert "all of this flatters" in read.text
    # Two curves of validation, and the learning curve.
    assert len(read.attributes("img", "src")) == 3
    assert not (run.folder / "model_card.md").exists()
    # The curves are in the page alone, where no test can make them stale.
    assert {path.name for path in run.folder.glob("*.png")} == {"loss_plot.png"}


def test_a_training_that_has_not_ended(tmp_path: Path) -> None:
    settings = {"backbone": {"name": "acoustic"}, "classifier": "svm"}
    with pytest.raises(KeyboardInterrupt), new_run(tmp_path, "train", settings) as run:
        raise KeyboardInterrupt
    read = page_of(run, tmp_path)
    assert "This training is interrupted" in read.text
    assert read.attributes("div", "class")[0] == "verdict bad"


@pytest.mark.parametrize("is_flagged", [True, False])
def test_the_audit_is_told(
    runs: Path, run_of: Callable, add_audit: Callable, is_flagged: bool
) -> None:
    run = run_of(1)
    path = run.folder / "test_results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"warnings": []}))
    audit = add_audit(runs, is_flagged)
    read = page_of(run, runs)
    assert f"{audit.name}/audit.html" in read.text
    assert ("verdict bad" in read.attributes("div", "class")) == is_flagged
    assert ("The audit flags RMS level (EER 10.0%)" in read.text) == is_flagged
    assert ("flags nothing" in read.text) != is_flagged
    assert "generator 7 of 9" in read.text
    card = (run.folder / "model_card.md").read_text()
    assert ("- The audit flags RMS level" in card) == is_flagged


def test_a_damaged_audit_spoils_no_page(runs: Path, run_of: Callable, add_audit: Callable) -> None:
    (add_audit(runs, False) / "audit.json").write_text("{")
    assert "The audit cannot be read" in page_of(run_of(1), runs).text


def test_warnings_make_the_verdict_bad(runs: Path, run_of: Callable) -> None:
    run = run_of(1)
    path = run.folder / "test_results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"warnings": ["mind <b>this</b>"]}))
    read = page_of(run, runs)
    assert "Mind <b>this</b>." in read.text
    assert "b" not in read.tags
    assert read.attributes("div", "class")[0] == "verdict bad"


def test_a_test_of_another_data_set_has_a_section(runs: Path, run_of: Callable) -> None:
    run = run_of(1)
    values = json.loads((run.folder / "test_results.json").read_text())
    values |= {"eer": 0.123, "dataset": "/else/where"}
    (run.folder / "test_results_where.json").write_text(json.dumps(values))
    run.update(tested_elsewhere={"where": "/else/where"})
    read = page_of(run, runs)
    assert "On the data set where" in read.text
    assert "Test EER 12.3%" in read.text
    # Without a test on its own, that one stands for the run.
    (run.folder / "test_results.json").unlink()
    (run.folder / "scores_test.csv").rename(run.folder / "scores_test_where.csv")
    read = page_of(run, runs)
    assert read.text.index("Test EER 12.3%") < read.text.index("Metrics")
    assert "Tested on another data set than its own: the data set where." in read.text


def test_a_test_of_before_there_were_intervals(
    runs: Path, run_of: Callable, make_older: Callable
) -> None:
    run = run_of(1)
    eer = Results.read(run.folder / "test_results.json").detection.eer
    make_older(run)
    read = page_of(run, runs)
    assert "measured and before there were intervals: test it again for them." in read.text
    assert f"Test EER {eer:.1%} (how sure that is cannot be told)" in read.text
    assert "Verdicts that may abstain were not measured." in read.text
    assert not re.search(r"\bnan\b", read.text)
    assert read.attributes("div", "class")[0] == "verdict bad"


def test_a_test_of_before_a_metric(runs: Path, run_of: Callable, make_older: Callable) -> None:
    """It had intervals, and they are shown."""
    run = run_of(1)
    low, high = Results.read(run.folder / "test_results.json").ci95["eer"]
    make_older(run, "cllr")
    read = page_of(run, runs)
    assert "Tested before Cllr was measured: test it again for it." in read.text
    assert "before there were intervals" not in read.text
    assert EER.write_interval(low, high, " – ") in read.text


def test_further_tests_say_what_they_lack(runs: Path, run_of: Callable) -> None:
    run = run_of(0)
    path = run.folder / "test_results_F.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({name: values[name] for name in values if name != "auc"}))
    text = page_of(run, runs).text
    assert text.index("On women's clips") < text.index("Tested before AUC was measured")


def test_damaged_results_are_named(runs: Path, run_of: Callable) -> None:
    run = run_of(1)
    for text in ("[]", '{"accuracy": 0.5}'):
        (run.folder / "test_results.json").write_text(text)
        with pytest.raises(RunError, match=r"test_results\.json is damaged"):
            write_report(run, runs)


def test_a_study(runs: Path) -> None:
    run = find_run(runs, 0, "svm")
    read = page_of(run, runs)
    best = json.loads((run.folder / "best_hyperparameters.json").read_text())
    eer = f"{best['validation_eer']:.1%}"
    assert f"Best: run {best['run_number']} with a validation EER of {eer}." in read.text
    assert "among 3 finished trials" in read.text
    assert "fab TrainModel --backbone=wav2vec2 --classifier=svm --study-number=0" in read.text
    rows = [kind for kind in read.attributes("tr", "class") if kind == "best"]
    assert len(rows) == 1
    cells = re.findall(r'<td class="number">([\d.]+)%</td>', run.report.read_text())
    assert len(cells) == 3
    assert sorted(cells, key=float) == cells
    assert len(read.attributes("img", "src")) == 1
    assert "3 finished trials are too few: it takes 20" in read.text
    assert ("too small to choose by" in read.text) == (not best["choice"]["is_decisive"])


def test_the_page_of_a_study_ranks_as_the_search_does(runs: Path) -> None:
    """Of trials that tie, the one with the lowest Cllr stands first, as it is kept as the best."""
    run = find_run(runs, 0, "svm")
    path = run.folder / "trials.csv"
    table = pd.read_csv(path).assign(validation_eer=0.0, validation_cllr=[0.3, 0.1, 0.2])
    table.to_csv(path, index=False)
    best = {"validation_eer": 0.0, "validation_cllr": 0.1, "run_number": 1}
    choice = run.folder / "best_hyperparameters.json"
    choice.write_text(json.dumps(json.loads(choice.read_text()) | best))
    read = page_of(run, runs)
    rows = [row for row in read.rows if "trial" in read.rows[0] and len(row) > 6]
    assert [row[0] for row in rows[1:]] == ["1", "2", "0"]
    assert [row[4] for row in rows[1:]] == ["0.1000", "0.2000", "0.3000"]


def test_the_page_of_a_study_tells_what_mattered(runs: Path) -> None:
    run = find_run(runs, 0, "svm")
    rows = pd.read_csv(run.folder / "trials.csv")
    many = pd.concat([rows] * 7, ignore_index=True)
    many = many.assign(validation_eer=[0.1 + 0.01 * n for n in range(len(many))])
    many.to_csv(run.folder / "trials.csv", index=False)
    assert "too few trials have drawn the same" in page_of(run, runs).text
    kept = run.folder / "importances.csv"
    kept.write_text("hyperparameter,importance,of\nC,0.75,validation_eer\nlayer,0.25,x\n")
    text = page_of(run, runs).text
    assert "variance of the validation EER between trials" in text
    assert text.index("75.0%") < text.index("25.0%")
    kept.write_text("hyperparameter,importance,of\nC,much,validation_eer\n")
    with pytest.raises(RunError, match=r"importances\.csv is damaged"):
        write_report(run, runs)


BROKEN = [
    ("top_trials.csv", "run,validation_eer,eer_low,eer_high\n1,0.1,low,0.2\n", "low"),
    ("top_trials.csv", "run,validation_eer,eer_low\n1,0.1,0.1\n", "no column eer_high"),
    ("finalists.csv", "number,run,seed,validation_eer\n1.5,1,7,0.1\n", "number is not always"),
    ("finalists.csv", "number,run,seed,validation_eer\n1,,7,0.1\n", "run is not always"),
    ("importances.csv", "hyperparameter,of\nC,validation_eer\n", "no column importance"),
]


@pytest.mark.parametrize(("name", "content", "fault"), BROKEN)
def test_a_damaged_table_of_a_study_is_one_line(
    runs: Path, name: str, content: str, fault: str
) -> None:
    run = find_run(runs, 0, "svm")
    (run.folder / name).write_text(content)
    with pytest.raises(RunError, match=fault) as caught:
        write_report(run, runs)
    assert name in str(caught.value)
    assert "remove it, and continue the study: --study-number=0" in str(caught.value)


def test_the_page_of_a_search_across_classifiers(runs: Path) -> None:
    """Who won, with intervals, other seeds, pruned trials told apart from failed ones."""
    study = find_run(runs, 0, "svm")
    folder = study.folder.rename(study.folder.with_name(study.folder.name.replace("svm", "auto")))
    settings = study.settings | {"classifier": "auto", "augmented": None}
    study = replace(study, folder=folder)
    study.update(settings=settings | {"folds": {"n": 3, "by": "speaker"}}, status="interrupted")
    path = folder / "best_hyperparameters.json"
    best = json.loads(path.read_text()) | {"classifier": "mlp", "run_number": 2}
    best |= {"layer": "weighted", "pooling": "mean"}
    best |= {"seeds": {"n": 3, "mean": 0.123, "std": 0.004}}
    path.write_text(json.dumps(best))
    (folder / "trials.csv").write_text(
        "trial,run,state,validation_eer,validation_cllr,classifier,layer,C,dropout,gamma\n"
        "0,0,complete,0.1,0.3,svm,1,0.5,,\n1,1,complete,0.2,0.4,mlp,0,,0.25,\n"
        "2,2,complete,0.11,0.2,mlp,weighted,,0.75,\n3,,pruned,,,rf,0,,,\n4,,failed,,,rf,0,,,\n"
    )
    (folder / "top_trials.csv").write_text(
        "run,validation_eer,eer_low,eer_high\n0,0.1,0.05,0.16\n2,0.11,,\n"
    )
    (folder / "finalists.csv").write_text(
        "number,run,seed,validation_eer,validation_cllr\n"
        "0,0,7,0.10,0.3\n2,2,7,0.11,0.2\n2,8,8,0.13,0.2\n"
    )
    (folder / "slices.png").write_bytes(b"\x89PNG")
    read = page_of(find_run(runs, 0, "auto"), runs)
    assert "Best: run 2 (mlp) with a validation EER of" in read.text
    assert "Trained with 3 seeds it has 12.3% on average" in read.text
    assert "svm 10.00% (1 trial), mlp 11.00% (2 trials)" in read.text
    assert "3 finished; 1 pruned, given up before the last fold; 1 failed" in read.text
    assert "compared by 3 folds by speaker" in read.text
    assert "all, by weights that are learned" in read.text
    assert "fab TestModel --classifier=auto --study-number=0" in read.text
    assert "fab TrainModel --backbone=wav2vec2 --classifier=auto --study-number=0" in read.text
    assert "--classifier=auto --folds=3 --study-number=0" in read.text
    top, seeds = (
        [row for row in read.rows if row[0] == name and len(row) > 2] for name in ("trial", "run")
    )
    # What no trial of these has drawn has no column.
    assert top == [
        [
            *("trial", "run", "validation EER", "95 % interval", "validation Cllr"),
            *("classifier", "layer", "C", "dropout"),
        ]
    ]
    assert seeds == [["run", "seed 7", "seed 8", "mean EER", "standard deviation"]]
    assert ["2", "11.00%", "13.00%", "12.00%", "1.41 points"] in read.rows
    [first] = [row for row in read.rows if row[:2] == ["0", "0"]]
    assert first[2:4] == ["10.00%", "5.00% – 16.00%"]
    assert len(read.attributes("img", "src")) == 2
    # Both tables mark the best by other seeds, not the luckiest trial.
    assert read.attributes("tr", "class").count("best") == 2


def test_a_trial_tested_by_itself(runs: Path) -> None:
    study = find_run(runs, 0, "svm")
    read = page_of(find_run(study.folder, 1), runs)
    assert "Run 1 of SVM study 0" in read.text
    assert "fab TestModel --classifier=svm --study-number=0 --run-number=1" in read.text
    assert f"--runs={runs}" in read.text
    # The other trials stay as they are.
    assert len(list(study.folder.glob("run*/report.html"))) == 1


def test_a_probe_and_a_projection(runs: Path, run_of: Callable, tmp_path: Path) -> None:
    run = run_of(3)
    read = page_of(run, runs)
    assert f"Best: layer {run.manifest['results']['layer']}" in read.text
    assert len(read.attributes("img", "src")) == 1
    settings = {"backbone": {"name": "acoustic"}, "method": "tsne", "layer": 0, "split": "full"}
    with new_run(tmp_path / "p", "visualize", settings) as run:
        (run.folder / "tsne.png").write_bytes(b"\x89PNG")
    read = page_of(run, tmp_path / "p")
    assert "t-SNE of acoustic, layer 0" in read.text
    assert len(read.attributes("img", "src")) == 1


def test_a_comparison_has_its_page_from_where_it_is_made(tmp_path: Path) -> None:
    with new_run(tmp_path, "compare", {}) as run:
        assert write_report(run, tmp_path) is None
    assert not run.report.exists()


def test_an_audit(tmp_path: Path, add_audit: Callable) -> None:
    folder = add_audit(tmp_path, True)
    [run] = list_runs(tmp_path)
    assert write_report(run, tmp_path) == folder / "audit.html"
    assert not run.report.exists()
    read = read_page(folder / "audit.html")
    assert "Audit 0: audit of set" in read.text
    assert "Next: fab MatchDataset --dataset=/data/set" in read.text
    assert read.attributes("div", "class")[0] == "verdict bad"
    assert read.attributes("tr", "class").count("bad") == 1
    # Figures are shown where they are.
    assert read.attributes("img", "src") == []
    (folder / "shortcuts.png").write_bytes(b"\x89PNG")
    write_report(run, tmp_path)
    read = read_page(folder / "audit.html")
    assert read.attributes("img", "alt") == ["EER of each nuisance with its interval"]


def test_an_audit_that_has_not_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_run(tmp_path, "audit", {"dataset": "/d"}) as run:
        raise KeyboardInterrupt
    path = write_report(run, tmp_path)
    assert "This audit is interrupted" in read_page(path).text
