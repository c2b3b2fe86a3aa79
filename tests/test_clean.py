"""Removing what AUDIOS wrote, and nothing else."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from src.clean import find_removable, remove
from src.utils.config import DEMO_MARKER
from src.utils.files import locked
from src.utils.runs import LOCK, new_run


def clean(what: str, folder: Path) -> list[str]:
    found = find_removable(what, folder)
    assert remove(found, folder) == found
    assert not find_removable(what, folder)
    return [one.path.name for one in found]


def test_runs(tmp_path: Path) -> None:
    for study_of in (None, "mlp", "knn5", "log_reg", None):
        with new_run(tmp_path, "train", {}, study_of=study_of) as run:
            (run.folder / "model.skops").write_text("")
    mine = ["notes.txt", "run_results.txt", "thesis/run1.txt", "run3_20200101-000000/mine.txt"]
    for name in mine:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    assert len(find_removable("runs", tmp_path)) == 5
    assert len(list(tmp_path.rglob("model.skops"))) == 5  # listing removes nothing
    clean("runs", tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.txt")} == set(mine)
    assert not list(tmp_path.rglob("model.skops"))


def test_what_is_drawn_of_a_training_is_part_of_its_run(tmp_path: Path) -> None:
    with new_run(tmp_path, "train", {}) as run:
        events = run.folder / "tensorboard"
        events.mkdir()
        (events / "events.out.tfevents.17.host.1.0").write_text("")
        (events / "notes.txt").write_text("mine")
    clean("runs", tmp_path)
    assert [path.name for path in run.folder.rglob("*") if path.is_file()] == ["notes.txt"]


def test_numbers_are_not_given_again(tmp_path: Path) -> None:
    with new_run(tmp_path / "runs", "train", {}):
        pass
    clean("runs", tmp_path / "runs")
    # The claimed numbers stay: a number never means two runs.
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".claimed"]
    with new_run(tmp_path / "runs", "train", {}) as run:
        assert run.number == 1


def test_embeddings(tmp_path: Path, make_embeddings: Callable) -> None:
    make_embeddings(tmp_path / "e")
    folder = tmp_path / "e" / "wav2vec2"
    (folder / "downstream_test").rename(folder / "downstream_test.partial")
    mine = [
        folder / "notes.txt",
        folder / "mine/embeddings.npy",
        tmp_path / "e/other/manifest.json",
    ]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    clean("embeddings", tmp_path / "e")
    left = {path for path in (tmp_path / "e").rglob("*") if path.is_file()}
    assert left == set(mine)


def test_vectors_to_adapt_with(tmp_path: Path, make_embeddings: Callable) -> None:
    """They lie in folders of their own, one a data set, within the embeddings' folder."""
    make_embeddings(tmp_path / "e/adapting/mine-0123abcd")
    theirs = tmp_path / "e/adapting/mine-0123abcd/notes.txt"
    theirs.write_text("mine")
    clean("embeddings", tmp_path / "e")
    assert [path for path in (tmp_path / "e").rglob("*") if path.is_file()] == [theirs]


def test_a_partial_file_of_someone_else_stays(tmp_path: Path) -> None:
    """A browser's unfinished download has that ending too."""
    mine = tmp_path / "wav2vec2" / "checkpoint.zip.partial"
    mine.parent.mkdir()
    mine.write_text("mine")
    clean("embeddings", tmp_path)
    assert mine.read_text() == "mine"


