"""Error rates: against scikit-learn, by hand, by definition and by properties."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from src.utils.errors import AudiosError
from src.utils.metrics.auc import auc
from src.utils.metrics.eer import compute_eer, det_curve, fix_threshold
from tests.utils.drawing import RISING, trials
from tests.utils.metrics import reference


def sklearn_eer(scores: np.ndarray, labels: np.ndarray) -> float:
    """The crossing of scikit-learn's DET curve, with the point where nothing is accepted.

    scikit-learn leaves that last point (FAR 0, FRR 1) out, and cuts the curve's flat ends.
    """
    far, frr, _ = metrics.det_curve(labels, scores)
    far, frr = np.r_[far, 0.0], np.r_[frr, 1.0]
    best = np.argmin(np.abs(far - frr).round(12))
    return (far[best] + frr[best]) / 2


@pytest.mark.parametrize(
    ("scores", "labels", "eer", "threshold"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 0.0, 3.0),
        ([1, 2, 3, 4], [1, 1, 0, 0], 1.0, 3.0),
        ([5, 5, 5, 5], [0, 1, 0, 1], 0.5, 5.0),
        ([0, 1], [0, 1], 0.0, 1.0),
        ([1, 0], [0, 1], 1.0, 1.0),
        ([0, 0], [0, 1], 0.5, 0.0),
        # One of four spoofs is above one of four bona-fides: both rates are a quarter.
        ([1, 2, 3, 5, 4, 6, 7, 8], [0, 0, 0, 0, 1, 1, 1, 1], 0.25, 5.0),
        # A tie across the classes stands or falls together: FAR 1/2 and FRR 0, or 0 and 1/2.
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.25, 2.0),
        # Unequal classes: at 3, FAR 1/2 and FRR 1/3, the nearest they come.
        ([1, 4, 2, 3, 5], [0, 0, 1, 1, 1], 5 / 12, 3.0),
    ],
)
def test_eer_by_hand(scores: list, labels: list, eer: float, threshold: float) -> None:
    found = compute_eer(np.array(scores), np.array(labels))
    assert found == (pytest.approx(eer, abs=1e-12), threshold)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ties", [False, True])
def test_eer_agrees_with_scikit_learn(seed: int, ties: bool) -> None:
    chance = np.random.default_rng(seed)
    labels = np.r_[0, 1, chance.integers(0, 2, 300)]
    scores = chance.normal(size=302) + labels * chance.uniform(0, 3)
    if ties:
        scores = scores.round(1)
    assert compute_eer(scores, labels)[0] == pytest.approx(sklearn_eer(scores, labels), abs=1e-12)


@given(trials())
@settings(max_examples=300, deadline=None)
def test_eer_is_its_definition(data: tuple) -> None:
    eer, threshold = compute_eer(*data)
    expected, at = reference.eer(*data)
    assert eer == pytest.approx(expected, abs=1e-15)
    assert threshold == at
    assert 0 <= eer <= 1
    assert np.isfinite(threshold)


@given(trials())
@settings(max_examples=200, deadline=None)
def test_auc_is_its_definition(data: tuple) -> None:
    found = auc(det_curve(*data))
    assert found == pytest.approx(reference.auc(*data), abs=1e-15)
    assert 0 <= found <= 1


def test_auc_by_hand() -> None:
    # Of six pairs, 5 beats 4 and 1, 4 beats 1 and ties with 4, 0 beats none: 3 + 1 / 2 of 6.
    curve = det_curve(np.array([5.0, 4.0, 0.0, 4.0, 1.0]), np.array([1, 1, 1, 0, 0]))
    assert auc(curve) == pytest.approx(3.5 / 6, abs=1e-15)


@given(trials(), st.sampled_from(RISING))
@settings(max_examples=100, deadline=None)
def test_a_rising_change_of_scale_changes_nothing(data: tuple, change: Callable) -> None:
    scores, labels = data
    curve, changed = det_curve(scores, labels), det_curve(change(scores), labels)
    assert (changed.eer, auc(changed)) == (curve.eer, auc(curve))


@given(trials(), st.integers(2, 4))
@settings(max_examples=100, deadline=None)
def test_copied_trials_change_nothing(data: tuple, times: int) -> None:
    scores, labels = data
    copies = np.tile(scores, times), np.tile(labels, times)
    assert compute_eer(*copies) == compute_eer(scores, labels)
    assert auc(det_curve(*copies)) == pytest.approx(auc(det_curve(scores, labels)), abs=1e-15)


@given(trials(), st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_changes_nothing(data: tuple, chance) -> None:
    pairs = list(zip(*data, strict=True))
    chance.shuffle(pairs)
    shuffled = [np.array(part) for part in zip(*pairs, strict=True)]
    assert compute_eer(*shuffled) == compute_eer(*data)
    assert auc(det_curve(*shuffled)) == auc(det_curve(*data))


@given(trials())
@settings(max_examples=200, deadline=None)
def test_swapped_labels_of_negated_scores(data: tuple) -> None:
    """The AUC stays; so does the EER, but where two points are as near, the other one is first."""
    scores, labels = data
    curve, swapped = det_curve(scores, labels), det_curve(-scores, 1 - labels)
    assert auc(swapped) == pytest.approx(auc(curve), abs=1e-15)
    points = reference.all_error_rates(scores, labels)
    least = min(abs(frr - far) for _, frr, far in points)
    nearest = [float((frr + far) / 2) for _, frr, far in points if abs(frr - far) == least]
    assert curve.eer == pytest.approx(nearest[0], abs=1e-15)
    assert swapped.eer == pytest.approx(nearest[-1], abs=1e-15)


def test_swapped_labels_where_two_points_are_as_near() -> None:
    # A bona-fide trial between two spoofs. Rejecting the lower spoof leaves FRR 0 and FAR 1/2, the
    # bona-fide trial as well FRR 1 and FAR 1/2: both gaps are 1/2, and the lower threshold counts.
    assert compute_eer([1.0, 2.0, 3.0], [0, 1, 0]) == (0.25, 2.0)
    assert compute_eer([-1.0, -2.0, -3.0], [1, 0, 1]) == (0.75, -2.0)


@given(trials(st.floats(-5, 5)))
@settings(max_examples=100, deadline=None)
def test_equal_scores_are_all_that_parts_it_from_the_challenges_tools(data: tuple) -> None:
    scores, labels = data
    assume(len(set(scores.tolist())) == len(scores))
    expected = reference.eer_parting_ties(scores, labels)
    assert compute_eer(scores, labels)[0] == pytest.approx(expected, abs=1e-15)


def test_one_score_for_all() -> None:
    same = [2.0, 2.0, 2.0], [1, 0, 1]
    assert compute_eer(*same)[0] == 0.5
    assert auc(det_curve(*same)) == 0.5
    assert reference.eer_parting_ties(*same) == 1.0


@pytest.mark.parametrize(
    ("scores", "labels", "text"),
    [
        ([1.0, 2.0], [1, 1], "no spoof"),
        ([1.0, 2.0], [0, 0], "no bona-fide"),
        ([], [], "no bona-fide"),
        ([1.0, np.nan], [0, 1], "not finite"),
        ([1.0, np.inf], [0, 1], "not finite"),
        ([1.0, 2.0, 3.0], [0, 1], "one length"),
        ([[1.0, 2.0]], [[0, 1]], "one length"),
        ([1.0, 2.0], [-1, 1], "0 .spoof."),
    ],
)
def test_eer_refuses(scores: list, labels: list, text: str) -> None:
    for function in (compute_eer, det_curve):
        with pytest.raises(AudiosError, match=text):
            function(np.array(scores), np.array(labels))


def test_det_curve_ends_and_counts() -> None:
    curve = det_curve(np.array([3.0, 1.0, 2.0, 2.0]), np.array([1, 0, 1, 0]))
    assert curve.thresholds.tolist() == [1.0, 2.0, 3.0, np.inf]
    assert curve.far.tolist() == [1.0, 0.5, 0.0, 0.0]
    assert curve.frr.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert (curve.n_spoof, curve.n_bona_fide) == (2, 2)


@pytest.mark.parametrize("seed", range(20))
def test_the_fixed_threshold_decides_as_the_eer_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.r_[np.ones(30, int), np.zeros(50, int)]
    scores = np.round(random.normal(labels, 1.0), 1)
    _, threshold = compute_eer(scores, labels)
    fixed = fix_threshold(scores, labels)
    assert ((scores >= fixed) == (scores >= threshold)).all()
    assert fixed not in scores
    lower = scores[scores < threshold].max()
    assert fixed == pytest.approx((threshold + lower) / 2)


def test_the_fixed_threshold_without_room_below() -> None:
    assert fix_threshold([1.0, 1.0], [0, 1]) == 1.0


@pytest.mark.parametrize("lower", [1.0, np.nextafter(1.0, 2.0), 0.1, -3.0, 1e-310])
def test_the_fixed_threshold_between_neighbouring_floats(lower: float) -> None:
    # Half-way is rounded to the even one of the two, which can be the lower.
    upper = np.nextafter(lower, np.inf)
    assert lower < fix_threshold([lower, upper], [0, 1]) <= upper
