"""Run folders: numbers, status, manifests and look-up."""

import json
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from src.utils.config import ROOT
from src.utils.errors import AudiosError, RunError, StorageError
from src.utils.runs import (
    FolderName,
    Kind,
    Run,
    find_complete,
    find_run,
    folder_name,
    keeping_status,
    list_runs,
    list_sound,
    new_run,
    parse_folder_name,
    studied_classifiers,
)


def make(parent: Path, study_of: str | None = None, **settings) -> Path:
    with new_run(parent, "train", settings, {"in": "hash"}, study_of) as run:
        return run.folder


def test_numbers_rise_from_0(tmp_path: Path) -> None:
    names = [make(tmp_path / "runs").name for _ in range(3)]
    assert [re.fullmatch(r"run(\d)_\d{8}-\d{6}", name)[1] for name in names] == ["0", "1", "2"]
    assert [run.number for run in list_runs(tmp_path / "runs")] == [0, 1, 2]


def test_a_deleted_runs_number_is_not_given_again(tmp_path: Path) -> None:
    for _ in range(3):
        last = make(tmp_path)
    shutil.rmtree(last)
    assert make(tmp_path).name.startswith("run3_")
    for run in list_runs(tmp_path):
        shutil.rmtree(run.folder)
    assert make(tmp_path).name.startswith("run4_")


def test_runs_copied_from_elsewhere_keep_their_number(tmp_path: Path) -> None:
    shutil.copytree(make(tmp_path / "a"), tmp_path / "b" / "run5_20200101-000000")
    assert make(tmp_path / "b").name.startswith("run6_")


def test_studies_count_apart(tmp_path: Path) -> None:
    make(tmp_path)
    names = [make(tmp_path, name).name for name in ("mlp", "svm", "mlp")]
    assert [name.split("_2")[0] for name in names] == ["mlp_study0", "svm_study0", "mlp_study1"]
    assert len(list_runs(tmp_path)) == 1
    assert len(list_runs(tmp_path, "mlp")) == 2


@pytest.mark.parametrize("study_of", [None, "svm", "knn5", "log_reg", "a_study1", "run"])
@pytest.mark.parametrize("number", [0, 7, 123])
def test_names_are_read_as_they_were_made(study_of: str | None, number: int) -> None:
    assert parse_folder_name(folder_name(number, study_of)) == FolderName(number, study_of)


@pytest.mark.parametrize(
    "name",
    [
        *("run1", "myrun2_20200101-000000", "run_20200101-000000", "run1_2020-01-01", "notes"),
        *("study0_20200101-000000", "_study0_20200101-000000", "SVM_study0_20200101-000000"),
        *("5nn_study0_20200101-000000", "run1_20200101-000000.tar", "k-nn_study0_20200101-000000"),
    ],
)
def test_other_names_are_no_runs(name: str) -> None:
    assert parse_folder_name(name) is None


@pytest.mark.parametrize("name", ["", "SVM", "k-nn", "5nn", "a/b", "a b"])
def test_a_name_that_would_not_be_found_again_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="could not be told"):
        folder_name(0, name)


def test_studies_of_classifiers_of_any_name(tmp_path: Path) -> None:
    for name in ("log_reg", "knn5", "log", "log_reg"):
        study = make(tmp_path, name)
        assert study.name.startswith(f"{name}_study")
    make(tmp_path)
    assert studied_classifiers(tmp_path) == ["knn5", "log", "log_reg"]
    assert [run.number for run in list_runs(tmp_path, "log_reg")] == [0, 1]
    assert find_run(tmp_path, 0, "log").folder.name.startswith("log_study0_")
    trial = Run(3, make(study))
    assert trial.study == FolderName(1, "log_reg")
    assert find_run(tmp_path, 0).study is None
    assert studied_classifiers(tmp_path / "absent") == []


def test_kinds_are_plain_words_in_a_manifest(tmp_path: Path) -> None:
    for kind in Kind:
        with new_run(tmp_path, kind, {}) as run:
            pass
        text = (run.folder / "manifest.json").read_text()
        assert json.loads(text)["kind"] == kind.value
    by_number = (Kind.TRAINING, Kind.STUDY, Kind.EVALUATION)
    by_name = (*(Kind.AUDIT, Kind.COMPARISON, Kind.PRETRAINING, Kind.LAYER_PROBE, Kind.PROJECTION),)
    assert [run.kind for run in list_runs(tmp_path)] == [*by_number, *by_name]


