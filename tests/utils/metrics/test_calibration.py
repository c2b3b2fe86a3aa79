"""From scores to probabilities: in theory, by hand, by definition and by properties."""

import warnings
from dataclasses import asdict, replace
from math import log

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from src.utils.errors import AudiosError
from src.utils.metrics.calibration import (
    CONFIDENCE,
    Calibration,
    Decided,
    decide,
    fit_calibration,
    verdicts_of,
)
from src.utils.metrics.cllr import cllr
from src.utils.metrics.dcf import act_dcf, min_dcf
from src.utils.metrics.eer import det_curve, fix_threshold
from tests.utils.drawing import trials

PLAIN = Calibration(1.0, 0.0, 0.0, 0.9, 10, 10)
"""Whose scores are log-likelihood ratios already."""


def normal_scores(
    n_spoof: int, n_bona_fide: int, apart: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of deviation 1 around 0 and `apart`: the true ratio is apart * (x - apart / 2)."""
    labels = np.r_[np.zeros(n_spoof, int), np.ones(n_bona_fide, int)]
    return np.random.default_rng(seed).normal(apart * labels), labels


def fitted_plainly(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope and offset that cost least, by a search over the cost as it is written down."""
    n_bona_fide, n_spoof = int(labels.sum()), int((1 - labels).sum())
    targets = [(n_bona_fide + 1) / (n_bona_fide + 2), 1 / (n_spoof + 2)]

    def cost(line: np.ndarray) -> float:
        llrs = line[0] * scores + line[1]
        total = 0.0
        for value, target in zip((1, 0), targets, strict=True):
            of_class = llrs[labels == value]
            total += np.mean(
                target * np.logaddexp(0, -of_class) + (1 - target) * np.logaddexp(0, of_class)
            )
        return total

    options = {"xatol": 1e-10, "fatol": 1e-16, "maxiter": 10_000, "maxfev": 10_000}
    found = minimize(cost, [0.0, 0.0], method="Nelder-Mead", options=options)
    return tuple(minimize(cost, found.x, method="Nelder-Mead", options=options).x)


@pytest.mark.parametrize("apart", [0.5, 2.0, 4.0])
@pytest.mark.parametrize(("n_spoof", "n_bona_fide"), [(60_000, 60_000), (110_000, 10_000)])
def test_many_normal_scores(apart: float, n_spoof: int, n_bona_fide: int) -> None:
    """Line and cost are those of theory, however often the classes happen to be there."""
    # On a scale of its own, as a detector's scores are.
    scores, labels = normal_scores(n_spoof, n_bona_fide, apart)
    found = fit_calibration(5 * scores - 30, labels)
    assert 5 * found.slope == pytest.approx(apart, rel=0.03)
    assert found.offset - 30 * found.slope == pytest.approx(-(apart**2) / 2, rel=0.05, abs=0.02)
    theory, _ = quad(
        lambda llr: np.logaddexp(0, -llr) / np.log(2) * norm.pdf(llr, apart**2 / 2, apart),
        *(-12 * apart, 12 * apart + apart**2),
    )
    # On scores that it was not fitted on.
    others, their_labels = normal_scores(100_000, 100_000, apart, seed=1)
    llrs = found.llrs(5 * others - 30)
    assert cllr(llrs, their_labels) == pytest.approx(theory, abs=0.005)
    least = min_dcf(det_curve(llrs, their_labels))
    assert act_dcf(llrs, their_labels) == pytest.approx(least, abs=0.01)


@pytest.mark.parametrize(
    ("n_spoof", "n_bona_fide", "apart"),
    [(10, 10, 1.0), (40, 5, 1.5), (100, 100, 0.3), (30, 60, 9.0), (3, 3, 30.0)],
)
def test_no_line_costs_less(n_spoof: int, n_bona_fide: int, apart: float) -> None:
    scores, labels = normal_scores(n_spoof, n_bona_fide, apart, seed=4)
    found = fit_calibration(scores, labels)
    slope, offset = fitted_plainly(scores, labels)
    expected = slope * scores + offset
    np.testing.assert_allclose(found.llrs(scores), expected, atol=1e-5 * (1 + abs(offset)))
    assert (found.n_spoof, found.n_bona_fide) == (n_spoof, n_bona_fide)


@pytest.mark.parametrize(("n_spoof", "n_bona_fide"), [(1, 1), (3, 8), (1000, 10)])
def test_two_scores_that_part_the_classes(n_spoof: int, n_bona_fide: int) -> None:
    """A line goes through any two points, so here it meets Platt's targets themselves.

    A bona-fide clip's is (n + 1) / (n + 2), odds of n + 1 to 1: as if one more of the other class
    had been there. Nobody is certain.
    """
    scores = np.r_[np.full(n_spoof, -2.0), np.full(n_bona_fide, 5.0)]
    labels = (scores > 0).astype(int)
    found = fit_calibration(scores, labels)
    spoof, bona_fide = found.llrs([-2.0, 5.0])
    assert bona_fide == pytest.approx(log(n_bona_fide + 1), rel=1e-6)
    assert spoof == pytest.approx(-log(n_spoof + 1), rel=1e-6)
    assert found.probabilities([5.0])[0] == pytest.approx(1 - 1 / (n_bona_fide + 2), abs=1e-7)


def test_classes_that_happen_not_to_overlap_give_no_certainty() -> None:
    scores, labels = normal_scores(20, 20, 12.0)
    assert scores[labels == 0].max() < scores[labels == 1].min()
    probabilities = fit_calibration(scores, labels).probabilities(scores)
    assert probabilities.max() < 0.99
    assert probabilities.min() > 0.01
    # More clips that do not overlap earn more trust.
    more = fit_calibration(*normal_scores(2000, 2000, 12.0))
    assert more.slope > fit_calibration(scores, labels).slope


@given(trials(st.floats(-50, 50)))
@settings(max_examples=60, deadline=None)
def test_ratios_rise_with_scores_and_are_finite(data: tuple) -> None:
    scores, labels = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit_calibration(scores, labels)
    assert found.slope >= 0
    assert np.isfinite([found.slope, found.offset]).all()
    assert (np.diff(found.llrs(np.sort(scores))) >= 0).all()
    assert (np.diff(found.probabilities(np.sort(scores))) >= 0).all()
    assert {type(value) for value in (found.slope, found.offset, found.threshold)} == {float}


@given(trials())
@settings(max_examples=60, deadline=None)
def test_scores_are_never_turned_around(data: tuple) -> None:
    """Whichever way they point, one of the two directions is told nothing of, at least."""
    scores, labels = data
    one, other = fit_calibration(scores, labels), fit_calibration(-scores, labels)
    assert min(one.slope, other.slope) == 0
    for found in (one, other):
        if found.slope == 0:
            assert found.offset == 0


def test_scores_that_point_the_wrong_way_say_nothing() -> None:
    scores, labels = normal_scores(100, 50, 3.0)
    found = fit_calibration(-scores, labels)
    assert (found.llrs(scores) == 0).all()
    assert (found.probabilities(scores) == 0.5).all()
    assert cllr(found.llrs(-scores), labels) == 1.0
    assert set(found.verdicts(scores)) == {"inconclusive"}


@pytest.mark.parametrize("score", [0.0, 0.5, 0.1, -1e9 / 3, 1e-300])
def test_one_score_for_all_says_nothing(score: float) -> None:
    # Rounding gives the deviation of seven times 0.1 a size of its own.
    found = fit_calibration([score] * 7, [0, 0, 0, 1, 1, 1, 1])
    assert (found.slope, found.offset, found.threshold) == (0.0, 0.0, score)
    # Nor do scores that differ by rounding alone.
    found = fit_calibration([score, np.nextafter(score, np.inf)], [0, 1])
    assert (found.slope, found.offset) == (0.0, 0.0)


@given(
    trials(),
    st.sampled_from([1e-6, 0.3, 7.0, 1e5]),
    st.sampled_from([-100.0, -0.1, 0.0, 3.0]),
)
@settings(max_examples=25, deadline=None)
def test_a_rescaled_score_gives_the_same_ratios(data: tuple, scale: float, shift: float) -> None:
    scores, labels = data
    rescaled = scale * (scores + shift)
    calibration = fit_calibration(scores, labels)
    # Where the slope is nothing but rounding, its sign is chance.
    assume(calibration.slope > 1e-5)
    found = fit_calibration(rescaled, labels).llrs(rescaled)
    np.testing.assert_allclose(found, calibration.llrs(scores), atol=1e-5)


@given(trials(), st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_changes_nothing(data: tuple, chance) -> None:
    scores, labels = data
    order = list(range(len(scores)))
    chance.shuffle(order)
    calibration = fit_calibration(scores, labels)
    assume(calibration.slope > 1e-5)
    found = fit_calibration(scores[order], labels[order]).llrs(scores)
    np.testing.assert_allclose(found, calibration.llrs(scores), atol=1e-5)


def test_ratios_and_probabilities_by_hand() -> None:
    found = replace(PLAIN, slope=2.0, offset=-1.0)
    assert found.llrs([0.0, 0.5, 2.0]).tolist() == [-1.0, 0.0, 3.0]
    # Even odds: a ratio of 3 is 3 to 1.
    assert PLAIN.probabilities([log(3)])[0] == pytest.approx(0.75, abs=1e-15)
    # A quarter bona-fide expected: 3 times 1 to 3 are even.
    assert PLAIN.probabilities([log(3)], prior=0.25)[0] == pytest.approx(0.5, abs=1e-15)
    # Nine in ten expected: 1/3 times 9 to 1 are 3 to 1.
    assert PLAIN.probabilities([-log(3)], prior=0.9)[0] == pytest.approx(0.75, abs=1e-15)
    assert PLAIN.probabilities(0.0) == 0.5
    assert PLAIN.probabilities(np.zeros((2, 3))).shape == (2, 3)


@given(st.floats(0.001, 0.999), st.floats(-5, 5), st.floats(0.01, 9))
def test_the_probability_is_even_where_the_ratio_outweighs_the_prior(
    prior: float, offset: float, slope: float
) -> None:
    calibration = replace(PLAIN, slope=slope, offset=offset)
    score = (-log(prior / (1 - prior)) - offset) / slope
    assert calibration.probabilities(score, prior) == pytest.approx(0.5, abs=1e-9)
    # And where the ratio tells nothing, the prior is all there is.
    assert calibration.probabilities(-offset / slope, prior) == pytest.approx(prior, abs=1e-9)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.99])
