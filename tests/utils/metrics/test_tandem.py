"""The tandem cost: by hand, by definition and by properties."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.errors import AudiosError
from src.utils.metrics.eer import det_curve
from src.utils.metrics.tandem import (
    ASVSPOOF2019,
    TandemCosts,
    VerifierErrors,
    min_tdcf,
    min_tdcf_2019,
)
from tests.utils.drawing import RISING, trials
from tests.utils.metrics import reference

RATES = [
    (Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)),
    (Fraction(1, 50), Fraction(1, 40), Fraction(1, 3)),
    (Fraction(0), Fraction(0), Fraction(1)),
    (Fraction(1, 100), Fraction(1, 100), Fraction(1, 1000)),
    (Fraction(3, 5), Fraction(1, 10), Fraction(9, 10)),
]
"""Of verifiers: miss, fa, fa_spoof. Spoofs cost less than bona-fide trials in all but the last."""


def errors_of(rates: tuple) -> VerifierErrors:
    return VerifierErrors(*map(float, rates))


def test_the_costs_of_the_challenges() -> None:
    assert ASVSPOOF2019.p_target == pytest.approx(0.9405, abs=1e-15)
    assert ASVSPOOF2019.p_nontarget == pytest.approx(0.0095, abs=1e-15)
    assert (ASVSPOOF2019.p_spoof, ASVSPOOF2019.c_miss) == (0.05, 1.0)
    assert (ASVSPOOF2019.c_fa, ASVSPOOF2019.c_fa_spoof) == (10.0, 10.0)


def test_by_hand() -> None:
    # miss and fa 1/4, fa_spoof 1/2:
    #   c0 = 0.9405 / 4 + 0.0095 * 10 / 4 = 0.235125 + 0.02375 = 0.258875
    #   c1 = 0.9405 - 0.258875 = 0.681625
    #   c2 = 0.05 * 10 / 2 = 0.25, the lesser of the two
    verifier = errors_of(RATES[0])
    # A perfect detector leaves c0 / (c0 + c2).
    perfect = det_curve([1.0, 2.0, 3.0], [0, 1, 1])
    assert min_tdcf(perfect, verifier) == pytest.approx(0.258875 / 0.508875, abs=1e-14)
    assert min_tdcf_2019(perfect, verifier) == 0.0
    # Spoofs 0 and 2, bona-fide 1, 3, 4, 5. Accepting from 1 on: FRR 0, FAR 1/2, 0.125. From 3 on:
    # FRR 1/4, FAR 0, 0.17040625. The first is less.
    curve = det_curve([0.0, 2.0, 1.0, 3.0, 4.0, 5.0], [0, 0, 1, 1, 1, 1])
    assert min_tdcf(curve, verifier) == pytest.approx((0.258875 + 0.125) / 0.508875, abs=1e-14)
    assert min_tdcf_2019(curve, verifier) == pytest.approx(0.5, abs=1e-14)


@pytest.mark.parametrize("rates", RATES)
@given(data=trials())
@settings(max_examples=100, deadline=None)
def test_is_its_definition(rates: tuple, data: tuple) -> None:
    curve, verifier = det_curve(*data), errors_of(rates)
    found, older = min_tdcf(curve, verifier), min_tdcf_2019(curve, verifier)
    assert found == pytest.approx(reference.min_tdcf(*data, rates), abs=1e-12)
    assert older == pytest.approx(reference.min_tdcf_2019(*data, rates), abs=1e-12)
    # The older kind forgives the verifier's errors.
    assert 0 <= older <= found + 1e-15
    assert found <= 1 + 1e-15


@given(trials(), st.sampled_from(RISING), st.integers(1, 4), st.randoms())
@settings(max_examples=100, deadline=None)
def test_scale_copies_and_order_change_nothing(
    data: tuple, change: Callable, times: int, chance
) -> None:
    scores, labels = data
    order = list(range(len(scores))) * times
    chance.shuffle(order)
    for figure in (min_tdcf, min_tdcf_2019):
        expected = figure(det_curve(scores, labels), errors_of(RATES[1]))
        changed = figure(det_curve(change(scores)[order], labels[order]), errors_of(RATES[1]))
        assert changed == pytest.approx(expected, abs=1e-14)


def test_a_verifier_is_counted_at_the_threshold_of_its_eer() -> None:
    # At 1.5, one target of four lies below and one non-target of four at or above: their EER.
    # Of the spoofs, 3 and 1.5 are let in.
    found = VerifierErrors.of_scores([1, 2, 3, 4], [-1, 0, 1.5, -2], [3.0, 0.5, 1.5, 1.4])
    assert found == VerifierErrors(0.25, 0.25, 0.5)


@given(
    st.permutations(range(30)),
    st.integers(1, 15),
    st.integers(1, 12),
)
@settings(max_examples=150, deadline=None)
def test_the_challenges_tools_count_one_trial_otherwise(
    scores: list, n_target: int, n_nontarget: int
) -> None:
    """They accept the highest score that the EER's point rejects."""
    target, spoof = scores[:n_target], scores[27:]
    nontarget = scores[n_target : n_target + n_nontarget]
    found = VerifierErrors.of_scores(target, nontarget, spoof)
    both = [*target, *nontarget]
    labels = [1] * n_target + [0] * n_nontarget
    eer, threshold = reference.eer(both, labels)
    rejected = [score for score in both if score < threshold]
    highest = max(rejected, default=min(both) - 1)
    theirs = [np.mean([s >= highest for s in kind]) for kind in (target, nontarget, spoof)]
    assert (found.miss + found.fa) / 2 == pytest.approx(eer, abs=1e-12)
    assert abs(found.miss - (1 - theirs[0])) <= 1 / n_target + 1e-12
    assert abs(found.fa - theirs[1]) <= 1 / n_nontarget + 1e-12
    # Spoofs lie in between as they may.
    assert found.fa_spoof <= theirs[2]


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        (([], [0.0], [0.0]), "no target"),
        (([1.0], [], [0.0]), "no nontarget"),
        (([1.0], [0.0], []), "no spoof"),
        (([1.0], [0.0], [np.nan]), "1 scores are not finite"),
        (([1.0, np.inf], [0.0], [0.0]), "1 scores are not finite"),
    ],
)
def test_scores_of_a_verifier_that_are_none(kinds: tuple, text: str) -> None:
    with pytest.raises(AudiosError, match=text):
        VerifierErrors.of_scores(*kinds)


