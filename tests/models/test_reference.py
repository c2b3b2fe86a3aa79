"""How far vectors lie from those of training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from src.models import reference
from src.models.data import TrainingStores
from src.models.reference import (
    DIRECTIONS,
    REFERENCE,
    Reference,
    fit_reference,
    fit_reference_alone,
    shrunk_covariance,
)
from src.models.train import train_model
from src.utils.embeddings.selection import Selection
from src.utils.errors import RunError


def correlated(count: int, dim: int, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).normal(size=(dim, dim)) / np.sqrt(dim)
    return chance.normal(size=(count, dim)) @ mixing * np.linspace(0.1, 5, dim) + 3


@pytest.mark.parametrize(("count", "dim"), [(50, 6), (5, 40), (2, 3)])
def test_the_covariance_is_that_of_ledoit_and_wolf(count: int, dim: int) -> None:
    z = correlated(count, dim)
    z -= z.mean(axis=0)
    expected, _ = ledoit_wolf(z, assume_centered=True)
    np.testing.assert_allclose(shrunk_covariance(z.copy()), expected, rtol=1e-9, atol=1e-12)


def test_distances_are_mahalanobis() -> None:
    train, other = correlated(200, 12), correlated(30, 12, seed=2)
    found = fit_reference(train, other)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    inverse = np.linalg.inv(ledoit_wolf((train - mean) / scale, assume_centered=True)[0])
    z = (other - mean) / scale
    expected = np.sqrt(np.einsum("ij,jk,ik->i", z, inverse, z))
    np.testing.assert_allclose(found.distances(other), expected, rtol=1e-4)
    assert found.distances(other[3:4]) == pytest.approx(expected[3:4], rel=1e-4)


def test_what_hardly_varies_shows_all_the_more(monkeypatch) -> None:
    """Outside the directions that are kept, a step of one size counts for more."""
    monkeypatch.setattr(reference, "DIRECTIONS", 4)
    chance = np.random.default_rng(0)
    hidden = chance.normal(size=(400, 4))
    basis, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))
    train = hidden @ basis[:4] * 3 + 0.05 * chance.normal(size=(400, 20))
    found = fit_reference(train[:300], train[300:])
    assert found.directions.shape == (4, 20)
    step = 3 * found.scale.mean()
    centre = train.mean(axis=0)
    inside, outside = found.distances(
        np.stack([centre + step * basis[0], centre + step * basis[9]])
    )
    assert outside > found.limit > inside


def test_the_limit_is_what_one_in_a_hundred_passes() -> None:
    train, validation, unseen = (correlated(3000, 10, seed) for seed in range(3))
    found = fit_reference(train, validation)
    assert (found.distances(unseen) > found.limit).mean() == pytest.approx(0.01, abs=0.01)
    assert (found.distances(unseen + 30) > found.limit).all()


def test_no_more_clips_than_needed_are_looked_at(monkeypatch) -> None:
    monkeypatch.setattr(reference, "MOST_CLIPS", 100)
    train = correlated(1000, 5)
    few = fit_reference(train, train)
    assert few.limit == pytest.approx(fit_reference(train[::10], train).limit, rel=0.2)


def test_hardly_any_clips() -> None:
    train = np.ones((2, 3), np.float32)
    train[1, 0] = 2
    found = fit_reference(train, train[:1])
    assert np.isfinite(found.distances(train)).all()
    assert np.isfinite(found.limit)


def test_it_is_kept_with_the_run(tmp_path: Path, make_embeddings: Callable) -> None:
    stores = TrainingStores.open(make_embeddings(tmp_path / "e", gaps=(0.0, 3.0)), "wav2vec2")
    run = train_model(stores, tmp_path / "runs", "rf", 1, hyperparameters={"n_estimators": 3}).run
    train, validation = stores.load(Selection(1))
    read = Reference.read(run.folder)
    expected = fit_reference(train.x, validation.x)
    assert read is not None
    assert read.limit == pytest.approx(expected.limit, rel=1e-6)
    np.testing.assert_array_equal(read.distances(train.x), expected.distances(train.x))
    # Of its own layer, not of another.
    other = fit_reference(*(clips.x for clips in stores.load(Selection(0))))
    assert read.limit != pytest.approx(other.limit)


def test_a_run_without_one(tmp_path: Path) -> None:
    assert Reference.read(tmp_path) is None


def test_damage_is_told(tmp_path: Path) -> None:
    found = fit_reference(correlated(20, 4), correlated(5, 4))
    found.write(tmp_path)
    whole = (tmp_path / REFERENCE).read_bytes()
    for content in (whole[:-8], b"", b"{}"):
        (tmp_path / REFERENCE).write_bytes(content)
        with pytest.raises(RunError, match=f"{REFERENCE} is damaged"):
            Reference.read(tmp_path)
    Reference(found.mean[:2], *(getattr(found, name) for name in PARTS)).write(tmp_path)
    with pytest.raises(RunError, match="do not fit together"):
        Reference.read(tmp_path)


PARTS = ("scale", "directions", "variances", "rest", "limit")


def test_one_set_stands_for_training_and_validation() -> None:
    """Of its own clips one in a hundred is beyond the limit, as of others, however few they are."""
    few, others = correlated(60, 10), correlated(4000, 10, seed=2)
    found = fit_reference_alone(few)
    whole = fit_reference(few, few)
    np.testing.assert_array_equal(found.directions, whole.directions)
    np.testing.assert_array_equal(found.mean, whole.mean)
    assert found.limit > whole.limit
    assert (found.distances(others) > found.limit).mean() < 0.05
    assert (whole.distances(others) > whole.limit).mean() > (
        found.distances(others) > found.limit
    ).mean()
    assert fit_reference_alone(few[:2]).limit > 0


@pytest.mark.parametrize(("count", "dim"), [(30, 50), (300, 320), (2, 3)])
def test_fewer_clips_than_dimensions_give_the_same(count: int, dim: int) -> None:
    """By products of clips, as by the covariance, which of all layers would fill the memory."""
    train, other = correlated(count, dim), correlated(20, dim, seed=2)
    found = fit_reference(train, other)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    values, vectors = np.linalg.eigh(shrunk_covariance((train - mean) / scale))
    values = np.maximum(values, 1e-6)
    if dim > DIRECTIONS:
        values[:-DIRECTIONS] = values[:-DIRECTIONS].mean()
    along = (other - mean) / scale @ vectors
    expected = np.sqrt((np.square(along) / values).sum(axis=1))
    np.testing.assert_allclose(found.distances(other), expected, rtol=1e-4)
    assert len(found.directions) < min(count, DIRECTIONS + 1)


def test_clips_that_are_all_the_same_have_no_directions(tmp_path: Path) -> None:
    found = fit_reference(np.ones((2, 5)), np.ones((2, 5)))
    found.write(tmp_path)
    read = Reference.read(tmp_path)
    assert read is not None
    assert read.directions.shape == (0, 5)
    assert np.isfinite(read.distances(np.zeros((3, 5)))).all()
