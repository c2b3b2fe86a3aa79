"""The cost of log-likelihood ratios: by hand, by definition, in theory and by properties."""

from math import log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from src.utils.errors import AudiosError
from src.utils.metrics.cllr import bits, cllr
from tests.utils.drawing import trials
from tests.utils.metrics import reference

RATIOS = st.floats(-30, 30)


@pytest.mark.parametrize(
    ("llrs", "labels", "expected"),
    [
        # Ratios of 1 tell nothing: a bit each.
        ([0.0, 0.0, 0.0], [0, 1, 1], 1.0),
        # Three to one and right, in both classes: log2(1 + 1/3).
        ([log(3), -log(3)], [1, 0], log2(4 / 3)),
        # Three to one and wrong: log2(1 + 3) = 2.
        ([-log(3), log(3)], [1, 0], 2.0),
        # Bona-fide at ratios 1 and 3, mean (log2 2 + log2 4/3) / 2; a spoof at 7: log2 8 = 3.
        ([0.0, log(3), log(7)], [1, 1, 0], ((1 + log2(4 / 3)) / 2 + 3) / 2),
        # Classes weigh alike, whatever their sizes: three spoofs at 1/7, log2(8/7), are one.
        ([log(3), *[-log(7)] * 3], [1, 0, 0, 0], (log2(4 / 3) + log2(8 / 7)) / 2),
    ],
)
def test_by_hand(llrs: list, labels: list, expected: float) -> None:
    assert cllr(llrs, labels) == pytest.approx(expected, abs=1e-15)


@given(trials(RATIOS))
@settings(max_examples=300, deadline=None)
def test_is_its_definition(data: tuple) -> None:
    assert cllr(*data) == pytest.approx(reference.cllr(*data), rel=1e-12, abs=1e-12)


@given(trials(RATIOS), st.integers(1, 4), st.randoms())
@settings(max_examples=100, deadline=None)
def test_copies_order_and_swapping_change_nothing(data: tuple, times: int, chance) -> None:
    llrs, labels = data
    expected = cllr(llrs, labels)
    assert expected >= 0
    order = list(range(len(llrs))) * times
    chance.shuffle(order)
    assert cllr(llrs[order], labels[order]) == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert cllr(-llrs, 1 - labels) == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("deviation", [0.5, 1.0, 2.0, 4.0])
def test_ratios_of_normal_distributions_cost_what_theory_says(deviation: float) -> None:
    """Their true ratios are normal too, around plus and minus half their variance."""
    mean = deviation**2 / 2
    theory, _ = quad(
        lambda llr: np.logaddexp(0, -llr) / np.log(2) * norm.pdf(llr, mean, deviation),
        *(mean - 12 * deviation, mean + 12 * deviation),
    )
    count = 200_000
    chance = np.random.default_rng(1)
    labels = np.repeat([0, 1], count)
    llrs = chance.normal(np.where(labels == 1, mean, -mean), deviation)
    error = np.std(bits(llrs, labels)) / np.sqrt(2 * count)
    assert abs(cllr(llrs, labels) - theory) < 4 * error
    # To promise more than is so, or less, costs.
    assert cllr(2 * llrs, labels) > theory + 10 * error
    assert cllr(llrs / 2, labels) > theory + 10 * error


def test_ratios_too_large_for_exp() -> None:
    # A sure and right ratio costs nothing, a sure and wrong one as many bits as it claims.
    assert cllr([1000.0, -1000.0], [1, 0]) == 0.0
    assert cllr([-1000.0, -1000.0], [1, 0]) == pytest.approx(500 / log(2), rel=1e-14)


@pytest.mark.parametrize(
    ("llrs", "labels", "text"),
    [
        ([1.0, 2.0], [0, 0], "no bona-fide"),
        ([1.0, np.inf], [0, 1], "not finite"),
        ([1.0], [0, 1], "one length"),
        ([1.0, 2.0], [-1, 1], "0 .spoof."),
    ],
)
def test_refuses(llrs: list, labels: list, text: str) -> None:
    with pytest.raises(AudiosError, match=text):
        cllr(llrs, labels)
