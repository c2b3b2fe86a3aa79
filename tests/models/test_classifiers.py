"""The classifiers of the table: what each must do, whatever is inside."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from src.models import preparation
from src.models.classifier import Choice, Classifier, Range
from src.models.registry import CLASSIFIERS
from src.models.sklearn_file import load_pipeline
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.metrics.eer import compute_eer
from tests.models.small import SMALL, small

NAMES = CLASSIFIERS.names
SKOPS = [name for name in NAMES if name in SMALL and SMALL[name].file == "model.skops"]


def fitted(name: str, train, validation, seed: int = 7, **changes) -> Classifier:
    model = CLASSIFIERS.load(name)(small(name).hyperparameters | changes, seed)
    model.fit(train, validation)
    return model


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_problem_is_learnt(make_set: Callable, name: str) -> None:
    model = fitted(name, make_set(), make_set(seed=1, prefix="val"))
    test = make_set(seed=2, prefix="test")
    scores = model.score(test.x)
    assert scores.dtype == np.float64
    assert scores.shape == (60,)
    assert np.isfinite(scores).all()
    assert compute_eer(scores, test.y)[0] == 0
    assert scores[test.y == 1].min() > scores[test.y == 0].max()  # higher is bona-fide
    assert scores.min() < 0 < scores.max()


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_no_hard_labels(make_set: Callable, name: str) -> None:
    model = fitted(name, make_set(gap=1.5), make_set(gap=1.5, seed=1, prefix="val"))
    assert len(np.unique(model.score(make_set(gap=1.5, seed=2).x))) > 20


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_model(make_set: Callable, name: str) -> None:
    train, val = make_set(gap=1.5), make_set(gap=1.5, seed=1, prefix="val")
    one = fitted(name, train, val).score(val.x)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    np.testing.assert_array_equal(one, fitted(name, train, val).score(val.x))
    if small(name).draws:
        assert np.abs(one - fitted(name, train, val, seed=8).score(val.x)).max() > 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_same_model_same_bytes(
    make_set: Callable, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever its objects lie in memory, and whenever it is written."""
    train, val = make_set(gap=1.5), make_set(gap=1.5, seed=1, prefix="val")
    one, other = fitted(name, train, val), fitted(name, train, val)
    one.save(tmp_path / "one")
    later = time.time() + 1000
    monkeypatch.setattr(time, "time", lambda: later)
    other.save(tmp_path / "other")
    file = small(name).file
    assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_same_clips_same_scores(make_set: Callable, name: str) -> None:
    """To the last bit: a threshold is the score of some clip."""
    changes = {"n_estimators": 60} if name == "rf" else {}
    model = fitted(name, make_set(gap=1), make_set(gap=1, seed=1), **changes)
    x = make_set(400, 400, gap=1, seed=2).x
    one = model.score(x)
    for _ in range(5):
        np.testing.assert_array_equal(model.score(x), one)


