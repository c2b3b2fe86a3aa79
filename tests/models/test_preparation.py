"""What is done to vectors before a classifier learns from them, and how much each clip counts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
import torch
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from src.models.classifier import Classifier
from src.models.mlp import model as mlp
from src.models.mlp.vectors import PreparedVectors
from src.models.preparation import DEFAULTS, clip_weights, make_steps
from src.models.registry import CLASSIFIERS
from src.utils.embeddings.embedding_set import EmbeddingSet, concatenate_sets
from src.utils.errors import RunError
from tests.models.small import small

EVERYTHING = {"scaling": "l2", "pca": 4, "class_weight": "none"}


def prepared(x: np.ndarray, **changes) -> np.ndarray:
    """What comes out of all steps that are fitted on these vectors."""
    steps = make_steps(DEFAULTS | changes, 7, *x.shape)
    return make_pipeline(*steps).fit_transform(x)


def fitted(name: str, train: EmbeddingSet, validation: EmbeddingSet, **changes) -> Classifier:
    model = CLASSIFIERS.load(name)(small(name).hyperparameters | changes, 7)
    model.fit(train, validation)
    return model


def as_one(x: np.ndarray, y: list[int], weight: list[float] | None = None) -> EmbeddingSet:
    return EmbeddingSet(
        files=np.array([f"{n}.wav" for n in range(len(x))]),
        x=x.astype(np.float32),
        y=np.array(y, np.int8),
        gender=np.full(len(x), "F"),
        speaker=np.array([f"s{n}" for n in range(len(x))]),
        attack=np.full(len(x), ""),
        backbone="wav2vec2",
        layer=0,
        weight=np.array([] if weight is None else weight, np.float64),
    )


def test_plain_steps_are_a_scale_alone() -> None:
    x = np.array([[0, 10], [2, 30]], np.float32)
    np.testing.assert_allclose(prepared(x), [[-1, -1], [1, 1]])
    [step] = make_steps(DEFAULTS, 7, 2, 2)
    assert isinstance(step, StandardScaler)


def test_a_vector_is_divided_by_its_length_before_it_is_standardised() -> None:
    # Of lengths 5, 10 and 0; divided (0.6, 0.8), (0.8, 0.6) and (0, 0).
    x = np.array([[3, 4], [8, 6], [0, 0]], np.float32)
    first, other = make_steps(DEFAULTS | {"scaling": "l2"}, 7, 3, 2)
    divided = first.fit_transform(x)
    np.testing.assert_allclose(divided, [[0.6, 0.8], [0.8, 0.6], [0, 0]], rtol=1e-6)
    assert isinstance(other, StandardScaler)
    expected = (divided - divided.mean(axis=0)) / divided.std(axis=0)
    np.testing.assert_allclose(prepared(x, scaling="l2"), expected, rtol=1e-5)
    # How loud a vector is then tells nothing.
    louder = x * np.array([[1], [7], [3]], np.float32)
    np.testing.assert_allclose(prepared(louder, scaling="l2"), expected, rtol=1e-5)


def test_principal_components_are_of_standardised_vectors() -> None:
    """Two dimensions that say the same in other units are one component, and nothing is left."""
    along = np.array([-2.0, -1.0, 1.0, 2.0])
    x = np.stack([along, 1000 * along + 5], axis=1).astype(np.float32)
    found = prepared(x, pca=1)
    assert found.shape == (4, 1)
    expected = np.sqrt(2) * along / along.std()
    np.testing.assert_allclose(np.abs(found[:, 0]), np.abs(expected), rtol=1e-4)
    assert np.sign(found[0, 0]) == -np.sign(found[3, 0])


@pytest.mark.parametrize(
    ("asked", "n_clips", "dim", "kept"),
    [(3, 20, 8, 3), (50, 20, 8, 8), (50, 6, 8, 5), (5, 5, 8, 4), (1, 2, 8, 1)],
)
def test_there_are_as_many_components_as_clips_can_tell(
    asked: int, n_clips: int, dim: int, kept: int
) -> None:
    """Around their mean n clips span n - 1 directions: in one more they would not differ at all."""
    x = np.random.default_rng(0).normal(size=(n_clips, dim)).astype(np.float32)
    found = prepared(x, pca=asked)
    assert found.shape == (n_clips, kept)
    assert found.std(axis=0).min() > 0.01


def test_weights_of_clips(make_set: Callable) -> None:
    clips = make_set(1, 3)
    np.testing.assert_allclose(clip_weights(clips, "none"), np.ones(4))
    np.testing.assert_allclose(clip_weights(clips, "balanced"), [2, 2 / 3, 2 / 3, 2 / 3])
    weighed = replace(clips, weight=np.array([1.0, 2.0, 1.0, 3.0]))
    np.testing.assert_allclose(clip_weights(weighed, "none"), [1, 2, 1, 3])
    found = clip_weights(weighed, "balanced")
    assert found.sum() == pytest.approx(7)
    assert found[clips.y == 1].sum() == pytest.approx(3.5)
    np.testing.assert_allclose(found[1:] / found[2], [2, 1, 3])
    np.testing.assert_allclose(weighed.weight, [1, 2, 1, 3])  # as they were


@pytest.fixture
def twice(make_set: Callable) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Clips of which some weigh 2, and the same where those are there twice."""
    clips = make_set(20, 30, gap=1.5)
    some = np.arange(50) % 3 == 0
    weighed = replace(clips, weight=np.where(some, 2.0, 1.0))
    again = clips.where(some)
    again = replace(again, copy=np.ones(len(again), np.int64))
    return weighed, concatenate_sets(clips, again)