def test_what_is_no_training_is_counted_apart(tmp_path: Path) -> None:
    names = []
    for kind in (*Kind, Kind.AUDIT, Kind.TRAINING):
        if kind != Kind.STUDY:
            with new_run(tmp_path, kind, {}) as run:
                names.append(run.folder.name.partition("_")[0])
    expected = [
        *("run0", "projection0", "probe0", "audit0", "run1", "comparison0", "pretraining0"),
        *("audit1", "run2"),
    ]
    assert names == expected
    assert [find_run(tmp_path, number).kind for number in (0, 1)] == ["train", "evaluate"]
    with pytest.raises(RunError, match=r"no run 3 in .*; found 0, 1, 2$"):
        find_run(tmp_path, 3)
    # Nobody gets a number again, whatever its kind.
    for run in list_runs(tmp_path):
        shutil.rmtree(run.folder)
    with new_run(tmp_path, Kind.AUDIT, {}) as run:
        assert run.name == "audit 2"


def test_of_a_kind_the_newest_comes_last_whatever_it_was_called(tmp_path: Path) -> None:
    with new_run(tmp_path, Kind.AUDIT, {"n": 1}) as run:
        pass
    run.folder.rename(tmp_path / "run7_20200101-000000")
    with new_run(tmp_path, Kind.AUDIT, {"n": 1}):
        pass
    old, new = list_runs(tmp_path)
    assert (old.name, new.name) == ("run 7", "audit 1")
    assert find_complete([old, new], Kind.AUDIT, {"n": 1}, {}).folder == new.folder
    assert find_run(tmp_path, 7).kind == Kind.AUDIT


@pytest.mark.parametrize("prefix", ["audit", "projection", "probe", "comparison", "pretraining"])
def test_a_classifier_of_such_a_name_does_not_collide(tmp_path: Path, prefix: str) -> None:
    make(tmp_path, prefix)
    assert parse_folder_name(folder_name(3, prefix=prefix)) == FolderName(3, None, prefix)
    assert parse_folder_name(folder_name(3, prefix)) == FolderName(3, prefix)
    assert list_runs(tmp_path) == []
    assert find_run(tmp_path, 0, prefix).name == "run 0"


def test_processes_never_collide(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        folders = list(pool.map(_claim_five, [tmp_path] * 8))
    numbers = sorted(number for part in folders for number in part)
    assert numbers == list(range(40))
    assert [run.number for run in list_runs(tmp_path)] == list(range(40))


def _claim_five(parent: Path) -> list[int]:
    found = []
    for _ in range(5):
        with new_run(parent, "train", {}) as run:
            found.append(run.number)
    return found


def status(folder: Path) -> str:
    return json.loads((folder / "manifest.json").read_text())["status"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, "complete"), (ValueError, "failed"), (KeyboardInterrupt, "interrupted")],
)
def test_status(tmp_path: Path, error: type[BaseException] | None, expected: str) -> None:
    try:
        with new_run(tmp_path, "train", {}) as run:
            assert status(run.folder) == "running"
            if error:
                raise error
    except (ValueError, KeyboardInterrupt) as raised:
        assert type(raised) is error
    assert status(run.folder) == expected
    [found] = list_runs(tmp_path)
    assert found.is_complete == (expected == "complete")
    assert found.manifest["seconds"] >= 0
    # Continued and ended well, it is complete.
    with keeping_status(found):
        pass
    assert status(run.folder) == "complete"