def test_bands_of_verdicts(confidence: float) -> None:
    calibration = replace(PLAIN, confidence=confidence)
    # Odds of confidence to doubt: at 0.9, nine to one.
    edge = log(confidence / (1 - confidence))
    scores = [-edge - 5, -edge - 1e-9, -edge + 1e-9, edge - 1e-9, edge + 1e-9, edge + 5]
    expected = ["spoof", "spoof", "inconclusive", "inconclusive", "bona-fide", "bona-fide"]
    if confidence == 0.5:
        # Nothing is left between the two.
        expected[2:4] = ["bona-fide", "spoof"]
    assert calibration.verdicts(scores).tolist() == expected


def test_a_prior_moves_the_bands() -> None:
    # At a ratio of 9 nine in ten are right, if half of all are bona-fide; of a tenth, half.
    at = [log(9) + 1e-9, -log(9) - 1e-9]
    assert PLAIN.verdicts(at).tolist() == ["bona-fide", "spoof"]
    assert PLAIN.verdicts(at, prior=0.1).tolist() == ["inconclusive", "spoof"]
    assert PLAIN.verdicts(at, prior=0.9).tolist() == ["bona-fide", "inconclusive"]
    assert PLAIN.verdicts(np.zeros((2, 2))).shape == (2, 2)


