"""What of a backbone's output is a clip's vector."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.models.classifier import Classifier
from src.models.data import TrainingStores
from src.models.registry import CLASSIFIERS
from src.models.train import train_model
from src.utils.embeddings.selection import Selection, check_pooling, pooling_columns
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError

STATS = ("mean", "std")

# Two clips of three layers of two statistics of two numbers: clip, layer, statistic, dimension.
VECTORS = np.array(
    [
        [[[c * 1000 + n * 100 + s * 10 + d for d in range(2)] for s in range(2)] for n in range(3)]
        for c in (1, 2)
    ],
    np.float32,
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(0), [1000, 1001, 1010, 1011]),
        (Selection(2), [1200, 1201, 1210, 1211]),
        (Selection(1, "mean"), [1100, 1101]),
        (Selection(1, "std"), [1110, 1111]),
        (Selection(1, "both"), [1100, 1101, 1110, 1111]),
        (
            Selection("weighted"),
            [1000, 1001, 1010, 1011, 1100, 1101, 1110, 1111, 1200, 1201, 1210, 1211],
        ),
        (Selection("weighted", "std"), [1010, 1011, 1110, 1111, 1210, 1211]),
    ],
)
@pytest.mark.parametrize("first_layer", [0, 4])
def test_what_is_taken(selection: Selection, expected: list[int], first_layer: int) -> None:
    if selection.layer != "weighted":
        selection = Selection(selection.layer + first_layer, selection.pooling)
    found = selection.take(VECTORS, first_layer, STATS)
    np.testing.assert_array_equal(found, [expected, np.array(expected) + 1000])
    assert found.dtype == np.float32


@pytest.mark.parametrize("selection", [Selection(1), Selection(1, "std"), Selection("weighted")])
def test_what_lies_together_is_no_copy(selection: Selection) -> None:
    assert np.shares_memory(selection.take(VECTORS, 0, STATS), VECTORS)


def test_no_clips_and_one_statistic() -> None:
    assert Selection(1).take(VECTORS[:0], 0, STATS).shape == (0, 4)
    assert Selection("weighted", "mean").take(VECTORS[:0], 0, STATS).shape == (0, 6)
    one = VECTORS[:, :, :1]
    np.testing.assert_array_equal(Selection(2, "mean").take(one, 0, STATS[:1]), one[:, 2, 0])


def test_a_pooling_that_there_is_not() -> None:
    with pytest.raises(ArgumentError, match="--pooling=meen is not one of mean, std, both; did"):
        Selection(0, "meen").take(VECTORS, 0, STATS)


def test_poolings_are_checked() -> None:
    assert check_pooling(None, STATS) is None
    assert check_pooling("mean", STATS) == "mean"
    assert check_pooling("std", STATS) == "std"
    # All that there is has one name only, so that a run of it is found by either.
    assert check_pooling("both", STATS) is None
    assert check_pooling("descriptor", ["descriptor"]) is None
    assert check_pooling("all", ["mean", "std", "max"]) is None
    assert list(pooling_columns(["mean", "std", "max"], 2)) == ["mean", "std", "max", "all"]
    for wrong, stats in (
        ("meen", STATS),
        ("", STATS),
        ("mean", ["descriptor"]),
        ("both", ["mean"]),
    ):
        with pytest.raises(ArgumentError, match=f"--pooling={wrong} is not one of {stats[0]}"):
            check_pooling(wrong, stats)


@pytest.mark.parametrize(
    ("selection", "settings", "label"),
    [
        (Selection(3), {"layer": 3}, "layer 3"),
        (Selection(3, "mean"), {"layer": 3, "pooling": "mean"}, "layer 3, mean"),
        (Selection("weighted"), {"layer": "weighted"}, "all layers, weighted"),
        (
            Selection("weighted", "std"),
            {"layer": "weighted", "pooling": "std"},
            "all layers, weighted, std",
        ),
    ],
)
def test_as_a_manifest_keeps_it(selection: Selection, settings: dict, label: str) -> None:
    assert selection.settings == settings
    assert Selection.of(settings) == selection
    assert Selection.of({"pooling": ""} | settings) == selection
    assert selection.label == label
    assert selection.is_plain == (settings == {"layer": 3})


@pytest.fixture
def store(tmp_path: Path, make_set: Callable, make_store: Callable) -> EmbeddingStore:
    """Four layers of two statistics, numbered from 2."""
    layers = [make_set(3, 4, dim=6, seed=seed) for seed in range(4)]
    return make_store(tmp_path, "full", *layers, stats=STATS, first_layer=2)


def test_a_store_gives_a_view(store: EmbeddingStore) -> None:
    array = np.load(store.folder / "embeddings.npy")
    for number in store.layers:
        found = store.load(number)
        assert (found.layer, found.n_layers) == (number, 1)
        np.testing.assert_array_equal(found.x, array[:, number - 2].reshape(7, 6))
        np.testing.assert_array_equal(store.load(number, "mean").x, array[:, number - 2, 0])
        np.testing.assert_array_equal(store.load(number, "std").x, array[:, number - 2, 1])
    everything = store.load("weighted")
    assert (everything.layer, everything.n_layers) == ("weighted", 4)
    np.testing.assert_array_equal(everything.x, array.reshape(7, 24))
    deviations = store.load("weighted", "std")
    assert (deviations.layer, deviations.n_layers) == ("weighted", 4)
    np.testing.assert_array_equal(deviations.x, array[:, :, 1].reshape(7, 12))
    with pytest.raises(ArgumentError, match="--pooling=max is not one of mean, std, both"):
        store.load(2, "max")


def test_vectors_of_a_store_stay_on_the_disk(
    store: EmbeddingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are of the memory map itself, which processes share, and cannot be written to."""
    mapped = store.array()
    monkeypatch.setattr(EmbeddingStore, "array", lambda self: mapped)
    for selection in (Selection(3), Selection(3, "mean"), Selection("weighted")):
        x = store.load(*selection).x
        assert np.shares_memory(x, mapped), selection
        assert not x.flags.writeable


