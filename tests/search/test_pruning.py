"""Trials given up before their last fold: never by chance alone, soon where they are worse."""

import numpy as np

from src.search.pruning import is_hopeless

FOLDS, CLIPS = 5, 100
"""Of each class, in a fold."""
ONE_CLIP = 0.5 / CLIPS


def eers_of(rate: float, hardness: np.ndarray, chance: np.random.Generator) -> list[float]:
    """Draw the EERs of a trial: folds are as hard for all trials, clips err by chance."""
    rates = np.clip(rate + hardness, 0, 1)
    return list(chance.binomial(CLIPS, rates) / CLIPS)


def share_given_up(rate: float, others_rate: float, seed: int) -> float:
    """Return the share of trials that are given up before the last fold."""
    chance, given_up = np.random.default_rng(seed), 0
    n = 600
    for _ in range(n):
        hardness = chance.normal(0, 0.02, FOLDS)
        others = [eers_of(others_rate, hardness, chance) for _ in range(10)]
        others.sort(key=np.mean)
        eers = eers_of(rate, hardness, chance)
        given_up += any(is_hopeless(eers[:done], others, ONE_CLIP) for done in range(2, FOLDS))
    return given_up / n


def test_what_is_as_good_goes_on() -> None:
    """Three looks at 5 % each, of which the later ones see what the first has seen."""
    assert share_given_up(0.1, 0.1, seed=1) < 0.1


def test_what_is_better_goes_on() -> None:
    assert share_given_up(0.05, 0.1, seed=2) < 0.02


def test_what_is_clearly_worse_is_given_up() -> None:
    assert share_given_up(0.4, 0.1, seed=3) > 0.95


def test_too_little_is_known() -> None:
    others = [[0.1] * FOLDS] * 5
    assert is_hopeless([0.4, 0.4], others, ONE_CLIP)
    assert not is_hopeless([0.4], others, ONE_CLIP)
    assert not is_hopeless([0.4, 0.4], others[:4], ONE_CLIP)


def test_one_clip_is_no_difference() -> None:
    """Folds that agree to the digit would otherwise be taken for certainty."""
    others = [[0.1] * FOLDS] * 5
    assert not is_hopeless([0.1 + ONE_CLIP] * 3, others, ONE_CLIP)
    assert is_hopeless([0.1 + 4 * ONE_CLIP] * 4, others, ONE_CLIP)


def test_not_above_the_median() -> None:
    """Worse than the best one, but better than most."""
    others = [[0.01] * FOLDS, *[[0.3] * FOLDS] * 6]
    assert not is_hopeless([0.2] * 3, others, ONE_CLIP)
