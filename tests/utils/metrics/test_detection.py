"""Every figure of a test: against scikit-learn, against references, by hand and by properties."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from src.utils.errors import AudiosError
from src.utils.metrics.decisions import Decisions
from src.utils.metrics.detection import DetectionMetrics, evaluate_scores
from src.utils.metrics.eer import compute_eer
from src.utils.metrics.table import METRICS
from tests.utils.drawing import RISING, trials
from tests.utils.metrics import reference

OF_SCORES = ("eer", "min_dcf", "auc")
OF_RATIOS = ("act_dcf", "cllr")


def by_scikit_learn(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict:
    called = (scores >= threshold).astype(int)
    (true_spoof, false_bona_fide), (false_spoof, true_bona_fide) = metrics.confusion_matrix(
        labels, called, labels=[0, 1]
    ).tolist()
    return {
        "auc": metrics.roc_auc_score(labels, scores),
        "accuracy": metrics.accuracy_score(labels, called),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, called),
        "precision": metrics.precision_score(labels, called, zero_division=0),
        "recall": metrics.recall_score(labels, called),
        "f1_score": metrics.f1_score(labels, called),
        "true_spoof": true_spoof,
        "false_bona_fide": false_bona_fide,
        "false_spoof": false_spoof,
        "true_bona_fide": true_bona_fide,
    }


@given(trials(), st.sampled_from([-9.0, -2.0, -0.5, 0.0, 1.0, 9.0]))
@settings(max_examples=150, deadline=None)
def test_agrees_with_scikit_learn(data: tuple, threshold: float) -> None:
    found = evaluate_scores(*data, threshold).as_dict()
    for name, expected in by_scikit_learn(*data, threshold).items():
        assert found[name] == pytest.approx(expected, abs=1e-12), name


def test_agrees_with_scikit_learn_on_many_trials() -> None:
    chance = np.random.default_rng(1)
    labels = (chance.random(20_000) < 0.1).astype(int)
    scores = chance.normal(2 * labels)
    found = evaluate_scores(scores, labels, 0.8).as_dict()
    for name, expected in by_scikit_learn(scores, labels, 0.8).items():
        assert found[name] == pytest.approx(expected, abs=1e-12), name


@given(trials(), trials(st.floats(-20, 20)), st.integers(-7, 7))
@settings(max_examples=150, deadline=None)
def test_agrees_with_the_definitions(data: tuple, other: tuple, threshold: int) -> None:
    scores, labels = data
    llrs = np.resize(other[0], len(scores))
    found = evaluate_scores(scores, labels, threshold, llrs)
    expected = {
        "eer": reference.eer(scores, labels)[0],
        "min_dcf": reference.min_dcf(scores, labels),
        "act_dcf": reference.act_dcf(llrs, labels),
        "cllr": reference.cllr(llrs, labels),
        "auc": reference.auc(scores, labels),
    }
    frr, far = map(float, reference.error_rates(scores, labels, threshold))
    expected |= {"frr": frr, "far": far, "hter": (frr + far) / 2}
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12), name
    assert (found.eer, found.eer_threshold) == compute_eer(scores, labels)
    assert found.threshold == threshold


def test_by_hand() -> None:
    # Accepted from 2 on: bona-fide 2, 3, 4 of four, spoofs 2 and 5 of six.
    scores = np.array([1.0, 2.0, 3.0, 4.0, -3.0, -2.0, -1.0, 0.0, 2.0, 5.0])
    labels = np.array([1] * 4 + [0] * 6)
    found = evaluate_scores(scores, labels, 2.0)
    assert (found.n_bona_fide, found.n_spoof) == (4, 6)
    assert (found.true_bona_fide, found.false_spoof) == (3, 1)
    assert (found.true_spoof, found.false_bona_fide) == (4, 2)
    assert found.accuracy == pytest.approx(7 / 10, abs=1e-15)
    assert found.precision == pytest.approx(3 / 5, abs=1e-15)
    assert found.recall == pytest.approx(3 / 4, abs=1e-15)
    # Twice 3/5 * 3/4 by their total.
    assert found.f1_score == pytest.approx(2 / 3, abs=1e-15)
    assert (found.far, found.frr) == pytest.approx((1 / 3, 1 / 4), abs=1e-15)
    assert found.hter == pytest.approx(7 / 24, abs=1e-15)
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 2 / 3) / 2, abs=1e-15)
    # At 2, FRR 1/4 and FAR 1/3 come nearest (at 3: 1/2 and 1/6); nothing is cheaper than FRR 0 and
    # FAR 1/3 at 1, a third of accepting all.
    assert (found.eer, found.eer_threshold) == (pytest.approx(7 / 24, abs=1e-15), 2.0)
    assert found.min_dcf == pytest.approx(1 / 3, abs=1e-15)
    # Of 24 pairs a bona-fide trial wins 4, 4, 5, 5 and ties once.
    assert found.auc == pytest.approx(18.5 / 24, abs=1e-15)
    # From -0.64 on all bona-fide trials are accepted, and three spoofs of six: 0, 2 and 5.
    assert found.act_dcf == pytest.approx(1 / 2, abs=1e-15)


def test_scores_are_taken_for_ratios_where_none_are_given() -> None:
    scores, labels = np.array([-1.0, 2.0, 0.5]), np.array([0, 1, 0])
    assert evaluate_scores(scores, labels, 0.0) == evaluate_scores(scores, labels, 0.0, scores)
    other = evaluate_scores(scores, labels, 0.0, 2 * scores + 1)
    assert other.cllr != evaluate_scores(scores, labels, 0.0).cllr
    # What needs no ratios stays.
    assert {**other.as_dict(), "cllr": 0, "act_dcf": 0} == {
        **evaluate_scores(scores, labels, 0.0).as_dict(),
        "cllr": 0,
        "act_dcf": 0,
    }


@given(trials(), st.integers(2, 4), st.randoms())
@settings(max_examples=100, deadline=None)
def test_copies_and_order_change_nothing_but_counts(data: tuple, times: int, chance) -> None:
    scores, labels = data
    order = list(range(len(scores))) * times
    chance.shuffle(order)
    expected = evaluate_scores(scores, labels, 0.5).as_dict()
    for name, value in evaluate_scores(scores[order], labels[order], 0.5).as_dict().items():
        factor = times if isinstance(value, int) else 1
        assert value == pytest.approx(factor * expected[name], rel=1e-13, abs=1e-15), name


@given(trials(), st.sampled_from(RISING), st.integers(-7, 7))
@settings(max_examples=100, deadline=None)
def test_a_rising_change_of_scale_changes_nothing_that_rests_on_the_order(
    data: tuple, change: Callable, threshold: int
) -> None:
    scores, labels = data
    expected = evaluate_scores(scores, labels, threshold)
    changed = evaluate_scores(change(scores), labels, change(np.float64(threshold)), scores)
    thresholds = {"threshold": 0, "eer_threshold": 0}
    assert changed.as_dict() | thresholds == expected.as_dict() | thresholds
    assert changed.eer_threshold == change(np.float64(expected.eer_threshold))


@given(trials(), st.integers(-6, 6))
@settings(max_examples=100, deadline=None)
def test_swapped_labels_of_negated_scores(data: tuple, threshold: int) -> None:
    """Both error rates change places; what weighs the classes alike stays."""
    scores, labels = data
    # Between the scores, since either class is accepted at the threshold itself.
    at = threshold + 0.5
    found = evaluate_scores(scores, labels, at)
    swapped = evaluate_scores(-scores, 1 - labels, -at)
    assert (swapped.far, swapped.frr) == pytest.approx((found.frr, found.far), abs=1e-15)
    for name in ("auc", "accuracy", "balanced_accuracy", "hter", "cllr"):
        assert getattr(swapped, name) == pytest.approx(getattr(found, name), abs=1e-13), name
    assert (swapped.true_bona_fide, swapped.false_bona_fide) == (
        found.true_spoof,
        found.false_spoof,
    )


@given(trials(), st.integers(-7, 7))
@settings(max_examples=150, deadline=None)
def test_bounds(data: tuple, threshold: int) -> None:
    found = evaluate_scores(*data, threshold)
    shares = ("eer", "auc", "accuracy", "balanced_accuracy", "precision", "recall", "f1_score")
    for name in (*shares, "hter", "far", "frr"):
        assert 0 <= getattr(found, name) <= 1, name
    assert 0 <= found.min_dcf <= min(1, found.act_dcf)
    assert found.cllr >= 0
    assert found.hter == pytest.approx(1 - found.balanced_accuracy, abs=1e-15)
    assert found.recall == pytest.approx(1 - found.frr, abs=1e-15)


def test_a_score_at_the_threshold_is_accepted() -> None:
    found = evaluate_scores(np.array([0.0, 1.0]), np.array([0, 1]), 1.0)
    assert (found.true_bona_fide, found.false_bona_fide, found.accuracy) == (1, 0, 1.0)


def test_nothing_accepted_is_no_division_by_zero() -> None:
    found = evaluate_scores(np.array([0.0, 1.0]), np.array([0, 1]), 9.0)
    assert (found.precision, found.recall, found.f1_score) == (0.0, 0.0, 0.0)
    assert Decisions(0, 0, 1, 1).precision == 0.0


def test_detection_survives_its_dictionary() -> None:
    found = evaluate_scores(np.array([0.0, 1.0, 2.0]), np.array([0, 1, 0]), 1.0)
    assert DetectionMetrics.from_dict(found.as_dict() | {"min_tdcf": 0.1}) == found
    counts = {"n_bona_fide", "n_spoof", "true_bona_fide", "false_bona_fide", "true_spoof"}
    published = {
        *OF_SCORES,
        *OF_RATIOS,
        *("accuracy", "balanced_accuracy", "precision", "recall", "f1_score"),
        *("hter", "far", "frr", "threshold", "eer_threshold"),
        *counts,
        "false_spoof",
    }
    assert published <= set(found.as_dict())
    assert set(found.as_dict()) - published <= set(METRICS)


def test_a_metric_that_was_not_measured_is_nan() -> None:
    values = evaluate_scores([0.0, 1.0], [0, 1], 1.0).as_dict()
    found = DetectionMetrics.from_dict({k: v for k, v in values.items() if k != "cllr"})
    assert np.isnan(found.cllr)
    kept = {name: value for name, value in found.as_dict().items() if name != "cllr"}
    assert kept == {name: value for name, value in values.items() if name != "cllr"}
    assert list(found.as_dict()) == list(values)


def test_what_every_version_wrote_must_be_there_and_numbers() -> None:
    values = evaluate_scores([0.0, 1.0], [0, 1], 1.0).as_dict()
    with pytest.raises(KeyError, match="n_spoof"):
        DetectionMetrics.from_dict({k: v for k, v in values.items() if k != "n_spoof"})
    for name in ("far", "n_spoof", "threshold"):
        with pytest.raises(ValueError, match=name):
            DetectionMetrics.from_dict(values | {name: "0.5"})


def test_metrics_are_attributes_and_nothing_else_is() -> None:
    found = evaluate_scores([0.0, 1.0, 2.0], [0, 1, 0], 1.0)
    for name in METRICS:
        assert getattr(found, name) == found.values[name]
        assert type(found.values[name]) is float
    with pytest.raises(AttributeError, match="no metric is called d_prime"):
        found.d_prime  # noqa: B018
    assert copy.deepcopy(found) == found


@pytest.mark.parametrize(
    ("scores", "labels", "llrs", "text"),
    [
        ([1.0, 2.0], [1, 1], None, "no spoof"),
        ([], [], None, "no bona-fide"),
        ([1.0, np.nan], [0, 1], None, "not finite"),
        ([1.0, 2.0, 3.0], [0, 1], None, "one length"),
        ([1.0, 2.0], [-1, 1], None, "0 .spoof."),
        ([1.0, 2.0], [0, 1], [1.0, np.inf], "not finite"),
        ([1.0, 2.0], [0, 1], [1.0], "one length"),
    ],
)
def test_refuses(scores: list, labels: list, llrs: list | None, text: str) -> None:
    with pytest.raises(AudiosError, match=text):
        evaluate_scores(scores, labels, 0.0, llrs)