def test_rows_of_several_layers_stay_with_their_layers(store: EmbeddingStore) -> None:
    few = store.load("weighted").where(np.arange(7) % 2 == 0)
    assert (few.n_layers, few.x.shape) == (4, (4, 24))
    assert replace(few, weight=np.full(4, 2.0)).as_recorded.weight.tolist() == [2.0] * 4


@pytest.fixture
def stores(tmp_path: Path, make_embeddings: Callable) -> TrainingStores:
    about = {"stats": STATS}
    folder = make_embeddings(tmp_path / "e", gaps=(0.0, 6.0), n=12, about=about)
    return TrainingStores.open(folder, "wav2vec2")


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS.names if name != "mlp"])
def test_only_what_learns_weights_takes_all_layers(
    stores: TrainingStores, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        train_model(stores, tmp_path / "runs", name, "weighted")
    assert str(caught.value) == f"--layer=weighted: {name} cannot learn weights of layers"
    assert not (tmp_path / "runs").exists()


def test_components_are_of_one_layer(stores: TrainingStores, tmp_path: Path) -> None:
    asked = {"pca": "3", "epochs": 1}
    with pytest.raises(ArgumentError) as caught:
        train_model(stores, tmp_path / "runs", "mlp", "weighted", hyperparameters=asked)
    assert str(caught.value) == (
        "--hyperparameters: pca=3 goes with one layer, not with --layer=weighted"
    )
    assert not (tmp_path / "runs").exists()
    train, validation = stores.load(Selection("weighted"))
    model: Classifier = CLASSIFIERS.load("mlp")(asked)
    with pytest.raises(ArgumentError, match="pca=3 goes with one layer"):
        model.fit(train, validation)


def test_one_layer_cannot_be_weighed(tmp_path: Path, make_embeddings: Callable) -> None:
    stores = TrainingStores.open(make_embeddings(tmp_path / "e", n=12), "wav2vec2")
    with pytest.raises(ArgumentError) as caught:
        train_model(stores, tmp_path / "runs", "mlp", "weighted")
    assert str(caught.value) == "--layer=weighted: wav2vec2 has only layer 0 here"
    assert not (tmp_path / "runs").exists()