def test_a_probability_at_the_edge_is_enough_on_either_side() -> None:
    verdicts = verdicts_of(np.array([0.9, 0.1, 0.89, 0.11]), 0.9)
    assert verdicts.tolist() == ["bona-fide", "spoof", "inconclusive", "inconclusive"]


def test_decisions_by_hand() -> None:
    # Verdicts from a ratio of 9 on, in either direction. Of four bona-fide trials two are called
    # so, one is called spoof, one left open; of two spoofs one is called so, the other left open.
    llrs = np.log([10.0, 20.0, 1 / 10, 2.0, 1 / 10, 1 / 8])
    labels = [1, 1, 1, 1, 0, 0]
    found = decide(llrs, labels)
    assert found.confidence == CONFIDENCE
    # Classes weigh alike: open (1/4 + 1/2) / 2, wrong (1/4 + 0) / 2 of the other 5/8.
    assert found.inconclusive == pytest.approx(3 / 8, abs=1e-15)
    assert found.error_when_decided == pytest.approx((1 / 8) / (5 / 8), abs=1e-15)
    # A lower confidence decides all: wrong are 1/4 and none.
    all_decided = decide(llrs, labels, 0.6)
    assert (all_decided.inconclusive, all_decided.error_when_decided) == (0.0, 0.125)