@pytest.mark.parametrize("class_weight", ["balanced", "none"])
@pytest.mark.parametrize("scaling", ["standard", "l2"])
@pytest.mark.parametrize("name", ["svm", "lr"])
def test_a_clip_of_weight_2_is_there_twice(
    twice: tuple[EmbeddingSet, EmbeddingSet],
    make_set: Callable,
    name: str,
    scaling: str,
    class_weight: str,
) -> None:
    changes = {"scaling": scaling, "class_weight": class_weight}
    if name == "svm":
        changes["gamma"] = "auto"  # `scale` is of the rows' variance
    test = make_set(gap=1.5, seed=2)
    one, other = (fitted(name, clips, test, **changes).score(test.x) for clips in twice)
    np.testing.assert_allclose(one, other, atol=2e-3 * np.abs(other).max())
    unweighed = replace(twice[0], weight=np.ones(50))
    plain = fitted(name, unweighed, test, **changes).score(test.x)
    assert np.abs(plain - other).max() > 0.02 * np.abs(other).max()


@pytest.mark.parametrize("class_weight", ["balanced", "none"])
def test_a_clip_of_weight_2_is_there_twice_for_the_mlp(
    twice: tuple[EmbeddingSet, EmbeddingSet], class_weight: str
) -> None:
    """Its loss before a step is of the sum over clips, whatever batches they come in."""
    losses = []
    for clips in twice:
        changes = {"epochs": 1, "learning_rate": 1e-20, "dropout": 0.0, "batch_size": 1000}
        model = CLASSIFIERS.load("mlp")(
            small("mlp").hyperparameters | changes | {"class_weight": class_weight}, 7
        )
        history = model.fit(clips, clips)
        losses.append([len(clips) * loss[0] for loss in (history.train_losses, history.val_losses)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_the_scale_of_an_mlp_is_of_weighed_clips(twice: tuple[EmbeddingSet, EmbeddingSet]) -> None:
    one, other = (PreparedVectors.fit(clips, DEFAULTS, 7) for clips in twice)
    torch.testing.assert_close(one.mean, other.mean)
    torch.testing.assert_close(one.scale, other.scale)
    assert not np.allclose(one.mean.numpy(), twice[0].x.mean(axis=0), rtol=1e-3)


def test_a_forest_heeds_weights(make_set: Callable) -> None:
    """Two clips in one place, of which the heavier says what the place is."""
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    y = [1, 0, 1, 0]
    test = np.array([[0.0], [1.0]], np.float32)
    validation = make_set(dim=1)
    for weight, signs in (([9, 1, 1, 9], [1, -1]), ([1, 9, 9, 1], [-1, 1])):
        model = fitted("rf", as_one(x, y, weight), validation, class_weight="none", n_estimators=60)
        np.testing.assert_array_equal(np.sign(model.score(test)), signs)


@pytest.mark.parametrize("name", CLASSIFIERS.names)
def test_unbalanced_classes_count_as_many_as_they_are(make_set: Callable, name: str) -> None:
    sets = make_set(20, 240, gap=1.2), make_set(20, 240, gap=1.2, seed=1, prefix="val")
    test = make_set(200, 200, gap=1.2, seed=2)
    called = {
        way: (fitted(name, *sets, class_weight=way).score(test.x) >= 0).mean()
        for way in ("balanced", "none")
    }
    assert called["none"] < 0.3 < called["balanced"]


@pytest.mark.parametrize("name", CLASSIFIERS.names)
def test_every_classifier_takes_all_of_it(make_set: Callable, tmp_path: Path, name: str) -> None:
    """It learns, is the same when it is read again, and the same bytes when it is fitted again."""
    # The length of a vector must tell nothing: both classes lie around a far centre.
    train, validation, test = (
        make_set(gap=6, dim=10, shift=8.0, seed=seed, prefix=str(seed)) for seed in range(3)
    )
    model = fitted(name, train, validation, **EVERYTHING)
    scores = model.score(test.x)
    assert scores.dtype == np.float64
    assert ((scores >= 0) == test.y).mean() > 0.9
    louder = test.x * np.linspace(0.5, 3, len(test.x), dtype=np.float32)[:, None]
    np.testing.assert_allclose(model.score(louder), scores, atol=1e-3 * np.abs(scores).max())
    for folder in ("one", "other"):
        fitted(name, train, validation, **EVERYTHING).save(tmp_path / folder)
    files = [tmp_path / folder / small(name).file for folder in ("one", "other")]
    assert files[0].read_bytes() == files[1].read_bytes()
    again = CLASSIFIERS.load(name)(model.hyperparameters, 7)
    again.load(tmp_path / "one")
    np.testing.assert_array_equal(again.score(test.x), scores)
    with pytest.raises(RunError, match="takes vectors of 10 numbers, and is given 4"):
        again.score(test.x[:, :4])


@pytest.mark.parametrize("name", CLASSIFIERS.names)
@pytest.mark.parametrize("changes", [EVERYTHING, {"scaling": "l2"}, {"pca": 3}])
def test_the_rows_of_a_memory_map_are_learnt_from(
    make_set: Callable, name: str, changes: dict
) -> None:
    """As a store gives them: read-only, and a view with gaps; they stay as they are."""
    train, validation = make_set(dim=6), make_set(dim=6, seed=1, prefix="val")
    expected = fitted(name, train, validation, **changes).score(validation.x)
    views = []
    for clips in (train, validation):
        wide = np.zeros((len(clips), 3, 6), np.float32)
        wide[:, 1] = clips.x
        wide.flags.writeable = False
        views.append(replace(clips, x=wide[:, 1]))
    found = fitted(name, *views, **changes).score(views[1].x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(views[0].x, train.x)


def whole(train: EmbeddingSet) -> dict[str, object]:
    """Fitted steps that fit each other, by name."""
    lengths = Normalizer()
    x = lengths.fit_transform(train.x)
    scaler = StandardScaler()
    x = scaler.fit_transform(x)
    components = PCA(4, random_state=7)
    x = components.fit_transform(x)
    return {
        "l2": lengths,
        "scale": scaler,
        "pca": components,
        "lr": LogisticRegression().fit(x, train.y),
    }


def changed(step: object, **values) -> object:
    other = clone(step)
    other.__dict__.update(step.__dict__ | values)
    return other


FORGERIES: dict[str, Callable[[dict], list]] = {
    "components before scale": lambda s: [s["l2"], s["pca"], s["scale"], s["lr"]],
    "length behind scale": lambda s: [s["scale"], s["l2"], s["pca"], s["lr"]],
    "no scale": lambda s: [s["l2"], s["pca"], s["lr"]],
    "length alone": lambda s: [s["l2"], s["lr"]],
    "two scales": lambda s: [s["scale"], s["scale"], s["pca"], s["lr"]],
    "two lengths": lambda s: [s["l2"], s["l2"], s["scale"], s["pca"], s["lr"]],
    "components twice": lambda s: [s["l2"], s["scale"], s["pca"], s["pca"], s["lr"]],
    "no components": lambda s: [s["l2"], s["scale"], s["lr"]],
    "another norm": lambda s: [changed(s["l2"], norm="max"), s["scale"], s["pca"], s["lr"]],
    "no mean": lambda s: [s["l2"], changed(s["scale"], with_mean=False), s["pca"], s["lr"]],
    "no deviation": lambda s: [s["l2"], changed(s["scale"], with_std=False), s["pca"], s["lr"]],
    "whitened": lambda s: [s["l2"], s["scale"], changed(s["pca"], whiten=True), s["lr"]],
    "whitened by an array": lambda s: [
        s["scale"],
        changed(s["pca"], whiten=np.ones(3, bool)),
        s["lr"],
    ],
    "fewer components": lambda s: [
        s["scale"],
        changed(s["pca"], components_=s["pca"].components_[:3]),
        s["lr"],
    ],
    "longer components": lambda s: [
        s["scale"],
        changed(s["pca"], components_=np.ones((4, 99))),
        s["lr"],
    ],
    "components of another length": lambda s: [
        s["scale"],
        changed(s["pca"], n_features_in_=9, components_=np.ones((4, 9)), mean_=np.ones(9)),
        s["lr"],
    ],
    "components that are no numbers": lambda s: [
        s["scale"],
        changed(s["pca"], components_=np.full((4, 10), np.nan)),
        s["lr"],
    ],
    "a short mean": lambda s: [s["scale"], changed(s["pca"], mean_=np.ones(9)), s["lr"]],
    "components of a word": lambda s: [s["scale"], changed(s["pca"], components_="ten"), s["lr"]],
    "a length of a word": lambda s: [s["scale"], changed(s["pca"], n_features_in_="ten"), s["lr"]],
    "components never fitted": lambda s: [s["scale"], PCA(4), s["lr"]],
    "a scale never fitted": lambda s: [s["l2"], StandardScaler(), s["pca"], s["lr"]],
}


@pytest.mark.parametrize("forged", FORGERIES)
def test_steps_that_no_classifier_is_saved_with_are_refused(
    make_set: Callable, tmp_path: Path, forged: str
) -> None:
    steps = whole(make_set(dim=10))
    skops.io.dump(make_pipeline(*FORGERIES[forged](steps)), tmp_path / "model.skops")
    with pytest.raises(RunError, match=r"model\.skops is damaged: ") as caught:
        CLASSIFIERS.load("lr")().load(tmp_path)
    assert "\n" not in str(caught.value)


def test_steps_that_fit_are_taken(make_set: Callable, tmp_path: Path) -> None:
    """Or else the forgeries would be refused for another fault."""
    train = make_set(dim=10)
    steps = whole(train)
    pipeline = make_pipeline(*steps.values())
    skops.io.dump(pipeline, tmp_path / "model.skops")
    model = CLASSIFIERS.load("lr")()
    model.load(tmp_path)
    np.testing.assert_allclose(model.score(train.x), pipeline.decision_function(train.x))


def test_components_of_a_forest_are_checked_too(make_set: Callable, tmp_path: Path) -> None:
    steps = whole(make_set(dim=10))
    forest = RandomForestClassifier(3).fit(
        np.random.default_rng(0).normal(size=(9, 4)), [0, 1, 0] * 3
    )
    other = changed(steps["pca"], components_=np.ones((3, 10)))
    skops.io.dump(make_pipeline(steps["scale"], other, forest), tmp_path / "model.skops")
    with pytest.raises(RunError, match=r"model\.skops is damaged"):
        CLASSIFIERS.load("rf")().load(tmp_path)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("components", torch.ones(4, 9)),
        ("components", torch.ones(3, 10)),
        ("components", torch.ones(10)),
        ("components", None),
        ("components", torch.full((4, 10), torch.inf)),
        ("component_mean", torch.ones(4)),
        ("component_mean", None),
        ("mean", torch.ones(9)),
        ("scale", torch.ones(10, 1)),
    ],
)
def test_an_mlp_whose_components_do_not_fit_is_refused(
    make_set: Callable, tmp_path: Path, name: str, tensor: torch.Tensor | None
) -> None:
    model = fitted("mlp", make_set(dim=10), make_set(dim=10, seed=1), epochs=1, **EVERYTHING)
    model.save(tmp_path)
    tensors = load_file(tmp_path / mlp.NAME)
    tensors.pop(name)
    save_file(tensors | ({} if tensor is None else {name: tensor}), tmp_path / mlp.NAME)
    with pytest.raises(RunError, match="cannot be read as an MLP") as caught:
        model.load(tmp_path)
    assert "\n" not in str(caught.value)
