"""Which search trial is the best, and whether the validation can tell."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from src.evaluation.trials import Trials
from src.search.choice import best_first, count_tied, judge_choice, ranking
from src.utils.metrics.eer import compute_eer

NAN = float("nan")


@pytest.mark.parametrize(
    ("eers", "cllrs", "order"),
    [
        ([0.2, 0.1, 0.3], [0.1, 0.9, 0.1], [1, 0, 2]),
        # Equal EERs, which may differ in the last bit: the lower Cllr, not the first.
        ([0.1, 0.1, 0.1 + 1e-16], [0.5, 0.2, 0.1], [2, 1, 0]),
        # Equal in both: the earlier trial.
        ([0.1, 0.0, 0.0], [0.1, 0.3, 0.3], [1, 2, 0]),
        # A Cllr that is not known loses a tie, and no more than that.
        ([0.0, 0.0, 0.1], [NAN, 0.9, 0.1], [1, 0, 2]),
        # What failed comes last, whatever else is said of it.
        ([NAN, 0.4, NAN], [0.0, 0.9, NAN], [1, 0, 2]),
        ([], [], []),
    ],
)
def test_ranking(eers: list, cllrs: list, order: list) -> None:
    assert ranking(eers, cllrs).tolist() == order


def test_a_table_is_ranked_with_a_cllr_or_without() -> None:
    table = pd.DataFrame({"trial": [0, 1, 2], "validation_eer": [0.0, NAN, 0.0]})
    assert best_first(table)["trial"].tolist() == [0, 2, 1]
    table["validation_cllr"] = [0.4, NAN, 0.3]
    assert best_first(table)["trial"].tolist() == [2, 0, 1]


def test_ties() -> None:
    assert count_tied([0.0, 0.1, 0.0, NAN]) == 2
    assert count_tied([NAN]) == 0
    assert count_tied([]) == 0


def trials(n_speakers: int, wrong: int, clips: int = 4) -> Trials:
    """Clips of which so many speakers of each class are taken for the other."""
    labels = np.repeat([1, 0], n_speakers * clips)
    speakers = np.char.add("s", np.repeat(np.arange(2 * n_speakers), clips).astype(str))
    chance = np.random.default_rng(0)
    scores = np.where(labels == 1, 1.0, -1.0) + chance.normal(0, 0.1, len(labels))
    is_wrong = np.tile(np.arange(n_speakers * clips) < wrong * clips, 2)
    scores = np.where(is_wrong, -scores, scores)
    return Trials(speakers.copy(), scores, labels, scores, speakers)


def test_a_clear_choice() -> None:
    best, middling = trials(40, 1), trials(40, 12)
    eers = [compute_eer(one.scores, one.labels)[0] for one in (best, middling, middling)]
    found = judge_choice(eers, best, middling, 7)
    assert found.is_decisive
    assert (found.n_trials, found.n_tied, found.n_inside) == (3, 1, 1)
    assert (found.n_bona_fide, found.n_spoof, found.n_speakers) == (160, 160, 40)
    assert (found.eer, found.median_eer) == pytest.approx((1 / 40, 12 / 40))
    assert found.low < found.eer < found.high
    assert found.gain_low < found.median_eer - found.eer < found.gain_high
    assert found.one_clip == 0.5 / 160


def test_trials_that_tie_are_no_choice() -> None:
    best = trials(40, 0)
    found = judge_choice([0.0] * 29 + [0.1], best, best, 7)
    assert not found.is_decisive
    assert (found.n_trials, found.n_tied) == (30, 29)
    assert (found.gain_low, found.gain_high) == (0, 0)


def test_few_speakers_decide_nothing() -> None:
    """Three speakers of whom one is taken wrongly: others might have been as well."""
    found = judge_choice([0.0, 1 / 3, 1 / 3], trials(3, 0), trials(3, 1), 7)
    assert found.median_eer - found.eer == pytest.approx(1 / 3)
    assert found.gain_low <= 0
    assert not found.is_decisive


def test_a_difference_of_a_clip_decides_nothing() -> None:
    one = judge_choice([0.0, 0.1], trials(40, 0), trials(40, 12), 7)
    assert one.is_decisive
    assert not replace(one, median_eer=one.one_clip).is_decisive


def test_one_speaker_a_class() -> None:
    """Whatever is drawn anew are their own clips: there is no sure choice."""
    alone = trials(1, 0, clips=5)
    found = judge_choice([0.0, 0.5], alone, trials(1, 1, clips=5), 7)
    assert not found.is_decisive
    assert found.n_speakers == 1
    nameless = replace(alone, speakers=np.full(len(alone), ""))
    assert judge_choice([0.0], nameless, nameless, 7).n_speakers is None
    assert asdict(found)["n_trials"] == 2