def test_demo(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "corpus").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "corpus/real_voices/Ana_F001").mkdir(parents=True)
    (folder / "corpus/real_voices/Ana_F001/F001-0001.wav").write_text("")
    assert find_removable("demo", folder) == []  # not marked as ours
    (folder / DEMO_MARKER).write_text("")
    assert clean("demo", folder) == ["corpus", DEMO_MARKER]
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("what", ["runs", "embeddings", "demo"])
def test_nothing_there(tmp_path: Path, what: str) -> None:
    assert find_removable(what, tmp_path / "absent") == []
    assert find_removable(what, tmp_path) == []


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A run and a study with a trial, as small as they can be."""
    folder = tmp_path / "runs"
    with new_run(folder, "train", {}) as run:
        run.update(tested_elsewhere={"other": "/data/other"})
        for name in ("model.skops", "scores_test_other_F.csv", "det_curve_other.png"):
            (run.folder / name).write_text("")
    with new_run(folder, "study", {}, study_of="mlp") as study:
        for name in (
            *("optuna-journal.log", "best_hyperparameters.json", "trials.csv", "top_trials.csv"),
            *("finalists.csv", "importances.csv", "optimization_history.png", "importances.png"),
            *("slices.png", "parallel_coordinates.png", "search_layers.png"),
            *(".worker-0123456789ab.lock", ".asking.lock", ".results.lock"),
        ):
            (study.folder / name).write_text("")
        with new_run(study.folder, "train", {}) as trial:
            (trial.folder / "model.safetensors").write_text("")
            (trial.folder / "scores_folds.csv").write_text("")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        *("notes.txt", "mine/model.skops", "model.skops.bak", "scores_test_mine.csv"),
        *("run5_20200101-000000/model.skops", ".claimed/notes", "det_curve_mine.png", ".hidden"),
    ],
)
@pytest.mark.parametrize("kind", ["run0_*", "mlp_study0_*"])
def test_a_users_file_in_a_run_stays(runs: Path, kind: str, name: str) -> None:
    [folder] = runs.glob(kind)
    mine = folder / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    told = {one.path: one.left for one in find_removable("runs", runs)}
    assert told.pop(folder) == (mine,)
    assert set(told.values()) == {()}
    clean("runs", runs)
    left = {file for file in files_of(runs) if not file.startswith(".claimed/")}
    assert left == {mine.relative_to(runs).as_posix()}


def test_a_run_at_work_stays(runs: Path) -> None:
    [other] = runs.glob("mlp_study*")
    with new_run(runs, "train", {}) as run:
        found = find_removable("runs", runs)
        assert [one.path for one in found if one.is_in_use] == [run.folder]
        before = files_of(run.folder)
        assert run.folder not in [one.path for one in remove(found, runs)]
        assert files_of(run.folder) == before
        assert not other.exists()
    clean("runs", runs)
    assert not run.folder.exists()


def test_a_study_whose_trial_is_at_work_stays(runs: Path) -> None:
    [study] = runs.glob("mlp_study*")
    [trial] = study.glob("run0_*")
    with locked(trial / LOCK, "it"):
        removed = remove(find_removable("runs", runs), runs)
        assert study not in [one.path for one in removed]
        assert (trial / "model.safetensors").is_file()


def test_one_who_comes_between_stays(runs: Path) -> None:
    """Found free, and then at work: the lock decides, not the list."""
    found = find_removable("runs", runs)
    [run] = runs.glob("run0_*")
    with locked(run / LOCK, "it"):
        assert run not in [one.path for one in remove(found, runs)]
        assert (run / "model.skops").is_file()


def test_a_locked_store_stays(tmp_path: Path, make_embeddings: Callable) -> None:
    folder = make_embeddings(tmp_path / "e") / "wav2vec2"
    (folder / "downstream_train/notes.txt").write_text("mine")
    with locked(folder / ".downstream_test.lock", "it"):
        removed = remove(find_removable("embeddings", tmp_path / "e"), tmp_path / "e")
        assert [one.path.name for one in removed] == ["downstream_train", "downstream_val"]
        assert (folder / "downstream_test/embeddings.npy").is_file()
        assert (folder / ".downstream_test.lock").is_file()
    clean("embeddings", tmp_path / "e")
    assert files_of(tmp_path / "e") == {"wav2vec2/downstream_train/notes.txt"}


def test_a_users_array_with_a_manifest_stays(tmp_path: Path) -> None:
    mine = tmp_path / "wav2vec2/mine"
    mine.mkdir(parents=True)
    (mine / "embeddings.npy").write_text("mine")
    (mine / "manifest.json").write_text(json.dumps({"name": "mine"}))
    assert find_removable("embeddings", tmp_path) == []


@pytest.mark.parametrize("what", ["runs", "embeddings"])
def test_links_are_left(tmp_path: Path, runs: Path, make_embeddings: Callable, what: str) -> None:
    """Neither what they lead to nor they themselves were written by AUDIOS."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "model.skops").write_text("mine")
    folder = runs if what == "runs" else make_embeddings(tmp_path / "e")
    inside = next(runs.glob("run0_*")) if what == "runs" else folder / "wav2vec2/downstream_val"
    (inside / "deep").symlink_to(elsewhere)
    (inside / "manifest.csv").symlink_to(elsewhere / "model.skops")
    beside = inside.with_name("run77_20200101-000000")
    beside.symlink_to(elsewhere if what == "runs" else folder / "wav2vec2/downstream_test")
    [found] = [one for one in find_removable(what, folder) if one.path == inside]
    assert found.left == (inside / "deep", inside / "manifest.csv")
    clean(what, folder)
    assert os.listdir(elsewhere) == ["model.skops"]  # noqa: PTH208
    assert beside.is_symlink()
    assert (inside / "deep").is_symlink()


def test_a_backbone_on_another_disk_stays(tmp_path: Path, make_embeddings: Callable) -> None:
    real = make_embeddings(tmp_path / "disk") / "wav2vec2"
    (tmp_path / "e").mkdir()
    (tmp_path / "e/wav2vec2").symlink_to(real)
    assert find_removable("embeddings", tmp_path / "e") == []


def test_a_part_of_the_demonstration_at_work_keeps_its_mark(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / DEMO_MARKER).write_text("")
    with new_run(folder / "runs", "train", {}):
        pass
    with new_run(folder / "runs", "train", {}) as run:
        remove(find_removable("demo", folder), folder)
        assert (folder / DEMO_MARKER).is_file()
        assert (run.folder / "manifest.json").is_file()
        assert len(list((folder / "runs").glob("run*"))) == 1
    with locked(folder / LOCK, "the demonstration"):
        assert remove(find_removable("demo", folder), folder) == []
    clean("demo", folder)
    assert not folder.exists()


def test_a_kill_half_way_is_made_good(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found once is found again, until all of it is gone."""
    n_left = len({one for one in files_of(runs) if not one.endswith(".lock")})
    unlink, told = Path.unlink, find_removable("runs", runs)
    while told:
        removed: list[Path] = []

        def once(path: Path, missing_ok: bool = False, removed: list = removed) -> None:
            if removed:
                raise KeyboardInterrupt
            removed.append(path)
            unlink(path, missing_ok)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", once)
            with pytest.raises(KeyboardInterrupt):
                remove(told[:1], runs)
        # The locks of one that is killed stay, and are nobody's.
        now = {one for one in files_of(runs) if not one.endswith(".lock")}
        assert len(now) == n_left - 1
        n_left = len(now)
        told = find_removable("runs", runs)
        if not now - {name for name in now if name.startswith(".claimed/")}:
            break
    assert all(name.startswith(".claimed/") for name in now)


def test_links_are_not_followed(tmp_path: Path) -> None:
    with new_run(tmp_path / "elsewhere", "train", {}) as run:
        pass
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / run.folder.name).symlink_to(run.folder)
    clean("runs", tmp_path / "runs")
    assert (run.folder / "manifest.json").is_file()