@pytest.mark.parametrize("name", NAMES)
def test_training_leaves_the_global_state_alone(make_set: Callable, name: str) -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    fitted(name, make_set(), make_set(seed=1))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_num_threads()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mlp"])
def test_validation_does_not_train(make_set: Callable, name: str) -> None:
    train, test = make_set(gap=2), make_set(gap=2, seed=2)
    one = fitted(name, train, make_set(gap=2, seed=1)).score(test.x)
    other = fitted(name, train, make_set(gap=2, seed=5, shift=40.0)).score(test.x)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_validation_does_not_scale_the_mlp(make_set: Callable) -> None:
    train = make_set(gap=2, shift=3.0)
    # One epoch, so that validation has nothing to choose.
    one = fitted("mlp", train, make_set(gap=2, seed=1), epochs=1)
    other = fitted("mlp", train, make_set(gap=2, seed=5, shift=40.0), epochs=1)
    np.testing.assert_array_equal(one.score(train.x), other.score(train.x))
    scaled_by = one.as_module().prepare
    np.testing.assert_allclose(scaled_by.mean.numpy(), train.x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scaled_by.scale.numpy(), train.x.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_scale_of_a_dimension_does_not_matter(make_set: Callable, name: str) -> None:
    scale = np.array([1e-3, 1, 1e4, 1], np.float32)
    sets = [make_set(gap=6, seed=seed) for seed in range(3)]
    plain = fitted(name, *sets[:2]).score(sets[2].x)
    scaled = [replace(part, x=part.x * scale) for part in sets]
    again = fitted(name, *scaled[:2]).score(scaled[2].x)
    np.testing.assert_allclose(again, plain, atol=0.05 * np.abs(plain).max())


@pytest.mark.parametrize("name", NAMES)
def test_the_rare_class_counts(make_set: Callable, name: str) -> None:
    """One to twelve, and overlapping: without weights nearly all would be called spoof."""
    train = make_set(20, 240, gap=1.6)
    val = make_set(20, 240, gap=1.6, seed=1, prefix="val")
    test = make_set(200, 200, gap=1.6, seed=2)
    # Of twelve trees it would be luck.
    whole = {"n_estimators": 300} if name == "rf" else {}
    called = fitted(name, train, val, **whole).score(test.x) >= 0
    assert called[test.y == 1].mean() > 0.55
    assert called[test.y == 0].mean() < 0.45
    unweighted = fitted(name, train, val, class_weight="none", **whole).score(test.x) >= 0
    assert called[test.y == 1].mean() > unweighted[test.y == 1].mean() + 0.2


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded(make_set: Callable, tmp_path: Path, name: str) -> None:
    train, val = make_set(gap=1.5), make_set(gap=1.5, seed=1)
    model = fitted(name, train, val)
    model.save(tmp_path)
    again = CLASSIFIERS.load(name)(model.hyperparameters, 7)
    again.load(tmp_path)
    np.testing.assert_allclose(again.score(val.x), model.score(val.x), rtol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == [small(name).file]


@pytest.mark.parametrize("name", NAMES)
def test_absent_and_damaged_files(make_set: Callable, tmp_path: Path, name: str) -> None:
    model = fitted(name, make_set(), make_set(seed=1))
    with pytest.raises(RunError):
        model.load(tmp_path)
    model.save(tmp_path)
    [path] = tmp_path.iterdir()
    content = path.read_bytes()
    for broken in (b"", b"x" * 100, content[: len(content) // 2]):
        path.write_bytes(broken)
        with pytest.raises(RunError) as raised:
            model.load(tmp_path)
        assert path.name in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", SKOPS)
def test_foreign_types_are_refused(make_set: Callable, tmp_path: Path, name: str) -> None:
    train = make_set()
    model = fitted(name, train, make_set(seed=1))
    harmful = make_pipeline(FunctionTransformer(subprocess.run), LogisticRegression())
    skops.io.dump(harmful, tmp_path / "model.skops")
    with pytest.raises(RunError, match="cannot be trusted"):
        model.load(tmp_path)
    skops.io.dump(StandardScaler().fit(train.x), tmp_path / "model.skops")
    with pytest.raises(RunError, match="holds a StandardScaler, not a pipeline"):
        model.load(tmp_path)


@pytest.mark.parametrize("name", SKOPS)
def test_another_kind_of_model_is_refused(make_set: Callable, tmp_path: Path, name: str) -> None:
    train = make_set()
    model = fitted(name, train, make_set(seed=1))
    own = type(model._pipeline[-1])
    for final in {LogisticRegression, KNeighborsClassifier, SVC} - {own}:
        other = make_pipeline(StandardScaler(), final()).fit(train.x, train.y)
        skops.io.dump(other, tmp_path / "model.skops")
        with pytest.raises(RunError):
            model.load(tmp_path)


def test_a_forest_is_trusted_for_a_forest_only(make_set: Callable, tmp_path: Path) -> None:
    fitted("rf", make_set(), make_set(seed=1)).save(tmp_path)
    with pytest.raises(RunError, match="cannot be trusted"):
        load_pipeline(tmp_path)
    with pytest.raises(RunError):
        CLASSIFIERS.load("svm")().load(tmp_path)


@pytest.mark.parametrize(
    ("field", "node", "value"),
    [
        ("left_child", 0, 1_000_000),
        ("right_child", 0, 1_000_000),
        ("left_child", 0, 0),  # a walk that never ends
        ("left_child", 0, -5),  # only -1 is a leaf; scikit-learn follows anything else
        ("left_child", 0, -1_000_000),
        ("right_child", 0, -5),
        ("feature", 0, 400),
        ("feature", 0, -3),
    ],
)
def test_a_tree_that_points_outside_is_refused(
    make_set: Callable, tmp_path: Path, field: str, node: int, value: int
) -> None:
    model = fitted("rf", make_set(gap=2), make_set(seed=1), n_estimators=3)
    tree = model._pipeline[-1].estimators_[1].tree_
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    assert nodes["left_child"][node] > 0
    nodes[field][node] = value
    tree.__setstate__(state | {"nodes": nodes})
    model.save(tmp_path)
    with pytest.raises(RunError, match="points outside itself"):
        CLASSIFIERS.load("rf")().load(tmp_path)


def test_support_vectors_that_point_outside_are_refused(make_set: Callable, tmp_path: Path) -> None:
    """libsvm reads as many vectors as these counts say, whatever there is."""
    model = fitted("svm", make_set(gap=2), make_set(seed=1))
    machine = model._pipeline[-1]
    machine._n_support = np.array([100_000, 100_000], dtype=np.int32)
    model.save(tmp_path)
    with pytest.raises(RunError):
        CLASSIFIERS.load("svm")().load(tmp_path)


def test_the_regressions_scores_are_scikit_learns(make_set: Callable) -> None:
    """Weighted by hand: each class counts for half of the clips."""
    train = make_set(30, 90, gap=1.5, shift=3.0)
    test = make_set(gap=1.5, seed=2, shift=3.0)
    scores = fitted("lr", train, make_set(seed=1), C=0.5).score(test.x)
    mean, scale = train.x.mean(axis=0, dtype=np.float64), train.x.std(axis=0, dtype=np.float64)
    weights = np.where(train.y == 1, 120 / 2 / 30, 120 / 2 / 90)
    plain = LogisticRegression(C=0.5, tol=1e-8, max_iter=10_000)
    plain.fit((train.x - mean) / scale, train.y, weights)
    expected = (test.x - mean) / scale @ plain.coef_[0] + plain.intercept_[0]
    np.testing.assert_allclose(scores, expected, atol=1e-2)


@pytest.mark.parametrize(
    ("part", "attribute", "value"),
    [
        (-1, "coef_", np.ones((1, 9))),
        (-1, "coef_", np.ones((2, 4))),
        (-1, "coef_", np.full((1, 4), np.nan)),
        (-1, "intercept_", np.ones(2)),
        (-1, "classes_", np.array([1, 0])),
        (-1, "n_features_in_", 9),
        (0, "mean_", np.ones(3)),
        (0, "scale_", np.full(4, np.inf)),
        (0, "mean_", "four"),
    ],
)
def test_a_regression_that_does_not_fit_itself_is_refused(
    make_set: Callable, tmp_path: Path, part: int, attribute: str, value: object
) -> None:
    model = fitted("lr", make_set(dim=4), make_set(dim=4, seed=1))
    setattr(model._pipeline[part], attribute, value)
    model.save(tmp_path)
    with pytest.raises(RunError, match=r"model\.skops is damaged"):
        CLASSIFIERS.load("lr")().load(tmp_path)


def test_a_regression_that_is_not_whole_is_refused(make_set: Callable, tmp_path: Path) -> None:
    train = make_set()
    whole = fitted("lr", train, make_set(seed=1))._pipeline
    for other in (
        make_pipeline(StandardScaler(), LogisticRegression()),  # never fitted
        make_pipeline(whole[-1]),
        make_pipeline(whole[-1], whole[-1]),
        make_pipeline(whole[0], whole[0], whole[-1]),
    ):
        skops.io.dump(other, tmp_path / "model.skops")
        with pytest.raises(RunError, match="is damaged"):
            CLASSIFIERS.load("lr")().load(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_hyperparameters_are_checked(name: str) -> None:
    model = CLASSIFIERS.load(name)
    with pytest.raises(ArgumentError, match="--hyperparameters=depth is not one of"):
        model({"depth": 3})
    for key, default in model.defaults.items():
        assert model({key: str(default)}).hyperparameters[key] == default
        assert type(model({key: str(default)}).hyperparameters[key]) is type(default)
        with pytest.raises(ArgumentError, match=key):
            model({key: "many"})
        if not isinstance(default, str):
            with pytest.raises(ArgumentError, match=f"{key}=-1"):
                model({key: "-1"})
        if isinstance(default, int):
            assert model({key: float(default)}).hyperparameters[key] == default
            for wrong in ("2.5", 2.5, None):
                with pytest.raises(ArgumentError, match="is not a whole number"):
                    model({key: wrong})
        elif isinstance(default, float):
            with pytest.raises(ArgumentError, match="is not a number"):
                model({key: None})
    assert model().hyperparameters == model.defaults
    assert model().hyperparameters is not model.defaults


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("mlp", "dropout", "1.5"),
        ("mlp", "dropout", "nan"),
        ("mlp", "batch_size", "0"),
        ("mlp", "hidden_size", "0"),
        ("mlp", "epochs", "0"),
        ("mlp", "learning_rate", "nan"),
        ("mlp", "learning_rate", "inf"),
        ("svm", "C", "0"),
        ("svm", "C", "nan"),
        ("svm", "C", "inf"),
        ("svm", "gamma", "linear"),
        ("lr", "C", "0"),
        ("lr", "C", "nan"),
        ("lr", "C", "inf"),
        ("lr", "max_iter", "0"),
        ("rf", "n_estimators", "0"),
        ("rf", "max_depth", "0"),
        ("rf", "min_samples_split", "1"),
        ("rf", "min_samples_leaf", "0"),
    ],
)
def test_impossible_values_are_one_line(
    make_set: Callable, name: str, key: str, value: str
) -> None:
    with pytest.raises(AudiosError) as raised:
        fitted(name, make_set(), make_set(seed=1), **{key: value})
    assert "\n" not in str(raised.value)


def test_search_spaces_are_those_agreed_on() -> None:
    spaces = {name: CLASSIFIERS.load(name).search_space for name in NAMES}
    assert spaces["mlp"] == preparation.SEARCH_SPACE | {
        "batch_size": Range(16, 256, log=spaces["mlp"]["batch_size"].log),
        "learning_rate": Range(1e-5, 1e-2, log=True),
        "dropout": Range(0.2, 0.5),
        "weight_decay": Range(1e-8, 10.0, log=True),
        "hidden_size": Choice((128, 256, 512)),
    }
    assert spaces["svm"] == preparation.SEARCH_SPACE | {
        "C": Range(0.01, 100.0, log=True),
        "gamma": Choice(("scale", "auto")),
    }
    assert spaces["rf"] == preparation.SEARCH_SPACE | {
        "n_estimators": Range(10, 1000),
        "max_depth": Range(1, 20),
        "min_samples_split": Range(2, 10),
        "min_samples_leaf": Range(1, 10),
    }
    assert spaces["lr"] == preparation.SEARCH_SPACE | {"C": Range(1e-5, 10.0, log=True)}
    for name, n_trials in {"mlp": 100, "svm": 30, "rf": 30, "lr": 20}.items():
        assert CLASSIFIERS.load(name).default_trials == n_trials
    assert CLASSIFIERS.load("svm").defaults == preparation.DEFAULTS | {
        "C": 1.0,
        "gamma": "scale",
    }
    assert CLASSIFIERS.load("rf").defaults == preparation.DEFAULTS | {
        "n_estimators": 100,
        "max_depth": 5,
        "min_samples_split": 2,
        "min_samples_leaf": 1,
    }
    with pytest.raises(ArgumentError, match="--classifier=knn is not one of mlp, svm, rf, lr"):
        CLASSIFIERS.load("knn")


def test_the_forests_history(make_set: Callable) -> None:
    train, val = make_set(gap=1.5), make_set(gap=1.5, seed=1)
    model = CLASSIFIERS.load("rf")(small("rf").hyperparameters)
    history = model.fit(train, val)
    assert history.step == "tree"
    assert history.best == 11
    for values in (history.train_losses, history.val_losses, history.val_accuracies):
        assert values.shape == (12,)
        assert np.isfinite(values).all()
    # The last step is the whole forest.
    scores = model.score(val.x)
    assert history.val_eers[-1] == compute_eer(scores, val.y)[0]
    assert history.val_accuracies[-1] == ((scores >= 0) == val.y).mean()


def test_a_forest_sure_of_itself_has_finite_scores(make_set: Callable) -> None:
    scores = fitted("rf", make_set(gap=100), make_set(seed=1)).score(make_set(gap=100, seed=2).x)
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() > 5


def test_the_mlp_keeps_its_best(make_set: Callable, tmp_path: Path) -> None:
    """Overfitted on purpose: the last weights are worse than the best."""
    train, val = make_set(12, 12, dim=40, gap=0.7), make_set(40, 40, dim=40, gap=0.7, seed=1)
    settings = {"learning_rate": 0.02, "weight_decay": 0.0, "dropout": 0.0, "batch_size": 8}
    model = CLASSIFIERS.load("mlp")(settings | {"hidden_size": 32, "patience": 6, "epochs": 60})
    history = model.fit(train, val)
    steps = len(history.val_losses)
    assert history.best == np.argmin(history.val_losses)
    assert steps == min(60, history.best + 6 + 1)  # stopped by its patience
    assert steps < 60
    assert history.val_losses[-1] > history.val_losses[history.best]
    scores = model.score(val.x)
    # What is kept is that epoch's model, also from disk.
    assert compute_eer(scores, val.y)[0] == history.val_eers[history.best]
    assert ((scores >= 0) == val.y).mean() == pytest.approx(history.val_accuracies[history.best])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(scores), torch.tensor(val.y, dtype=torch.float64)
    )
    assert float(loss) == pytest.approx(history.val_losses[history.best], rel=1e-4)
    model.save(tmp_path)
    again = CLASSIFIERS.load("mlp")(model.hyperparameters)
    again.load(tmp_path)
    np.testing.assert_array_equal(again.score(val.x), scores)


def test_dropout_is_off_when_scoring(make_set: Callable) -> None:
    model = fitted("mlp", make_set(gap=1), make_set(gap=1, seed=1), dropout=0.5)
    x = make_set(seed=2).x
    np.testing.assert_array_equal(model.score(x), model.score(x))
    np.testing.assert_allclose(model.score(x)[:1], model.score(x[:1]), rtol=1e-5)


def test_a_diverging_mlp_is_told(make_set: Callable) -> None:
    with pytest.raises(AudiosError, match="not a finite number"):
        fitted("mlp", make_set(), make_set(seed=1), learning_rate=1e30)


def test_an_mlp_of_another_shape_is_refused(make_set: Callable, tmp_path: Path) -> None:
    fitted("mlp", make_set(), make_set(seed=1)).save(tmp_path)
    with pytest.raises(RunError, match="cannot be read as an MLP"):
        CLASSIFIERS.load("mlp")({"hidden_size": 17}).load(tmp_path)


def test_the_defaults_learn_on_a_small_set(make_set: Callable) -> None:
    """Why the learning rate was raised: 100 clips must do."""
    model = CLASSIFIERS.load("mlp")()
    model.fit(make_set(50, 50, dim=20, gap=3), make_set(30, 30, dim=20, gap=3, seed=1))
    test = make_set(100, 100, dim=20, gap=3, seed=2)
    assert compute_eer(model.score(test.x), test.y)[0] < 0.15
