"""An MLP that learns which layers of a backbone tell, and probes of one pooling."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from src.models.data import TrainingStores
from src.models.evaluate import evaluate_run
from src.models.mlp.model import NAME
from src.models.registry import CLASSIFIERS, load_classifier
from src.models.train import Training, train_model
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import RunError
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Run

QUICK = {"hidden_size": 16, "epochs": 60, "learning_rate": 0.02, "weight_decay": 1e-4}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    """Of four layers the third alone tells the classes apart."""
    folder = tmp_path_factory.mktemp("weighted") / "e"
    return make_embeddings(
        folder, gaps=(0.0, 0.0, 3.0, 0.0), n=60, dim=8, about={"stats": ("mean", "std")}
    )


@pytest.fixture(scope="module")
def stores(embeddings: Path) -> TrainingStores:
    return TrainingStores.open(embeddings, "wav2vec2")


@pytest.fixture(scope="module")
def training(stores: TrainingStores, tmp_path_factory: pytest.TempPathFactory) -> Training:
    runs = tmp_path_factory.mktemp("weighted-runs")
    return train_model(stores, runs, "mlp", "weighted", hyperparameters=QUICK)


@pytest.fixture
def copied(training: Training, tmp_path: Path) -> Run:
    """A run that the test may change."""
    (tmp_path / NAME).write_bytes((training.run.folder / NAME).read_bytes())
    return Run(0, tmp_path, training.run.manifest)


def shares(run: Run) -> np.ndarray:
    return load_file(run.folder / NAME)["layer_weights"].softmax(dim=0).numpy()


def test_the_layer_that_tells_weighs_most(training: Training, embeddings: Path) -> None:
    found = shares(training.run)
    assert found.shape == (4,)
    assert found.sum() == pytest.approx(1)
    assert found.argmax() == 2
    assert found[2] > 1.5 * np.delete(found, 2).max()
    assert training.selection == Selection("weighted")
    assert training.run.settings["layer"] == "weighted"
    assert evaluate_run(training.run, embeddings).results.detection.eer < 0.2


def test_scaled_by_length_it_learns_as_well(
    stores: TrainingStores, tmp_path: Path, embeddings: Path
) -> None:
    """Each layer's vector is divided by its own length, not by that of all layers."""
    asked = QUICK | {"scaling": "l2", "class_weight": "none"}
    run = train_model(stores, tmp_path, "mlp", "weighted", "mean", asked).run
    assert run.settings["pooling"] == "mean"
    assert shares(run).argmax() == 2
    assert evaluate_run(run, embeddings).results.detection.eer < 0.3
    x = EmbeddingStore.open(embeddings, "wav2vec2", "downstream_test").load("weighted", "mean").x
    model = load_classifier(run)
    louder = (x.reshape(-1, 4, 4) * np.array([[[3], [1], [0.5], [9]]], np.float32)).reshape(-1, 16)
    np.testing.assert_allclose(model.score(louder), model.score(x), atol=1e-4)


def test_what_is_saved_scores_the_same(stores: TrainingStores, tmp_path: Path) -> None:
    train, validation = stores.load(Selection("weighted", "std"))
    model = CLASSIFIERS.load("mlp")(QUICK | {"epochs": 3})
    model.fit(train, validation)
    for folder in ("one", "other"):
        model.save(tmp_path / folder)
    assert (tmp_path / "one" / NAME).read_bytes() == (tmp_path / "other" / NAME).read_bytes()
    again = CLASSIFIERS.load("mlp")(QUICK)
    again.load(tmp_path / "one")
    np.testing.assert_array_equal(again.score(validation.x), model.score(validation.x))


def test_the_threshold_is_of_the_model_that_was_saved(
    training: Training, stores: TrainingStores
) -> None:
    _, validation = stores.load(Selection("weighted"))
    scores = load_classifier(training.run).score(validation.x)
    eer, threshold = compute_eer(scores, validation.y)
    assert training.validation_eer == eer
    assert ((scores >= training.threshold) == (scores >= threshold)).all()
    assert training.threshold not in scores


def test_an_equal_run_is_found_again(training: Training, stores: TrainingStores) -> None:
    runs = training.run.folder.parent
    again = train_model(stores, runs, "mlp", "weighted", "both", QUICK, reuse=True)
    assert again.was_there
    assert again.run.number == training.run.number


@pytest.mark.parametrize(
    "forged",
    [
        torch.tensor(1.0),
        torch.ones(0),
        torch.ones(1),
        torch.ones(2),
        torch.ones(3),
        torch.ones(5),
        torch.ones(4, 1),
        torch.ones(4, dtype=torch.float64),
        torch.ones(4, dtype=torch.int64),
        torch.tensor([0.0, 0.0, torch.nan, 0.0]),
        None,
    ],
)
def test_forged_weights_of_layers_are_refused(copied: Run, forged: torch.Tensor | None) -> None:
    path = copied.folder / NAME
    tensors = load_file(path)
    del tensors["layer_weights"]
    save_file(tensors | ({} if forged is None else {"layer_weights": forged}), path)
    with pytest.raises(RunError, match=r"cannot be read as an MLP: .*; train it again") as caught:
        load_classifier(copied)
    assert "\n" not in str(caught.value)


def test_vectors_of_one_layer_are_refused(training: Training) -> None:
    with pytest.raises(RunError, match="takes vectors of 32 numbers, and is given 8"):
        load_classifier(training.run).score(np.zeros((2, 8), np.float32))


def test_the_layer_of_a_pooling_is_probed_by_it(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    """The means tell in the first layer, the deviations in the other."""
    for number, split in enumerate(("downstream_train", "downstream_val")):
        tells, other = (
            make_set(20, 20, dim=4, gap=gap, seed=number, prefix=split) for gap in (12.0, 0.0)
        )
        # `make_set` tells along the first axis: of the deviations, where they are put first.
        turned = replace(tells, x=np.ascontiguousarray(tells.x[:, [2, 3, 0, 1]]))
        make_store(tmp_path / "e", split, tells, turned, other, stats=("mean", "std"))
    stores = TrainingStores.open(tmp_path / "e", "wav2vec2")
    for pooling, layer in (("mean", 0), ("std", 1)):
        training = train_model(stores, tmp_path / "runs", "lr", "probe", pooling)
        assert training.selection == Selection(layer, pooling)
        assert training.probe is not None
        assert set(training.probe.table["pooling"]) == {pooling}
    assert train_model(stores, tmp_path / "runs", "lr", "probe").probe.best["pooling"] == "both"


def test_a_run_of_before_there_was_a_choice_is_found_again(
    stores: TrainingStores, tmp_path: Path
) -> None:
    run = train_model(stores, tmp_path, "lr", 2).run
    old = {k: v for k, v in run.settings["hyperparameters"].items() if k in ("C", "max_iter")}
    run.update(settings=run.settings | {"hyperparameters": old})
    assert train_model(stores, tmp_path, "lr", 2, reuse=True).was_there
    asked = {"scaling": "l2"}
    assert not train_model(stores, tmp_path, "lr", 2, None, asked, reuse=True).was_there
