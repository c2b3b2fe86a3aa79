"""The embedding store as it is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.utils.dataset.split import split_fingerprint
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, EmbeddingError
from src.utils.files import read_json, write_json


def test_round_trip(tmp_path: Path, make_set: Callable, make_store: Callable) -> None:
    layers = [make_set(4, 5, seed=layer) for layer in range(3)]
    layers = [replace(layer, layer=number) for number, layer in enumerate(layers)]
    make_store(tmp_path, "downstream_train", *layers)
    store = EmbeddingStore.open(tmp_path, "wav2vec2", "downstream_train")
    assert store.layers == range(3)
    assert store.array().shape == (9, 3, 1, 4)
    assert isinstance(store.array(), np.memmap)
    for number, layer in enumerate(layers):
        found = store.load(number)
        for name in ("files", "x", "y", "gender", "speaker", "attack"):
            np.testing.assert_array_equal(getattr(found, name), getattr(layer, name))
        assert (found.backbone, found.layer) == ("wav2vec2", number)
    assert store.load(-1).layer == 2
    np.testing.assert_array_equal(store.load(-1).x, layers[2].x)
    assert store.rejected() == {}


def test_statistics_lie_side_by_side(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    store = make_store(tmp_path, "full", make_set(2, 2))
    array = np.arange(4 * 2 * 2 * 3, dtype=np.float32).reshape(4, 2, 2, 3)
    np.save(store.folder / "embeddings.npy", array)
    store.manifest["backbone"] |= {"layers": 2, "stats": ["mean", "std"], "dim": 3}
    np.testing.assert_array_equal(store.load(1).x, array[:, 1].reshape(4, 6))


@pytest.mark.parametrize("layer", [3, -4])
def test_no_such_layer(
    tmp_path: Path, make_set: Callable, make_store: Callable, layer: int
) -> None:
    store = make_store(tmp_path, "full", *[make_set(2, 2)] * 3)
    with pytest.raises(
        ArgumentError, match=f"--layer={layer}: wav2vec2 has the layers 0 to 2 here"
    ):
        store.load(layer)


def test_a_store_of_some_layers(tmp_path: Path, make_set: Callable, make_store: Callable) -> None:
    """Layers keep the numbers they have in the model."""
    layers = [make_set(2, 2, seed=seed) for seed in (4, 5, 6)]
    store = make_store(tmp_path, "full", *layers, first_layer=4)
    assert store.layers == range(4, 7)
    for number, layer in zip(store.layers, layers, strict=True):
        found = store.load(number)
        assert found.layer == number
        np.testing.assert_array_equal(found.x, layer.x)
    assert [store.check_layer(layer) for layer in (-1, -2, -3)] == [6, 5, 4]
    np.testing.assert_array_equal(store.load(-3).x, layers[0].x)
    for wrong in (0, 3, 7, -4):
        with pytest.raises(ArgumentError, match=f"={wrong}: wav2vec2 has the layers 4 to 6 here"):
            store.load(wrong)
    single = make_store(tmp_path / "one", "full", layers[0], first_layer=4)
    assert single.load(-1).layer == 4
    with pytest.raises(ArgumentError, match="--layer=0: wav2vec2 has only layer 4 here"):
        single.check_layer(0)


def test_where_a_store_starts_is_part_of_its_backbone() -> None:
    whole, some = {"layers": 3}, {"layers": 3, "first_layer": 4}
    assert backbone_differences(whole, some) == ["first_layer"]
    assert backbone_differences(whole, whole | {"first_layer": 0}) == []


def test_absent_and_damaged(tmp_path: Path, make_set: Callable, make_store: Callable) -> None:
    with pytest.raises(
        EmbeddingError, match="run first: fab GenerateEmbeddings --backbone=acoustic --splits=full"
    ):
        EmbeddingStore.open(tmp_path, "acoustic", "full")
    store = make_store(tmp_path, "full", make_set(2, 2))
    table = store.folder / "clips.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(EmbeddingError, match="4 vectors for 3 clips"):
        store.load(0)


def test_no_pickled_array_is_loaded(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    store = make_store(tmp_path, "full", make_set(2, 2))
    np.save(store.folder / "embeddings.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(EmbeddingError, match=r"embeddings\.npy is damaged: it holds object"):
        store.array()


def test_an_array_of_another_shape_is_told(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    store = make_store(tmp_path, "full", make_set(2, 2))
    np.save(store.folder / "embeddings.npy", np.zeros((4, 1, 1, 3), np.float32))
    with pytest.raises(EmbeddingError, match=r"shape \(1, 1, 3\), not .*remove .*full and run"):
        store.array()
    (store.folder / "embeddings.npy").write_bytes(b"")
    with pytest.raises(EmbeddingError, match=r"embeddings\.npy is damaged"):
        store.array()


def test_fingerprint_tells_labels_and_model(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    clips = make_set(3, 3)
    same = make_store(tmp_path / "a", "full", clips).fingerprint
    assert make_store(tmp_path / "b", "full", clips).fingerprint == same
    other = replace(clips, y=1 - clips.y)
    assert make_store(tmp_path / "c", "full", other).fingerprint != same
    assert make_store(tmp_path / "d", "full", clips, revision="r2").fingerprint != same


def test_the_recipe_of_the_split_is_told_as_long_as_it_holds(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_json(root / "splits/split.json", {"strategy": "speaker", "seed": 3})
    about = {"root": str(root), "split_fingerprint": split_fingerprint(root)}
    store = EmbeddingStore(tmp_path / "e/acoustic/downstream_train", about)
    assert store.split_recipe == {"strategy": "speaker", "seed": 3}
    assert store.embeddings == tmp_path / "e"
    # Of the whole table, or of before it was kept.
    assert EmbeddingStore(tmp_path, {"root": str(root)}).split_recipe is None
    write_json(root / "splits/split.json", {"strategy": "speaker", "seed": 4})
    assert store.split_recipe is None


@pytest.mark.parametrize("name", ["lfcc", "acoustic"])
def test_the_descriptor_by_its_old_name_is_refused(
    tmp_path: Path, make_set: Callable, make_store: Callable, name: str
) -> None:
    """Where it lies does not matter: a folder that was renamed holds the same manifest."""
    store = make_store(tmp_path, "downstream_val", make_set(2, 2), name=name)
    manifest = read_json(store.folder / "manifest.json")
    manifest["backbone"] |= {"name": "lfcc", "stats": ["descriptor"]}
    write_json(store.folder / "manifest.json", manifest)
    with pytest.raises(EmbeddingError) as refused:
        EmbeddingStore.open(tmp_path, name, "downstream_val")
    assert str(refused.value) == (
        f"{store.folder} holds the descriptor that was called lfcc and is called acoustic now; "
        f"remove {tmp_path / name} and run: fab GenerateEmbeddings --backbone=acoustic "
        f"--splits=downstream --embeddings={tmp_path} (or the same with --backbone=lfcc for LFCC)"
    )


def test_lfcc_is_opened(tmp_path: Path, make_set: Callable, make_store: Callable) -> None:
    about = load_backbone("lfcc").describe()
    make_store(tmp_path, "full", make_set(2, 2, 120), **about)
    store = EmbeddingStore.open(tmp_path, "lfcc", "full")
    assert store.stats == ["mean", "std"]
    assert store.load(0).x.shape == (4, 120)
