"""How much clips weigh, and how that is chosen."""

from dataclasses import replace

import numpy as np
import pytest

from src.adaptation.learning import SHARES, Tried, weigh
from src.models.preparation import BALANCED, UNWEIGHTED, clip_weights
from tests.adaptation.cases import make_case


@pytest.mark.parametrize("class_weight", [BALANCED, UNWEIGHTED])
@pytest.mark.parametrize("share", SHARES)
def test_the_clips_have_their_share_in_each_class(make_set, share, class_weight) -> None:
    train = make_set(30, 10)
    train = replace(train, weight=np.linspace(1, 2, 40))
    joined = weigh(train, make_case(4).where(np.arange(12)), share)
    weights = clip_weights(joined, class_weight)
    is_new = np.arange(len(joined)) >= len(train)
    for label in (0, 1):
        of_class = joined.y == label
        assert weights[of_class & is_new].sum() / weights[of_class].sum() == pytest.approx(share)
    # Clips of the training weigh as they did to each other.
    assert joined.weight[:40].tolist() == train.weight.tolist()


def tried(**scores: list[float]) -> Tried:
    labels = np.array([1, 0, 1, 0, 1, 0, 1, 0], np.int8)
    rows = np.arange(8)
    folds = [(rows[rows // 4 != fold], rows[rows // 4 == fold]) for fold in (0, 1)]
    return Tried(folds, {float(k[1:]) / 100: np.array(v) for k, v in scores.items()}, labels)


GOOD, BAD = [1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, -1.0]


def test_the_lowest_cllr_then_share_is_chosen() -> None:
    close = [0.9, -0.8, 1.1, -1.2] * 2
    assert tried(s5=BAD * 2, s10=GOOD * 2, s20=BAD * 2).share == 0.1
    assert tried(s5=GOOD * 2, s20=GOOD * 2).share == 0.05
    # Both without an error: of scores that lie apart as evenly the ratios are the surer ones.
    assert tried(s5=close, s20=GOOD * 2).share == 0.2
    assert tried(s5=GOOD * 2, s20=close).share == 0.05


def test_no_clip_has_a_say_in_how_it_is_scored() -> None:
    """Each share is good on one fold alone: the clips of the other fold choose the bad one."""
    found = tried(s5=GOOD + BAD, s20=BAD + GOOD)
    assert found.honest.tolist() == BAD + BAD
    assert found.chosen.tolist() == GOOD + BAD
