"""The layer probe: what it finds, and what does not fool it."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from src.models import probe as module
from src.models.data import TrainingStores
from src.models.logistic_regression import pipeline
from src.models.probe import choose_layer, probe_layers, run_probe, speaker_folds
from src.models.train import train_model
from src.search.optimize import optimize
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.selection import Selection
from src.utils.errors import ArgumentError, EmbeddingError
from src.utils.metrics.eer import compute_eer
from src.utils.runs import list_runs

NAME = "wav2vec2"


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> TrainingStores:
    folder = make_embeddings(tmp_path_factory.mktemp("probe") / "e", gaps=(0.0, 3.0, 0.5))
    # The probe must do without the test.
    shutil.rmtree(folder / NAME / "downstream_test")
    return TrainingStores.open(folder, NAME)


@pytest.fixture
def pooled(tmp_path: Path, make_store: Callable) -> Callable[..., TrainingStores]:
    """Write stores of mean and std: `vectors` is (clips, layers, 2, dim)."""

    def make(
        vectors: np.ndarray,
        y: np.ndarray,
        speaker: Sequence[str],
        is_train: np.ndarray,
        **about: object,
    ) -> TrainingStores:
        n = len(y)
        layers = [
            EmbeddingSet(
                files=np.array([f"{row}.wav" for row in range(n)]),
                x=layer.reshape(n, -1).astype(np.float32),
                y=y.astype(np.int8),
                gender=np.full(n, "F"),
                speaker=np.array(speaker, dtype=str),
                attack=np.full(n, ""),
                backbone=NAME,
                layer=0,
            )
            for layer in vectors.swapaxes(0, 1)
        ]
        for split, mine in (("downstream_train", is_train), ("downstream_val", ~is_train)):
            parts = [layer.where(mine) for layer in layers]
            make_store(tmp_path, split, *parts, stats=("mean", "std"), **about)
        return TrainingStores.open(tmp_path, NAME)

    return make


def speakers_of(n_speakers: int, clips: int) -> np.ndarray:
    return np.repeat([f"s{number}" for number in range(n_speakers)], clips)


def test_the_layer_is_found(stores: TrainingStores) -> None:
    probe = probe_layers(stores)
    assert list(probe.table) == ["layer", "pooling", "eer", "standard_error"]
    assert probe.table["layer"].tolist() == [0, 1, 2]
    assert set(probe.table["pooling"]) == {"mean"}
    eers = probe.table["eer"]
    assert eers[1] < 0.2 < eers[2]
    assert eers[0] > 0.3
    assert (probe.n_folds, probe.n_clips, probe.n_speakers) == (5, 80, 12)
    layer, found = choose_layer(stores, "probe")
    assert layer == 1
    assert found is not None
    assert found.best["layer"] == 1


@pytest.mark.parametrize("first_layer", [0, 7])
def test_a_class_that_shows_in_one_statistic_of_one_layer(
    pooled: Callable, first_layer: int
) -> None:
    chance = np.random.default_rng(0)
    y = np.arange(120) % 2
    vectors = chance.normal(size=(120, 3, 2, 6))
    vectors[:, 1, 1, 0] += 6 * y
    stores = pooled(vectors, y, speakers_of(12, 10), np.arange(120) < 80, first_layer=first_layer)
    probe = probe_layers(stores)
    assert probe.table["pooling"].tolist() == ["mean", "std", "both"] * 3
    assert probe.table["layer"].tolist() == sorted([*range(first_layer, first_layer + 3)] * 3)
    eers = probe.table.set_index(["layer", "pooling"])["eer"]
    at = first_layer + 1
    assert eers[at, "std"] < 0.05
    assert eers[at, "both"] < 0.05
    assert eers.drop([(at, "std"), (at, "both")]).min() > 0.2
    assert (probe.best["layer"], probe.best["pooling"]) == (at, "std")
    # A training takes both side by side: the same numbers, without the work for the others.
    layer, joint = choose_layer(stores, "probe")
    assert layer == at
    assert joint is not None
    both = probe.table[probe.table["pooling"] == "both"].reset_index(drop=True)
    pd.testing.assert_frame_equal(joint.table, both)


def test_knowing_the_speakers_does_not_help(pooled: Callable) -> None:
    """Folds that split speakers would report a detector where there is none."""
    chance = np.random.default_rng(1)
    n_speakers, clips = 40, 10
    voices = 3 * chance.normal(size=(n_speakers, 64)).repeat(clips, axis=0)
    x = voices + chance.normal(size=voices.shape)
    # Each speaker has nine clips of one class and one of the other.
    y = np.tile([1] * 9 + [0] + [0] * 9 + [1], n_speakers // 2)
    vectors = np.stack([x, x], axis=1)[:, None]
    stores = pooled(vectors, y, speakers_of(n_speakers, clips), np.arange(400) < 300)
    clips_at = stores.load_together(Selection(0))
    plain = []
    for train, held_out in StratifiedKFold(5, shuffle=True, random_state=7).split(y, y):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
        model.fit(clips_at.x[train], clips_at.y[train])
        scores = model.decision_function(clips_at.x[held_out])
        plain.append(compute_eer(scores, clips_at.y[held_out])[0])
    assert np.mean(plain) < 0.15
    table = probe_layers(stores).table
    assert table["eer"].min() > 0.35


def test_folds_hold_speakers_together(make_set: Callable) -> None:
    clips = make_set(30, 30)
    # The spoofs of a speaker carry the name; clip 7 has none and stands for itself.
    speaker = np.array([f"s{row % 10}" for row in range(60)])
    speaker[7] = ""
    clips = replace(clips, speaker=speaker)
    folds = speaker_folds(clips, seed=3)
    assert len(folds) == 5
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == [*range(60)]
    for train, held_out in folds:
        assert not set(train) & set(held_out)
        assert not set(speaker[train]) & set(speaker[held_out]) - {""}
        for rows in (train, held_out):
            assert set(clips.y[rows]) == {0, 1}


def test_every_nameless_clip_is_its_own_speaker(make_set: Callable) -> None:
    clips = replace(make_set(5, 5), speaker=np.full(10, ""))
    assert len(speaker_folds(clips)) == 5
    # A speaker who is named as a clip is another one.
    named = replace(clips, speaker=np.where(np.arange(10) < 2, clips.files[5], ""))
    assert len(set(module._speakers(named))) == 9


def test_the_seed_decides_the_folds(stores: TrainingStores) -> None:
    clips = stores.load_together(Selection(0))

    def held_out(seed: int) -> list[list[int]]:
        return [rows.tolist() for _, rows in speaker_folds(clips, seed)]

    assert held_out(7) == held_out(7)
    assert any(held_out(7) != held_out(seed) for seed in (1, 2, 3))
    one, same = (probe_layers(stores, seed).table for seed in (1, 1))
    pd.testing.assert_frame_equal(one, same)
    assert any(not probe_layers(stores, seed).table.equals(one) for seed in (2, 3, 4))


@pytest.mark.parametrize(("n_speakers", "expected"), [(2, 2), (3, 3), (4, 4), (9, 5)])
def test_fewer_speakers_make_fewer_folds(
    make_set: Callable, n_speakers: int, expected: int
) -> None:
    speaker = np.array([f"s{row % n_speakers}" for row in range(36)])
    folds = speaker_folds(replace(make_set(18, 18), speaker=speaker))
    assert len(folds) == expected
    for train, held_out in folds:
        assert not set(speaker[train]) & set(speaker[held_out])


def test_a_class_with_few_speakers_limits_the_folds(make_set: Callable) -> None:
    clips = make_set(18, 18)
    speaker = np.where(clips.y == 1, "b", "s").astype("U2")
    speaker = np.char.add(speaker, [str(row % (3 if row < 18 else 9)) for row in range(36)])
    assert len(speaker_folds(replace(clips, speaker=speaker))) == 3


@pytest.mark.parametrize("name", ["probe", "training"])
def test_too_few_speakers(
    tmp_path: Path, make_set: Callable, make_store: Callable, name: str
) -> None:
    for split, both in (("downstream_train", True), ("downstream_val", False)):
        clips = make_set(6, 6, prefix=split)
        clips = replace(clips, speaker=np.full(12, split))
        make_store(tmp_path, split, *[clips if both else clips.where(clips.y == 0)] * 2)
    stores = TrainingStores.open(tmp_path, NAME)
    message = r"1 with bona-fide clips, 2 with spoof clips.* embed clips of more speakers"
    with pytest.raises(EmbeddingError, match=message):
        if name == "probe":
            run_probe(stores, tmp_path / "runs")
        else:
            train_model(stores, tmp_path / "runs", "svm")
    assert not list_runs(tmp_path / "runs")


def test_train_and_validation_must_be_disjoint(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    for split in ("downstream_train", "downstream_val"):
        clips = make_set(6, 6, prefix=split)
        make_store(tmp_path, split, replace(clips, speaker=np.array([f"s{n}" for n in range(12)])))
    with pytest.raises(EmbeddingError, match="share 12 speakers"):
        probe_layers(TrainingStores.open(tmp_path, NAME))


def test_the_mean_of_the_folds_and_its_error(stores: TrainingStores) -> None:
    seen: list[int] = []

    def eer(clips: EmbeddingSet, _columns: slice, _fold: tuple) -> float:
        seen.append(clips.layer)
        return [0.1, 0.2, 0.3, 0.2, 0.2][len(seen) % 5]

    probe = probe_layers(stores, measure=eer)
    assert seen == [0] * 5 + [1] * 5 + [2] * 5
    assert probe.table["eer"].tolist() == [0.2] * 3
    np.testing.assert_allclose(probe.table["standard_error"], np.sqrt(0.02 / 4 / 5))
    # On a tie the lowest layer; the others are told to be as good.
    assert probe.best["layer"] == 0
    assert probe.close["layer"].tolist() == [1, 2]


def test_what_lies_within_one_standard_error() -> None:
    rows = [
        (4, "mean", 0.30, 0.02),
        (4, "std", 0.10, 0.05),
        (5, "mean", 0.14, 0),
        (5, "std", 0.16, 1),
    ]
    table = pd.DataFrame(rows, columns=["layer", "pooling", "eer", "standard_error"])
    probe = module.Probe(table, 5, 100, 10)
    assert (probe.best["layer"], probe.best["pooling"]) == (4, "std")
    assert probe.close[["layer", "pooling"]].values.tolist() == [[5, "mean"]]


def test_the_scaler_sees_training_rows_only(make_set: Callable, monkeypatch) -> None:
    seen = []

    class Scaler(StandardScaler):
        def fit(self, x: np.ndarray, *rest: object) -> StandardScaler:
            seen.append(x)
            return super().fit(x, *rest)

    monkeypatch.setattr(pipeline, "StandardScaler", Scaler)
    clips = make_set(30, 30, gap=1.0)
    train, held_out = np.arange(0, 60, 2), np.arange(1, 60, 2)
    eer = module.fold_eer(clips, slice(1, 3), (train, held_out))
    [x] = seen
    np.testing.assert_array_equal(x, clips.x[train, 1:3])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
    model.fit(x, clips.y[train])
    scores = model.decision_function(clips.x[held_out, 1:3])
    assert eer == compute_eer(scores, clips.y[held_out])[0]


def test_it_is_computed_once(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    """A pipeline trains several classifiers on the same stores."""
    real, count = module.speaker_folds, [0]

    def counting(*arguments):
        count[0] += 1
        return real(*arguments)

    monkeypatch.setattr(module, "speaker_folds", counting)
    again = TrainingStores.open(stores.train.folder.parents[1], NAME)
    trainings = [train_model(s, tmp_path, "svm", seed=11) for s in (stores, again)]
    assert count == [1]
    assert trainings[0].probe == trainings[1].probe
    train_model(stores, tmp_path, "svm", seed=12)
    assert count == [2]


def test_a_layer_by_number(stores: TrainingStores) -> None:
    assert choose_layer(stores, 2) == (2, None)
    assert choose_layer(stores, -1) == (2, None)
    for layer in (3, -4):
        with pytest.raises(ArgumentError, match=f"--layer={layer}"):
            choose_layer(stores, layer)


@pytest.mark.parametrize("first_layer", [0, 5])
def test_one_layer_needs_no_choice(
    tmp_path: Path, make_embeddings: Callable, first_layer: int
) -> None:
    folder = make_embeddings(tmp_path, about={"first_layer": first_layer})
    assert choose_layer(TrainingStores.open(folder, NAME), "probe") == (first_layer, None)


def test_ties_go_to_the_lowest_layer(tmp_path: Path, make_embeddings: Callable) -> None:
    stores = TrainingStores.open(make_embeddings(tmp_path, gaps=(0, 30, 30)), NAME)
    assert choose_layer(stores, "probe")[0] == 1


def test_a_run_holds_table_figure_and_best(stores: TrainingStores, tmp_path: Path) -> None:
    done = run_probe(stores, tmp_path, seed=3)
    [run] = list_runs(tmp_path)
    assert (run.kind, run.is_complete, run.settings["seed"]) == ("probe", True, 3)
    assert {path.name for path in run.folder.iterdir()} == {
        "manifest.json",
        "layer_probe.csv",
        "layer_probe.png",
    }
    assert run.inputs == stores.inputs()
    pd.testing.assert_frame_equal(pd.read_csv(done.table), probe_layers(stores, 3).table)
    assert done.figure.read_bytes().startswith(b"\x89PNG")
    results = json.loads((run.folder / "manifest.json").read_text())["results"]
    assert results == done.probe.best.to_dict() | {"folds": 5}
    assert results["layer"] == 1


def test_a_range_of_layers_is_trained_and_searched_by_its_own_numbers(
    tmp_path: Path, make_embeddings: Callable
) -> None:
    folder = make_embeddings(tmp_path / "e", gaps=(0.0, 8.0), n=12, about={"first_layer": 4})
    stores = TrainingStores.open(folder, NAME)
    training = train_model(stores, tmp_path / "r", "svm")
    assert (training.selection.layer, training.run.settings["layer"]) == (5, 5)
    with pytest.raises(ArgumentError, match="--layer=0: wav2vec2 has the layers 4 to 5 here"):
        train_model(stores, tmp_path / "r", "svm", 0)
    trials = optimize(stores, tmp_path / "r", "svm", 4).search_trials
    assert set(trials["layer"]) == {4, 5}
