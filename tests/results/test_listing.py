"""The table of all runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from src.models.lookup import BEST, training_by_number
from src.results.listing import list_all
from src.results.naming import name_of, next_command
from src.results.sections.origin import subtitle
from src.utils.errors import RunError
from src.utils.files import write_json
from src.utils.runs import Kind, find_run, new_run
from tests.models.small import BEST_TRIAL
from tests.reports.telling import told


def test_the_best_comes_first(runs: Path, run_of: Callable) -> None:
    eers = {
        str(number): json.loads((run_of(number).folder / "test_results.json").read_text())["eer"]
        for number in (0, 1)
    }
    found = list_all(runs)
    assert found.faults == []
    table = found.table
    # Tested, then validated only, then what has neither.
    assert table["run"].tolist()[:2] == sorted(eers, key=eers.get)
    assert table["test EER"].tolist()[2:] == [""] * 3
    assert set(table["run"].tolist()[2:4]) == {"2", "SVM study 0"}
    assert table["run"].tolist()[4] == "3"
    row = table.set_index("run").loc["0"]
    assert row["test EER"] == f"{eers['0']:.2%}"
    assert " .. " in row["95 % interval"]
    assert row["tested on"].startswith("all (80 clips); F ")
    assert row["what"].startswith("wav2vec2 + svm, layer ")
    assert row["status"] == "complete"
    text = told("listing", found)
    assert text.splitlines()[0].split()[:2] == ["run", "what"]
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize(
    ("order", "first"), [("number", ["0", "1", "2", "3", "SVM study 0"]), ("time", ["0"])]
)
def test_other_orders(runs: Path, order: str, first: list[str]) -> None:
    assert list_all(runs, order=order).table["run"].tolist()[: len(first)] == first


def test_the_trials_of_a_study(runs: Path) -> None:
    study = find_run(runs, 0, "svm")
    table = list_all(runs, study_number=0).table
    eers = [float(text.rstrip("%")) for text in table["validation EER"]]
    assert eers == sorted(eers)
    assert set(table["run"]) == {"0", "1", "2"}
    # One that is tested stands among all runs, too.
    trial = find_run(study.folder, 1)
    (trial.folder / "test_results.json").write_text(json.dumps({"eer": 0.0}))
    assert list_all(runs).table["run"].tolist()[0] == "1 of SVM study 0"
    with pytest.raises(RunError, match="no study 4"):
        list_all(runs, study_number=4)


def test_one_classifier(runs: Path) -> None:
    assert set(list_all(runs, classifier="svm").table["run"]) == {"0", "SVM study 0"}


def test_damage_is_told_and_breaks_nothing(runs: Path, run_of: Callable) -> None:
    folders = [run_of(number).folder for number in range(4)]
    (folders[0] / "manifest.json").write_text("{")
    (folders[1] / "test_results.json").write_text('{"eer": null}')
    (folders[2] / "manifest.json").write_text('{"kind": "train", "settings": [1]}')
    (folders[3] / "manifest.json").write_text("[]")
    found = list_all(runs)
    assert found.table["run"].tolist() == ["SVM study 0"]
    assert len(found.faults) == 4
    text = told("listing", found)
    assert sum(line.startswith("warning: ") for line in text.splitlines()) == 4


def test_what_an_older_test_lacks_is_told(
    runs: Path, run_of: Callable, make_older: Callable
) -> None:
    make_older(run_of(1), "min_dcf", "far")
    found = list_all(runs)
    lacks = "run 1 was tested before minDCF and FAR were measured: test it again for them"
    assert found.faults == [lacks]
    assert f"warning: {lacks}" in told("listing", found).splitlines()
    row = found.table.set_index("run").loc["1"]
    assert row["minDCF"] == "" and row["95 % interval"] != ""


def test_what_has_not_ended_is_listed(tmp_path: Path) -> None:
    with pytest.raises(ValueError), new_run(tmp_path, "visualize", {}):
        raise ValueError
    with new_run(tmp_path, "evaluate", {"scores": "/a/s.txt"}):
        pass
    table = list_all(tmp_path).table.set_index("run")
    assert table["status"].to_dict() == {"projection 0": "failed", "0": "complete"}
    assert table.loc["0", "what"] == "scores of s.txt"


def test_no_runs_are_one_line(tmp_path: Path) -> None:
    text = told("listing", list_all(tmp_path / "none"))
    assert text == f"no runs in {tmp_path / 'none'}; fab TrainModel makes one"


@pytest.mark.parametrize(
    ("classifier", "name"), [("knn5", "KNN5 study 0"), ("log_reg", "LOG REG study 0")]
)
def test_a_study_of_any_classifier_is_listed(tmp_path: Path, classifier: str, name: str) -> None:
    settings = {"classifier": classifier, "backbone": {"name": "wav2vec2"}}
    with new_run(tmp_path, Kind.STUDY, settings, study_of=classifier) as study:
        write_json(study.folder / BEST, BEST_TRIAL)
        with new_run(study.folder, Kind.TRAINING, settings) as trial:
            pass
    [row] = list_all(tmp_path).table.to_dict("records")
    assert (row["run"], row["what"]) == (name, f"search of wav2vec2 + {classifier}")
    assert row["validation EER"] == "12.50%"
    assert list_all(tmp_path, study_number=0).table["run"].tolist() == ["0"]
    assert name_of(trial) == f"run 0 of {name}"
    command = next_command("TestModel", trial, tmp_path)
    assert f"--classifier={classifier} --study-number=0 --run-number=0" in command


def test_a_run_whose_process_is_gone_has_stopped(tmp_path: Path) -> None:
    for host in (None, "elsewhere"):
        with new_run(tmp_path, Kind.TRAINING, {}) as run:
            assert list_all(tmp_path).table["status"].tolist()[-1] == "running"
        run.update(status="running", **({"host": host} if host else {}))
    assert sorted(list_all(tmp_path).table["status"]) == ["running on elsewhere", "stopped"]
    with pytest.raises(RunError, match=r"run 0 .* is stopped"):
        training_by_number(tmp_path, 0)
    assert "stopped" in subtitle(find_run(tmp_path, 0)).text


def test_others_than_trainings_are_listed_by_their_own_numbers(tmp_path: Path) -> None:
    for kind in (Kind.AUDIT, Kind.TRAINING, Kind.AUDIT, Kind.COMPARISON, Kind.EVALUATION):
        with new_run(tmp_path, kind, {}):
            pass
    listed = list_all(tmp_path, order="number").table["run"].tolist()
    assert listed == ["0", "1", "audit 0", "audit 1", "comparison 0"]
