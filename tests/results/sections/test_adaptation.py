"""What is told of an adapted detector: gains, losses, and what cannot be told."""

from dataclasses import replace
from math import nan

import pytest

from src.adaptation.results import Adaptation, Change, Measurement, TriedShare
from src.results.blocks.text import render_text
from src.results.sections.adaptation import (
    adaptation_sentences,
    adaptation_warnings,
    changes_table,
)


def measured(before: float, after: float, low: float, high: float, p: float = 0.01) -> Measurement:
    """Return clips of one EER before and another after."""
    change = Change(before, after, after - before, low, high, p)
    cost = Change(0.9, 0.7, -0.2, -0.3, -0.1, 0.01)
    return Measurement(500, 700, 80, {"eer": change, "cllr": cost})


@pytest.fixture
def found() -> Adaptation:
    """One that has brought much and cost next to nothing."""
    return Adaptation(
        folds=measured(0.4, 0.3, -0.2, 0.05, 0.2),
        n_folds=5,
        shares=[TriedShare(0.05, 0.35, 0.81), TriedShare(0.5, 0.3, 0.72)],
        apart=measured(0.37, 0.29, -0.1, -0.06),
        old_test=measured(0.05, 0.055, -0.01, 0.015, 0.6),
        n_known=12,
        n_known_speakers=3,
        n_without_speaker=7,
    )


def test_a_gain_is_told_with_what_it_cost(found: Adaptation) -> None:
    assert adaptation_warnings(found) == []
    told = " ".join(adaptation_sentences(found))
    for words in (
        "nothing was learnt: EER 37.00% before, 29.00% after, -8.00 points",
        "(95 % interval -10.0 to -6.0; hardly chance (p 0.010))",
        "own test is not forgotten (a loss of less than 2 points)",
        "in 5 folds by speaker (5%: 0.8100; 50%: 0.7200)",
        "12 clips of 3 speakers were left out",
        "7 clips have no speaker",
    ):
        assert words in told
    table = render_text([changes_table(found)])
    assert table.count("1,200 clips, 80 speakers") == 6
    assert "-8.00 points" in table


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (measured(0.3, 0.3, -0.02, 0.02, 1.0), "it is no better than before: EER 30.00%"),
        (measured(0.3, 0.35, 0.01, 0.09), "it is worse than before: EER 30.00%"),
        (measured(0.3, 0.29, -0.05, 0.02, 0.4), "not by more than chance: EER 30.00%"),
    ],
)
def test_what_helped_in_folds_alone_is_a_warning(
    found: Adaptation, apart: Measurement, words: str
) -> None:
    [warning] = adaptation_warnings(replace(found, apart=apart))
    assert words in warning


@pytest.mark.parametrize(
    ("test", "is_forgotten", "words"),
    [
        (measured(0.05, 0.12, 0.03, 0.11), True, "own test is told worse: EER 5.00% before"),
        (measured(0.05, 0.06, 0.001, 0.015), False, "own test is not forgotten"),
        (measured(0.05, 0.07, -0.01, 0.06, 0.2), None, "Whether it is forgotten cannot be told"),
        (measured(0.05, 0.07, nan, nan, nan), None, "Whether it is forgotten cannot be told"),
        (None, None, "was not measured: no vectors"),
    ],
)
def test_what_was_known_before(
    found: Adaptation, test: Measurement | None, is_forgotten: bool | None, words: str
) -> None:
    found = replace(found, old_test=test, no_old_test="" if test else "no vectors")
    assert found.is_forgotten is is_forgotten
    assert words in " ".join(adaptation_sentences(found))
    assert bool(adaptation_warnings(found)) == bool(is_forgotten)