def test_nothing_decided_is_no_error_rate() -> None:
    found = decide([0.0, 0.0], [0, 1])
    assert found.inconclusive == 1.0
    assert np.isnan(found.error_when_decided)
    with pytest.raises(AudiosError, match="no spoof"):
        decide([0.0, 0.0], [1, 1])


def test_decisions_survive_their_dictionary() -> None:
    found = decide(np.log([10.0, 1 / 10, 10.0]), [1, 0, 0])
    assert Decided.from_dict(asdict(found) | {"eer": 0.1}) == found
    # JSON has no NaN; what is null there cannot be told.
    none = Decided.from_dict({"confidence": 0.9, "inconclusive": 1, "error_when_decided": None})
    assert none.is_known and none.inconclusive == 1
    assert np.isnan(none.error_when_decided)
    unknown = Decided.from_dict({"confidence": 0.9, "inconclusive": 1})
    assert not unknown.is_known
    assert np.isnan([*asdict(unknown).values()]).all()


def test_verdicts_are_right_as_often_as_they_promise() -> None:
    """Of normal scores and even classes, given verdicts err in a tenth at most, and some do."""
    calibration = fit_calibration(*normal_scores(5000, 5000, 2.0))
    scores, labels = normal_scores(50_000, 50_000, 2.0, seed=1)
    verdicts = calibration.verdicts(scores)
    truth = np.where(labels == 1, "bona-fide", "spoof")
    given_any = verdicts != "inconclusive"
    assert 0.3 < given_any.mean() < 0.7
    assert 0.02 < (verdicts != truth)[given_any].mean() < 1 - CONFIDENCE
    # At the edge of the band, nine in ten are right.
    likely = calibration.probabilities(scores)
    at_edge = np.abs(likely - CONFIDENCE) < 0.01
    assert labels[at_edge].mean() == pytest.approx(CONFIDENCE, abs=0.02)


def test_the_threshold_is_the_fixed_one() -> None:
    scores, labels = normal_scores(30, 70, 1.0)
    found = fit_calibration(scores, labels, confidence=0.7)
    assert found.threshold == fix_threshold(scores, labels)
    assert found.confidence == 0.7
    assert fit_calibration(scores, labels).confidence == CONFIDENCE


@pytest.mark.parametrize(
    ("scores", "labels", "text"),
    [
        ([1.0, 2.0], [1, 1], "no spoof"),
        ([1.0, np.nan], [0, 1], "not finite"),
        ([1.0], [0, 1], "one length"),
    ],
)
def test_refuses(scores: list, labels: list, text: str) -> None:
    with pytest.raises(AudiosError, match=text):
        fit_calibration(scores, labels)