@pytest.mark.parametrize(
    ("verifier", "text"),
    [
        (VerifierErrors(0.1, 0.1, 0.0), "accepts no spoof"),
        (VerifierErrors(1.0, 0.0, 0.5), "serves nobody"),
        (VerifierErrors(0.95, 1.0, 0.5), "serves nobody"),
    ],
)
def test_verifiers_that_leave_nothing_to_do(verifier: VerifierErrors, text: str) -> None:
    curve = det_curve([0.0, 1.0], [0, 1])
    for figure in (min_tdcf, min_tdcf_2019):
        with pytest.raises(AudiosError, match=text):
            figure(curve, verifier)


def test_other_costs() -> None:
    # Without non-targets, and with misses ten times as dear: c0 = 0.5 * 10 * 0.1 = 0.5,
    # c1 = 5 - 0.5, c2 = 0.5 * 1 * 0.4 = 0.2. Accepting all: (0.5 + 0.2) / 0.7.
    costs = TandemCosts(p_spoof=0.5, p_target_of_rest=1.0, c_miss=10.0, c_fa_spoof=1.0)
    backwards = det_curve([1.0, 0.0], [0, 1])
    verifier = VerifierErrors(0.1, 0.3, 0.4)
    assert min_tdcf(backwards, verifier, costs) == pytest.approx(1.0, abs=1e-15)
    # Half of the spoofs rejected for nothing: (0.5 + 0.1) / 0.7.
    better = det_curve([2.0, 0.0, 1.0], [0, 0, 1])
    assert min_tdcf(better, verifier, costs) == pytest.approx(0.6 / 0.7, abs=1e-15)