def test_manifest(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["fab", "TrainModel", "--backbone=acoustic"])
    with new_run(tmp_path, "train", {"a": 1}, {"train": "h"}) as run:
        run.update(results={"eer": 0.1})
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["command"] == ["TrainModel", "--backbone=acoustic"]
    assert (manifest["kind"], manifest["number"]) == ("train", 0)
    assert (manifest["settings"], manifest["inputs"]) == ({"a": 1}, {"train": "h"})
    assert manifest["results"] == {"eer": 0.1}
    assert manifest["started"] <= manifest["finished"]
    environment = manifest["environment"]
    assert environment["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"numpy", "torch", "scikit-learn", "optuna"} <= set(environment["libraries"])
    assert "git_commit" in environment
    assert list_runs(tmp_path)[0].settings == {"a": 1}


def test_finding(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run 0 in .*; found none"):
        find_run(tmp_path / "runs", 0)
    for _ in range(3):
        make(tmp_path)
    assert find_run(tmp_path, 1).folder.name.startswith("run1_")
    with pytest.raises(RunError, match=r"no run 9 in .*; found 0, 1, 2"):
        find_run(tmp_path, 9)
    with pytest.raises(RunError, match=r"no mlp study 1 in .*; found none"):
        find_run(tmp_path, 1, "mlp")


def test_foreign_folders_are_no_runs(tmp_path: Path) -> None:
    for name in ("run1_20200101-000000", "run1", "myrun2_20200101-000000", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / "run7_notes.txt").write_text("")
    assert list_runs(tmp_path) == []


def test_an_equal_run(tmp_path: Path) -> None:
    make(tmp_path, c=1)
    newest = make(tmp_path, c=1)
    make(tmp_path, c=2)
    with pytest.raises(ValueError, match="x"), new_run(tmp_path, "train", {"c": 1}, {"in": "hash"}):
        raise ValueError("x")
    runs = list_runs(tmp_path)
    found = find_complete(runs, "train", {"c": 1}, {"in": "hash"})
    assert found is not None
    assert found.folder == newest
    assert find_complete(runs, "train", {"c": 3}, {"in": "hash"}) is None
    assert find_complete(runs, "train", {"c": 1}, {"in": "other"}) is None
    assert find_complete(runs, "study", {"c": 1}, {"in": "hash"}) is None


def test_an_impossible_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudiosError, match="cannot"), new_run(tmp_path / "file", "train", {}):
        pass


def test_damaged_manifests_are_told_apart(tmp_path: Path) -> None:
    for _ in range(3):
        make(tmp_path)
    first, second, third = (run.folder for run in list_runs(tmp_path))
    (first / "manifest.json").write_text("{")
    (third / "manifest.json").write_text("[]")
    runs, faults = list_sound(tmp_path)
    assert [run.folder for run in runs] == [second]
    assert [str(path) in fault for path, fault in zip((first, third), faults, strict=True)] == [
        True,
        True,
    ]
    with pytest.raises(AudiosError, match="not valid JSON"):
        list_runs(tmp_path)


BEGIN = """
import sys, time
from pathlib import Path
from src.utils.runs import new_run
with new_run(Path(sys.argv[1]), "train", {}):
    print(flush=True)
    time.sleep(60)
"""


def test_a_run_that_was_killed_has_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        [run] = list_runs(tmp_path)
        assert run.status == "running"
        # Nor can another process go on with it meanwhile, or touch what it says.
        refused = pytest.raises(AudiosError, match=r"^another process is writing .*run0_")
        before = (run.folder / "manifest.json").read_bytes()
        with refused, keeping_status(run):
            pass
        assert (run.folder / "manifest.json").read_bytes() == before
        process.kill()
    [run] = list_runs(tmp_path)
    assert status(run.folder) == "running"  # it could not say so itself
    assert run.status == "stopped"
    with keeping_status(run):
        assert run.status == "running"
    assert run.status == "complete"


def test_of_another_machine_nothing_is_guessed(tmp_path: Path) -> None:
    make(tmp_path)
    [run] = list_runs(tmp_path)
    assert run.manifest["host"] == platform.node()
    run.update(status="running", host="elsewhere")
    assert run.status == "running on elsewhere"
    run.update(status="failed")
    assert run.status == "failed"


def test_a_run_taken_away_is_not_made_anew(tmp_path: Path) -> None:
    taken = pytest.raises(StorageError, match=r"run0_.* was taken away while it was written to")
    with taken, new_run(tmp_path, "train", {}) as run:
        shutil.rmtree(run.folder)
    assert list_runs(tmp_path) == []
    assert not run.folder.exists()


def test_tests_that_end_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path)
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        list(pool.map(_record_test, [(tmp_path, number) for number in range(24)]))
    assert len(find_run(tmp_path, 0).manifest["tested"]) == 24
    assert not (folder / ".lock").exists()


def _record_test(about: tuple[Path, int]) -> None:
    parent, number = about
    run = find_run(parent, 0)
    with run.changing():
        run.update(tested=run.manifest.get("tested", {}) | {str(number): "x"})
