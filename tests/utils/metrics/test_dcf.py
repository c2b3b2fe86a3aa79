"""Detection costs: by hand, by definition and by properties."""

from collections.abc import Callable
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.errors import AudiosError
from src.utils.metrics.dcf import ASVSPOOF5, DetectionCosts, act_dcf, min_dcf
from src.utils.metrics.eer import det_curve
from tests.utils.drawing import RISING, trials
from tests.utils.metrics import reference

COSTS = [("0.05", "1", "10"), ("0.5", "1", "1"), ("0.9", "3", "0.5"), ("0.01", "1", "100")]
"""P_spoof, C_miss, C_fa."""


def costs_of(texts: tuple[str, str, str]) -> DetectionCosts:
    return DetectionCosts(*map(float, texts))


def test_the_costs_of_asvspoof5() -> None:
    # Rejecting all bona-fide costs 1 * 0.95, accepting all spoofs 10 * 0.05: the latter is 1.
    assert ASVSPOOF5.of(0.0, 1.0) == 1.0
    assert ASVSPOOF5.of(1.0, 0.0) == pytest.approx(1.9, abs=1e-15)
    # -log(0.95 / 0.5): an accepted spoof costs about half a rejected bona-fide trial.
    assert ASVSPOOF5.bayes_threshold == pytest.approx(-0.641853886172395, abs=1e-15)
    assert exp(-ASVSPOOF5.bayes_threshold) == pytest.approx(1.9, abs=1e-14)


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 0.0),
        # The wrong way round nothing is better than accepting all.
        ([1, 2, 3, 4], [1, 1, 0, 0], 1.0),
        ([5, 5, 5, 5], [0, 1, 0, 1], 1.0),
        # At 2 no bona-fide trial is rejected, one spoof of four accepted: 1/4.
        # At 4 one of two bona-fide is rejected, no spoof accepted: 1.9 / 2.
        ([0, 0, 1, 3, 2, 4], [0, 0, 0, 0, 1, 1], 0.25),
        # One bona-fide trial of ten lies below all spoofs: 1.9 / 10.
        ([0, *range(5, 14), 1, 2], [1] * 10 + [0, 0], 0.19),
    ],
)
def test_min_dcf_by_hand(scores: list, labels: list, expected: float) -> None:
    assert min_dcf(det_curve(scores, labels)) == pytest.approx(expected, abs=1e-15)


def test_act_dcf_by_hand() -> None:
    # Accepted from -0.64 on. Of the bona-fide trials -1 is rejected, of the spoofs 0.1 and -0.5
    # are accepted: 1.9 / 4 + 2 / 3.
    llrs, labels = [2.0, -0.6, 0.0, -1.0, 0.1, -0.5, -0.7], [1, 1, 1, 1, 0, 0, 0]
    assert act_dcf(llrs, labels) == pytest.approx(1.9 / 4 + 2 / 3, abs=1e-15)
    # Where all costs are alike the threshold is 0: half of the bona-fide, a third of the spoofs.
    even = DetectionCosts(0.5, 1.0, 1.0)
    assert act_dcf(llrs, labels, even) == pytest.approx(2 / 4 + 1 / 3, abs=1e-15)


def test_a_ratio_at_the_threshold_is_accepted() -> None:
    at = ASVSPOOF5.bayes_threshold
    assert act_dcf([at, at], [0, 1]) == 1.0
    below = np.nextafter(at, -1.0)
    assert act_dcf([below, below], [0, 1]) == pytest.approx(1.9, abs=1e-15)


@given(trials(), st.sampled_from(COSTS))
@settings(max_examples=300, deadline=None)
def test_min_dcf_is_its_definition(data: tuple, texts: tuple) -> None:
    found = min_dcf(det_curve(*data), costs_of(texts))
    assert found == pytest.approx(reference.min_dcf(*data, *texts), abs=1e-12)


@given(trials(st.floats(-4, 4)), st.sampled_from(COSTS))
@settings(max_examples=300, deadline=None)
def test_act_dcf_is_its_definition(data: tuple, texts: tuple) -> None:
    found = act_dcf(*data, costs_of(texts))
    assert found == pytest.approx(reference.act_dcf(*data, *texts), abs=1e-12)


