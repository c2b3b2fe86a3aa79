"""Error rates: against scikit-learn, by hand, by definition and by properties."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from src.utils.detection import Detection, evaluate_scores
from src.utils.eer import compute_eer, det_curve, fix_threshold
from src.utils.errors import AudiosError


def sklearn_eer(scores: np.ndarray, labels: np.ndarray) -> float:
    """The crossing of scikit-learn's DET curve, with the point where nothing is accepted.

    scikit-learn leaves that last point (FAR 0, FRR 1) out, and cuts the curve's flat ends.
    """
    far, frr, _ = metrics.det_curve(labels, scores)
    far, frr = np.r_[far, 0.0], np.r_[frr, 1.0]
    best = np.argmin(np.abs(far - frr).round(12))
    return (far[best] + frr[best]) / 2


def brute_force(scores: list, labels: list) -> tuple[float, float]:
    """The definition itself: try every threshold."""
    spoof = [s for s, label in zip(scores, labels, strict=True) if label == 0]
    bona_fide = [s for s, label in zip(scores, labels, strict=True) if label == 1]
    found = []
    for threshold in [*sorted(set(scores)), np.inf]:
        accepted = sum(s >= threshold for s in spoof)
        rejected = sum(s < threshold for s in bona_fide)
        # Cross-multiplied, so that ties are exact.
        gap = abs(rejected * len(spoof) - accepted * len(bona_fide))
        mean = (rejected / len(bona_fide) + accepted / len(spoof)) / 2
        found.append((gap, threshold, mean))
    _, threshold, eer = min(found, key=lambda entry: entry[0])
    return eer, threshold


@st.composite
def trials(draw: st.DrawFn, values: st.SearchStrategy | None = None) -> tuple[list, list]:
    """Scores with many ties, both classes there."""
    values = values or st.integers(-6, 6).map(float)
    pairs = draw(st.lists(st.tuples(values, st.integers(0, 1)), min_size=2, max_size=24))
    scores, labels = map(list, zip(*pairs, strict=True))
    assume(0 < sum(labels) < len(labels))
    return scores, labels


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
def test_eer_is_its_definition(data: tuple[list, list]) -> None:
    scores, labels = data
    eer, threshold = compute_eer(np.array(scores), np.array(labels))
    assert (eer, threshold) == brute_force(scores, labels)
    assert 0 <= eer <= 1
    assert np.isfinite(threshold)


@given(trials(), st.sampled_from([lambda s: 3 * s - 40, np.exp, np.arctan, lambda s: s**3]))
@settings(max_examples=100, deadline=None)
def test_eer_ignores_a_rising_change_of_scale(data: tuple[list, list], change) -> None:
    scores, labels = np.array(data[0]), np.array(data[1])
    assert compute_eer(change(scores), labels)[0] == compute_eer(scores, labels)[0]


@given(trials(), st.integers(2, 4))
@settings(max_examples=100, deadline=None)
def test_eer_of_copied_trials_is_the_same(data: tuple[list, list], times: int) -> None:
    scores, labels = np.array(data[0]), np.array(data[1])
    copied = compute_eer(np.tile(scores, times), np.tile(labels, times))
    assert copied == compute_eer(scores, labels)


@given(trials(), st.randoms())
@settings(max_examples=50, deadline=None)
def test_eer_ignores_the_order(data: tuple[list, list], chance) -> None:
    pairs = list(zip(*data, strict=True))
    chance.shuffle(pairs)
    shuffled = [np.array(part) for part in zip(*pairs, strict=True)]
    assert compute_eer(*shuffled) == compute_eer(np.array(data[0]), np.array(data[1]))


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
    with pytest.raises(AudiosError, match=text):
        evaluate_scores(np.array(scores), np.array(labels), 0.0)


def test_det_curve_ends_and_counts() -> None:
    curve = det_curve(np.array([3.0, 1.0, 2.0, 2.0]), np.array([1, 0, 1, 0]))
    assert curve.thresholds.tolist() == [1.0, 2.0, 3.0, np.inf]
    assert curve.far.tolist() == [1.0, 0.5, 0.0, 0.0]
    assert curve.frr.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert (curve.n_spoof, curve.n_bona_fide) == (2, 2)


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.8])
def test_evaluation_agrees_with_scikit_learn(threshold: float) -> None:
    chance = np.random.default_rng(1)
    labels = np.r_[np.ones(70), np.zeros(130)].astype(int)
    scores = chance.normal(size=200) + labels
    found = evaluate_scores(scores, labels, threshold)
    called = (scores >= threshold).astype(int)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, called))
    assert found.precision == pytest.approx(metrics.precision_score(labels, called))
    assert found.recall == pytest.approx(metrics.recall_score(labels, called))
    assert found.f1_score == pytest.approx(metrics.f1_score(labels, called))
    assert found.auc == pytest.approx(metrics.roc_auc_score(labels, scores))
    matrix = metrics.confusion_matrix(labels, called)
    assert [
        [found.true_spoof, found.false_bona_fide],
        [found.false_spoof, found.true_bona_fide],
    ] == matrix.tolist()
    assert (found.n_bona_fide, found.n_spoof) == (70, 130)
    assert (found.eer, found.eer_threshold) == compute_eer(scores, labels)
    assert found.threshold == threshold


def test_a_score_at_the_threshold_is_accepted() -> None:
    found = evaluate_scores(np.array([0.0, 1.0]), np.array([0, 1]), 1.0)
    assert (found.true_bona_fide, found.false_bona_fide, found.accuracy) == (1, 0, 1.0)


def test_nothing_accepted_is_no_division_by_zero() -> None:
    found = evaluate_scores(np.array([0.0, 1.0]), np.array([0, 1]), 9.0)
    assert (found.precision, found.recall, found.f1_score) == (0.0, 0.0, 0.0)


def test_detection_survives_its_dictionary() -> None:
    found = evaluate_scores(np.array([0.0, 1.0, 2.0]), np.array([0, 1, 0]), 1.0)
    assert Detection.from_dict(found.as_dict() | {"min_tdcf": 0.1}) == found
    assert {"eer", "accuracy", "precision", "recall", "f1_score", "auc", "threshold"} | {
        "n_bona_fide",
        "n_spoof",
    } <= set(found.as_dict())


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
