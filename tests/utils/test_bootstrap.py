"""The bootstrap of an error rate."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from src.utils import bootstrap
from src.utils.bootstrap import interval, resample_eer
from src.utils.eer import compute_eer
from src.utils.errors import AudiosError


def repeated_eer(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, drawn: np.ndarray
) -> float:
    """The EER of the trials of each drawn group, as often as it was drawn."""
    names = np.unique(groups)
    rows = [
        row
        for name, times in zip(names, drawn, strict=True)
        for row in np.flatnonzero(groups == name).tolist() * times
    ]
    if len(set(labels[rows])) < 2:
        return float("nan")
    return compute_eer(scores[rows], labels[rows])[0]


@st.composite
def trials(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties in a few groups, both classes there."""
    row = st.tuples(st.integers(-4, 4), st.integers(0, 1), st.sampled_from("abcde"))
    rows = draw(st.lists(row, min_size=2, max_size=30))
    rows += [(draw(st.integers(-4, 4)), label, draw(st.sampled_from("abcde"))) for label in (0, 1)]
    scores, labels, groups = map(np.array, zip(*rows, strict=True))
    return scores.astype(float), labels, groups


@settings(max_examples=150, deadline=None)
@given(trials(), st.integers(0, 100))
def test_equals_the_eer_of_repeated_trials(given_trials: tuple, seed: int) -> None:
    scores, labels, groups = given_trials
    n_groups = len(set(groups))
    # The draw is the documented one: as many groups as there are, with replacement.
    chance = np.random.default_rng(seed)
    drawn = chance.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=6)
    expected = [repeated_eer(scores, labels, groups, row) for row in drawn]
    found = resample_eer(scores, labels, groups, 6, seed)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_whole_groups_are_drawn() -> None:
    """Two speakers who differ in everything: only four mixtures of them can come out."""
    scores = np.r_[np.arange(10), np.arange(10)].astype(float)
    groups = np.repeat(["a", "b"], 10)
    labels = np.r_[np.arange(10) >= 5, np.arange(10) < 5].astype(int)
    found = resample_eer(scores, labels, groups, 200)
    assert set(found.round(9)) == {0.0, 0.5, 1.0}
    # Clip by clip there would be many values.
    alone = resample_eer(scores, labels, np.arange(20), 200)
    assert len(set(alone.round(9))) > 10
    assert 0.15 < (found == 0).mean() < 0.35


def test_groups_may_be_of_any_kind() -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 2, 40)
    scores, numbers = labels + chance.normal(0, 1, 40), chance.integers(0, 9, 40)
    by_name = resample_eer(scores, labels, np.array([f"s{n}" for n in numbers]), 20)
    np.testing.assert_array_equal(by_name, resample_eer(scores, labels, numbers, 20))
    np.testing.assert_array_equal(by_name, resample_eer(scores, labels, numbers, 20, seed=7))
    assert not np.array_equal(by_name, resample_eer(scores, labels, numbers, 20, seed=8))


def test_memory_is_bounded_and_changes_nothing(monkeypatch) -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 2, 60)
    given_trials = labels + chance.normal(0, 1, 60), labels, np.arange(60) % 7
    whole = resample_eer(*given_trials, 50)
    monkeypatch.setattr(bootstrap, "_CELLS_AT_ONCE", 200)
    np.testing.assert_array_equal(resample_eer(*given_trials, 50), whole)


def test_a_class_that_is_not_drawn() -> None:
    found = resample_eer([0.0, 1.0], [0, 1], ["a", "b"], 100)
    assert 0.3 < np.isnan(found).mean() < 0.7
    assert set(found[~np.isnan(found)]) == {0.0}
    assert interval(found) == (0.0, 0.0)
    assert np.isnan(interval(np.full(5, np.nan))).all()
    assert np.isnan(interval(np.zeros(0))).all()


def test_interval_is_of_percentiles() -> None:
    values = np.r_[np.arange(101) / 100, np.nan]
    assert interval(values) == pytest.approx((0.025, 0.975))
    assert interval(values, 0.5) == pytest.approx((0.25, 0.75))


@pytest.mark.parametrize(
    ("scores", "labels"), [([0.0, np.nan], [0, 1]), ([0.0, 1.0], [1, 1]), ([0.0], [0, 1])]
)
def test_bad_trials(scores: list, labels: list) -> None:
    with pytest.raises(AudiosError):
        resample_eer(scores, labels, ["a", "b"], 5)


@pytest.fixture(scope="module")
def simulate() -> Callable[[int], tuple]:
    """Speakers whose scores lie around means of their own, each with both classes."""

    def draw(seed: int, speakers: int = 40, clips: int = 5) -> tuple:
        chance = np.random.default_rng(seed)
        own = np.repeat(chance.normal(0, 0.8, 2 * speakers), clips)
        labels = np.tile(np.repeat([0, 1], clips), speakers)
        scores = own + chance.normal(0, 0.6, len(own)) + 2.0 * labels
        return scores, labels, np.repeat(np.arange(speakers), 2 * clips)

    return draw


def test_the_interval_covers_the_truth(simulate: Callable) -> None:
    # Two normal distributions of deviation 1, two apart: they cross one deviation from each.
    truth = norm.sf(1.0)
    covered, too_narrow = [], []
    for seed in range(200):
        scores, labels, groups = simulate(seed)
        low, high = interval(resample_eer(scores, labels, groups, 200, seed))
        covered.append(low <= truth <= high)
        low, high = interval(resample_eer(scores, labels, np.arange(len(scores)), 50, seed))
        too_narrow.append(low <= truth <= high)
    assert 0.90 <= np.mean(covered) <= 0.99
    # Had clips been drawn, the interval would promise too much.
    assert np.mean(too_narrow) < 0.85
