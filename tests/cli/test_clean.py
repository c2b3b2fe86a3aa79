"""`Clean` shows first, removes when told so, and touches nothing that AUDIOS did not write."""

import shutil
from pathlib import Path

import pytest

from src.utils.files import locked


@pytest.fixture(scope="module")
def runs(fab, embedded) -> Path:
    """A training and a study of one trial; only read."""
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={embedded / 'runs'}")
    names = ("--backbone=acoustic", "--classifier=svm", *where)
    fab("TrainModel", *names, "OptimizeHyperparameters", *names, "--trials=1").succeeds()
    return embedded / "runs"


@pytest.fixture
def written(runs, embedded, tmp_path) -> Path:
    """Runs and embeddings of AUDIOS, with a stranger's files among them."""
    shutil.copytree(runs, tmp_path / "runs")
    shutil.copytree(embedded / "embeddings", tmp_path / "embeddings")
    for folder in ("runs/run99_mine", "embeddings/acoustic/mine", "embeddings/other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "manifest.json").write_text("{}")
    (tmp_path / "runs/notes.txt").write_text("mine")
    (tmp_path / "embeddings/acoustic/notes.txt").write_text("mine")
    return tmp_path


@pytest.mark.parametrize(
    ("what", "mine", "ours"),
    [
        (
            "runs",
            {"runs/notes.txt", "runs/run99_mine/manifest.json"},
            ("run0_", "svm_study0_"),
        ),
        (
            "embeddings",
            {
                "embeddings/acoustic/notes.txt",
                "embeddings/acoustic/mine/manifest.json",
                "embeddings/other/manifest.json",
            },
            ("downstream_train", "downstream_val", "downstream_test"),
        ),
    ],
)
def test_clean(fab, written, hashes, what, mine, ours):
    flags = ("Clean", f"--what={what}", f"--{what}={written / what}")
    before = hashes(written)
    fab(*flags).succeeds("--yes", *ours)
    assert hashes(written) == before, "without --yes it only shows"
    fab(*flags, "--yes").succeeds("removed")
    after = hashes(written)
    # The claimed numbers stay: a number never means two runs.
    left = {name for name in after if name.startswith(f"{what}/") and "/.claimed/" not in name}
    assert left == mine
    assert {name: value for name, value in before.items() if not name.startswith(f"{what}/")} == {
        name: value for name, value in after.items() if not name.startswith(f"{what}/")
    }
    fab(*flags, "--yes").succeeds("nothing")


def test_clean_of_nothing(fab, tmp_path):
    fab("Clean", "--what=runs", "--yes", f"--runs={tmp_path / 'none'}").succeeds("nothing")
    assert not (tmp_path / "none").exists()


def test_clean_does_not_follow_links(fab, embedded, tmp_path):
    """AUDIOS made neither a link to a store kept elsewhere nor what it leads to."""
    kept = tmp_path / "kept"
    shutil.copytree(embedded / "embeddings/acoustic/downstream_train", kept)
    (tmp_path / "e/acoustic").mkdir(parents=True)
    (tmp_path / "e/acoustic/downstream_train").symlink_to(kept)
    fab("Clean", "--what=embeddings", "--yes", f"--embeddings={tmp_path / 'e'}").succeeds()
    assert (kept / "embeddings.npy").is_file()
    assert (tmp_path / "e/acoustic/downstream_train").is_symlink()


def test_clean_names_what_it_leaves(fab, embedded, tmp_path):
    shutil.copytree(embedded / "embeddings", tmp_path / "e")
    (tmp_path / "e/acoustic/downstream_train/notes.txt").write_text("mine")
    told = ("left in it, since AUDIOS did not write it: notes.txt",)
    flags = ("Clean", "--what=embeddings", f"--embeddings={tmp_path / 'e'}")
    with locked(tmp_path / "e/acoustic/.downstream_val.lock", "it"):
        in_use = f"{tmp_path / 'e/acoustic/downstream_val'}: in use by another process, and left"
        fab(*flags).succeeds(*told, in_use, "2 would be removed")
        fab(*flags, "--yes").succeeds(*told, in_use, "removed 2")
    names = sorted(path.name for path in (tmp_path / "e/acoustic").rglob("*.*"))
    assert names == ["clips.csv", "embeddings.npy", "manifest.json", "notes.txt", "rejected.csv"]


def test_demo_folder_is_known_by_its_mark(fab):
    """Only shown: the repository's own demonstration may be in use."""
    before = sorted((fab.cwd / "demo").rglob("*")) if (fab.cwd / "demo").is_dir() else []
    answer = fab("Clean", "--what=demo").succeeds()
    assert "--yes" in answer.out or "nothing" in answer.out
    assert (sorted((fab.cwd / "demo").rglob("*")) if before else []) == before