@given(trials(), st.sampled_from(COSTS))
@settings(max_examples=200, deadline=None)
def test_bounds(data: tuple, texts: tuple) -> None:
    costs = costs_of(texts)
    least, actual = min_dcf(det_curve(*data), costs), act_dcf(*data, costs)
    assert 0 <= least <= min(actual, 1)
    assert actual <= costs.of(1.0, 1.0)


@given(trials(), st.sampled_from(RISING), st.integers(1, 4), st.randoms())
@settings(max_examples=150, deadline=None)
def test_scale_copies_and_order_change_nothing(
    data: tuple, change: Callable, times: int, chance
) -> None:
    scores, labels = data
    expected = min_dcf(det_curve(scores, labels))
    assert min_dcf(det_curve(change(scores), labels)) == expected
    order = list(range(len(scores))) * times
    chance.shuffle(order)
    copied = scores[order], labels[order]
    assert min_dcf(det_curve(*copied)) == pytest.approx(expected, abs=1e-15)
    assert act_dcf(*copied) == pytest.approx(act_dcf(scores, labels), abs=1e-15)


@given(trials(), st.sampled_from(COSTS))
@settings(max_examples=150, deadline=None)
def test_swapped_labels_of_negated_scores_cost_the_same_at_swapped_costs(
    data: tuple, texts: tuple
) -> None:
    """What a missed bona-fide trial cost, an accepted spoof does, and as many are expected."""
    scores, labels = data
    costs = costs_of(texts)
    swapped = DetectionCosts(1 - costs.p_spoof, c_miss=costs.c_fa, c_fa=costs.c_miss)
    assert swapped.bayes_threshold == pytest.approx(-costs.bayes_threshold, abs=1e-14)
    found = min_dcf(det_curve(-scores, 1 - labels), swapped)
    assert found == pytest.approx(min_dcf(det_curve(scores, labels), costs), abs=1e-13)
    # The decisions too, but for a ratio at the very threshold, which either accepts.
    moved = scores + 0.25
    assert act_dcf(-moved, 1 - labels, swapped) == pytest.approx(
        act_dcf(moved, labels, costs), abs=1e-13
    )


def test_only_the_proportion_of_costs_counts() -> None:
    chance = np.random.default_rng(3)
    labels = chance.integers(0, 2, 200)
    scores = chance.normal(labels)
    tenfold = replace(ASVSPOOF5, c_miss=10 * ASVSPOOF5.c_miss, c_fa=10 * ASVSPOOF5.c_fa)
    curve = det_curve(scores, labels)
    assert min_dcf(curve, tenfold) == pytest.approx(min_dcf(curve), abs=1e-14)
    assert act_dcf(scores, labels, tenfold) == pytest.approx(act_dcf(scores, labels), abs=1e-14)


def test_calibrated_ratios_cost_hardly_more_than_the_best_threshold() -> None:
    """True ratios of two normal distributions, deviation 2 and 4 apart: x itself."""
    chance = np.random.default_rng(5)
    labels = np.repeat([0, 1], 40_000)
    llrs = chance.normal(np.where(labels == 1, 2.0, -2.0), 2.0)
    least = min_dcf(det_curve(llrs, labels))
    assert least <= act_dcf(llrs, labels) < least + 0.005
    # Ratios that promise too little, or of a shifted scale, pay for it; the least cost stays.
    assert act_dcf(llrs + 3, labels) > least + 0.1
    assert min_dcf(det_curve(llrs + 3, labels)) == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize(
    ("llrs", "labels", "text"),
    [
        ([1.0, 2.0], [1, 1], "no spoof"),
        ([1.0, np.nan], [0, 1], "not finite"),
        ([1.0, 2.0, 3.0], [0, 1], "one length"),
        ([1.0, 2.0], [0, 2], "0 .spoof."),
    ],
)
def test_act_dcf_refuses(llrs: list, labels: list, text: str) -> None:
    with pytest.raises(AudiosError, match=text):
        act_dcf(llrs, labels)


def test_the_threshold_is_where_both_wrong_decisions_cost_the_same() -> None:
    for texts in COSTS:
        costs = costs_of(texts)
        # By Bayes, of clips whose ratio is this one: odds of bona-fide by odds of spoof.
        odds = exp(costs.bayes_threshold) * (1 - costs.p_spoof) / costs.p_spoof
        assert odds * costs.c_miss == pytest.approx(costs.c_fa, rel=1e-12)
        assert log(odds) == pytest.approx(log(costs.c_fa / costs.c_miss), abs=1e-12)
