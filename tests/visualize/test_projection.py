"""Embeddings in the plane."""

import errno
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, EmbeddingError
from src.utils.runs import list_runs
from src.visualize.projection import METHODS, Method, visualize
from src.visualize.tsne import project_tsne
from src.visualize.umap import project_umap

COLUMNS = ["file", "x", "y", "label", "gender", "speaker", "attack"]


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, make_set: Callable, make_store: Callable
) -> EmbeddingStore:
    layers = [make_set(15, 15, dim=6, gap=gap, seed=n) for n, gap in enumerate((0.0, 12.0))]
    return make_store(tmp_path_factory.mktemp("plane"), "downstream_train", *layers)


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_picture_and_points(store: EmbeddingStore, tmp_path: Path, method: str) -> None:
    run = visualize(store, tmp_path, method, -1)
    assert run.is_complete
    assert (run.kind, run.settings["layer"], run.settings["seed"]) == ("visualize", 1, 7)
    names = {path.name for path in run.folder.iterdir()}
    # One attack, and no data set to tell sources: nothing to part clips by but their speakers.
    pictures = {f"{method}.png", f"{method}_speaker.png"}
    assert names == {"manifest.json", f"{method}.csv", *pictures}
    for name in pictures:
        assert (run.folder / name).read_bytes().startswith(b"\x89PNG")
    points = pd.read_csv(run.folder / f"{method}.csv")
    assert list(points) == COLUMNS
    clips = store.load(1)
    assert points["file"].tolist() == clips.files.tolist()
    assert (points["label"] == np.where(clips.y == 1, "bona-fide", "spoof")).all()
    assert points["gender"].tolist() == clips.gender.tolist()
    assert np.isfinite(points[["x", "y"]]).all(axis=None)
    # Classes far apart stay apart: the nearest neighbour is of one's own.
    xy = points[["x", "y"]].to_numpy()
    distance = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 1e9 * np.eye(len(xy))
    assert (clips.y[distance.argmin(axis=1)] == clips.y).mean() > 0.9
    # The same seed, the same points; an equal run is found.
    again = visualize(store, tmp_path, method, 1)
    first = (run.folder / f"{method}.csv").read_bytes()
    assert (again.folder / f"{method}.csv").read_bytes() == first
    assert again.number == run.number + 1
    assert visualize(store, tmp_path, method, 1, reuse=True).number == again.number
    assert len(list_runs(tmp_path)) == 2


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_input_is_standardised(
    tmp_path: Path, make_set: Callable, make_store: Callable, method: str, monkeypatch
) -> None:
    seen = []

    def project(x: np.ndarray, seed: int) -> np.ndarray:
        seen.append((x, seed))
        return x[:, :2]

    monkeypatch.setitem(METHODS, method, replace(METHODS[method], project=project))
    clips = make_set(6, 6)
    scaled = replace(clips, x=clips.x * np.array([1e4, 1, 1e-3, 5], np.float32) + 3)
    visualize(make_store(tmp_path / "e", "full", scaled), tmp_path / "r", method, 0, seed=5)
    [(x, seed)] = seen
    assert seed == 5
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-3)


@pytest.mark.parametrize("layer", [2, -3])
def test_no_such_layer(store: EmbeddingStore, tmp_path: Path, layer: int) -> None:
    with pytest.raises(ArgumentError, match=f"--layer={layer}"):
        visualize(store, tmp_path / "runs", "tsne", layer)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("n", [5, 11, 12])
@pytest.mark.parametrize("project", [project_umap, project_tsne])
def test_small_sets(project: Callable, n: int) -> None:
    x = np.random.default_rng(0).normal(size=(n, 8))
    xy = project(x, 7)
    assert xy.shape == (n, 2)
    assert np.isfinite(xy).all()
    np.testing.assert_array_equal(xy, project(x, 7))


def test_five_clips_do_and_four_do_not(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    five = make_store(tmp_path / "a", "full", make_set(2, 3))
    for method in METHODS:
        assert visualize(five, tmp_path / "runs", method, 0).is_complete
    four = make_store(tmp_path / "b", "full", make_set(2, 2))
    with pytest.raises(EmbeddingError, match="4 clips are too few to lay out; it takes 5"):
        visualize(four, tmp_path / "runs", "umap", 0)


def test_sources_and_languages_are_those_of_the_data_set(
    tmp_path: Path, make_set: Callable, make_store: Callable, monkeypatch
) -> None:
    monkeypatch.setitem(METHODS, "tsne", Method("t-SNE", lambda x, seed: x[:, :2]))
    clips = make_set(6, 6)
    attacks = np.where(clips.y == 1, "", np.where(np.arange(12) % 2, "A1", "A2"))
    clips = replace(clips, attack=attacks)
    table = pd.DataFrame(
        {"file": clips.files, "speaker": clips.speaker, "id": "", "gender": clips.gender}
    )
    table["label"] = np.where(clips.y == 1, "bona-fide", "spoof")
    table = table.assign(attack=attacks, source="one", language=["pt", "en"] * 6)
    root = tmp_path / "corpus"
    root.mkdir()
    table[:-1].to_csv(root / "files-metadata.csv", index=False)
    store = make_store(tmp_path / "e", "full", clips, dataset=str(root))
    run = visualize(store, tmp_path / "r", "tsne", 0)
    points = pd.read_csv(run.folder / "tsne.csv", keep_default_na=False)
    assert list(points) == [*COLUMNS, "source", "language"]
    # The last clip is no longer in the data set.
    assert points["language"].tolist() == [*["pt", "en"] * 5, "pt", ""]
    assert points["source"].tolist() == [*["one"] * 11, ""]
    # Of one source there is nothing to tell apart.
    names = {path.stem for path in run.folder.glob("*.png")}
    assert names == {"tsne", "tsne_attack", "tsne_speaker", "tsne_language"}


def test_umap_says_that_it_takes_long(monkeypatch, caplog: pytest.LogCaptureFixture) -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    project_umap(x, 7)
    caplog.set_level(logging.INFO)
    project_umap(x, 7)
    assert "UMAP" not in caplog.text
    # As where it is not imported yet.
    monkeypatch.delitem(sys.modules, "umap")
    project_umap(x, 7)
    assert "loading UMAP, which compiles itself" in caplog.text


def test_what_umap_compiles_is_kept_where_it_can_be(monkeypatch) -> None:
    from umap import umap_

    project_umap(np.random.default_rng(0).normal(size=(6, 3)), 7)
    function = umap_.smooth_knn_dist
    [(signature, compiled), *_] = function.overloads.items()
    kept = function._cache
    assert kept.load_overload(signature, function.targetctx) is not None

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("load", "save"):
        monkeypatch.setattr(kept._cache_file, name, fail)
    assert kept.load_overload(signature, function.targetctx) is None
    kept.save_overload(signature, compiled)
