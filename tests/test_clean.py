"""Removing what AUDIOS wrote, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.clean import find_removable, remove
from src.utils.config import DEMO_MARKER
from src.utils.runs import new_run


def clean(what: str, folder: Path) -> list[str]:
    found = find_removable(what, folder)
    remove(found, folder)
    assert not find_removable(what, folder)
    return [path.name for path in found]


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
    assert find_removable("demo", folder) == []  # not marked as ours
    (folder / DEMO_MARKER).write_text("")
    assert clean("demo", folder) == [DEMO_MARKER, "corpus"]
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("what", ["runs", "embeddings", "demo"])
def test_nothing_there(tmp_path: Path, what: str) -> None:
    assert find_removable(what, tmp_path / "absent") == []
    assert find_removable(what, tmp_path) == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    with new_run(tmp_path / "elsewhere", "train", {}) as run:
        pass
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / run.folder.name).symlink_to(run.folder)
    clean("runs", tmp_path / "runs")
    assert (run.folder / "manifest.json").is_file()
