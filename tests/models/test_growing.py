"""The forest that oneDAL grows is scikit-learn's of the same kind, on any number of threads."""

import logging

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from src.models.random_forest import growing
from src.models.random_forest.growing import grow
from src.models.random_forest.model import RandomForest
from src.utils.accelerated import accelerated
from src.utils.metrics.eer import compute_eer

WEIGHTED = [None, "of_clips"]


def overlapping(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    y = (chance.random(n) < 0.2).astype(np.int8)
    x = chance.normal(size=(n, 10))
    x[:, :3] += 0.8 * y[:, None]
    return x.astype(np.float32), y


def make(seed: int = 7, **asked) -> RandomForestClassifier:
    given = {"n_estimators": 40, "max_depth": 6, "class_weight": "balanced"} | asked
    return RandomForestClassifier(**given, random_state=seed)


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> list:
    """What oneDAL has grown, before it is made into trees of scikit-learn."""
    if accelerated("RandomForestClassifier") is None:
        pytest.skip("needs scikit-learn-intelex (requirements-fast.txt)")
    found: list = []
    take_over = growing._take_over
    monkeypatch.setattr(
        growing, "_take_over", lambda *given: (found.append(given[1]), take_over(*given))
    )
    return found


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_the_trees_say_what_onedal_says(
    grown: list, depth: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="sklearnex")
    x, y = overlapping()
    forest = make(max_depth=depth)
    grow(forest, x, y, np.random.default_rng(1).uniform(0.5, 2, len(y)))
    assert "RandomForestClassifier.fit: running accelerated version" in caplog.text
    other, _ = overlapping(seed=1)
    [found] = grown
    np.testing.assert_allclose(forest.predict_proba(other), found.predict_proba(other), atol=1e-5)
    for tree in (one.tree_ for one in forest.estimators_):
        np.testing.assert_allclose(tree.value.sum(axis=2), 1)
        inner = tree.children_left >= 0
        left, right = tree.children_left[inner], tree.children_right[inner]
        n = tree.n_node_samples
        below = n[left, None] * tree.value[left, 0] + n[right, None] * tree.value[right, 0]
        np.testing.assert_allclose(below, n[inner, None] * tree.value[inner, 0])
        p = tree.value[:, 0, 1]
        np.testing.assert_allclose(tree.impurity, 2 * p * (1 - p), atol=1e-4)


def test_what_is_kept_is_all_of_scikit_learn(grown: list) -> None:
    x, y = overlapping()
    plain, ours = make().fit(x, y), make()
    grow(ours, x, y)
    assert grown
    assert type(ours) is RandomForestClassifier
    assert vars(ours).keys() == vars(plain).keys()
    kept, usual = ours.estimators_[3], plain.estimators_[3]
    assert type(kept) is type(usual)
    assert vars(kept).keys() == vars(usual).keys()
    assert kept.get_params().keys() == usual.get_params().keys()
    assert len({tree.random_state for tree in ours.estimators_}) == 40
    np.testing.assert_array_equal(ours._sample_weight, plain._sample_weight)


def test_the_number_of_threads_changes_nothing(
    grown: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = overlapping()
    scores = []
    for n in (1, 2, 2):
        monkeypatch.setattr(growing, "n_threads", lambda n=n: n)
        forest = make()
        grow(forest, x, y)
        scores.append(forest.predict_proba(x))
    assert len(grown) == 3
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


@pytest.mark.parametrize("weighted", WEIGHTED)
def test_it_is_as_good_and_as_sure_as_scikit_learns(grown: list, weighted: str | None) -> None:
    """Over seeds: weights are drawn by, as scikit-learn does, or probabilities would be higher."""
    x, y = overlapping(800)
    other, labels = overlapping(1500, seed=1)
    weights = np.random.default_rng(1).uniform(0.2, 2, len(y)) if weighted else None
    found = {}
    for name in ("plain", "ours"):
        eers, means = [], []
        for seed in range(6):
            forest = make(seed, max_depth=10)
            if name == "plain":
                forest.fit(x, y, weights)
            else:
                grow(forest, x, y, weights)
            probability = forest.predict_proba(other)[:, 1]
            eers.append(compute_eer(probability, labels)[0])
            means.append(probability.mean())
        found[name] = np.mean(eers), np.mean(means)
    assert len(grown) == 6
    np.testing.assert_allclose(found["ours"], found["plain"], atol=0.02)


@pytest.mark.parametrize(
    "weights", [np.array([1.0, 1, 1, 1]), np.array([0.5, 1.5, 1, 0]), np.array([1e-6, 1, 1, 1])]
)
def test_rows_stand_as_often_as_they_weigh(weights: np.ndarray) -> None:
    drawn = np.mean(
        [np.bincount(growing._rows(weights, seed), minlength=4) for seed in range(400)], axis=0
    )
    np.testing.assert_allclose(drawn / drawn.sum(), weights / weights.sum(), atol=0.02)
    assert drawn.sum() <= 16 + 1
    if weights.min() > 0.1:
        assert (growing._rows(weights, 0) == np.arange(4)).all()


def test_without_onedal_it_is_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "accelerated", lambda _: None)
    x, y = overlapping(200)
    weights = np.random.default_rng(1).uniform(0.2, 2, len(y))
    ours = make(n_estimators=5)
    grow(ours, x, y, weights)
    plain = make(n_estimators=5).fit(x, y, weights)
    np.testing.assert_array_equal(ours.predict_proba(x), plain.predict_proba(x))


def test_what_onedal_would_leave_to_scikit_learn_is_left_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str) -> None:
        raise AssertionError

    monkeypatch.setattr(growing, "accelerated", fail)
    monkeypatch.setattr(growing, "_MOST_TREES", 4)
    x, y = overlapping(60)
    grow(make(n_estimators=5), x, y)


def test_a_forest_scores_the_same_where_onedal_is_not(
    grown: list, make_set, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, validation = make_set(gap=1.5), make_set(gap=1.5, seed=1)
    forest = RandomForest({"n_estimators": 9})
    forest.fit(train, validation)
    forest.save(tmp_path)
    monkeypatch.setattr(growing, "accelerated", lambda _: None)
    again = RandomForest({"n_estimators": 9})
    again.load(tmp_path)
    np.testing.assert_array_equal(again.score(validation.x), forest.score(validation.x))
