"""Two detectors on the same clips: the same, better, or not comparable."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.evaluation.paired import compare_trials
from src.evaluation.trials import Trials
from src.utils.errors import AudiosError
from src.utils.metrics.bootstrap import interval, resample
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS


def compare(first: Trials, second: Trials, n_resamples: int = 200, **options: Any) -> pd.DataFrame:
    return compare_trials(first, second, (0.0, 0.0), n_resamples, **options).set_index("metric")


def taken(trials: Trials, rows: np.ndarray) -> Trials:
    return Trials(
        *(getattr(trials, part)[rows] for part in ("files", "scores", "labels", "llrs")),
        trials.speakers[rows],
        trials.conditions.iloc[rows],
    )


def test_the_same_system(make_trials: Callable) -> None:
    trials = make_trials()
    found = compare(trials, trials)
    assert found.index.tolist() == list(METRICS)
    assert (found["difference"] == 0).all()
    assert (found[["low", "high"]] == 0).all(axis=None)
    assert (found["p_value"] == 1).all()


def test_a_better_system(make_trials: Callable) -> None:
    worse = make_trials()
    gain = 1.5 * (worse.labels - 0.5)
    better = replace(worse, scores=worse.scores + gain, llrs=worse.llrs + gain)
    found = compare(worse, better)
    for side, trials in (("first", worse), ("second", better)):
        expected = evaluate_scores(trials.scores, trials.labels, 0.0, trials.llrs).as_dict()
        assert found[side].to_dict() == {name: expected[name] for name in METRICS}
    difference = found["second"] - found["first"]
    pd.testing.assert_series_equal(found["difference"], difference, check_names=False)
    errors = ["eer", "min_dcf", "cllr", "hter", "far", "frr"]
    assert (found.loc[errors, "high"] < 0).all()
    assert (found.loc[["auc", "accuracy", "precision", "recall", "f1_score"], "low"] > 0).all()
    assert (found.loc[errors, "p_value"] < 0.05).all()
    assert (found["low"] <= found["difference"]).all()
    assert (found["difference"] <= found["high"]).all()
    # The other way round, all of it is turned round.
    back = compare(better, worse)
    np.testing.assert_allclose(back["difference"], -found["difference"])
    np.testing.assert_allclose(back["low"], -found["high"])
    np.testing.assert_allclose(back["p_value"], found["p_value"])


def test_few_speakers_widen_the_interval(make_trials: Callable) -> None:
    pair = [make_trials(4, 15, own=1.0, seed=seed) for seed in (1, 2)]
    one, other = (
        resample(part.scores, part.labels, part.clusters, 0.0, part.llrs, 200)["auc"]
        for part in pair
    )
    low, high = compare(*pair).loc["auc", ["low", "high"]]
    narrow = interval(other - one)
    assert high - low > 1.1 * (narrow[1] - narrow[0])


def test_each_decides_at_its_own_threshold(make_trials: Callable) -> None:
    trials = make_trials()
    moved = replace(trials, scores=trials.scores + 5)
    found = compare_trials(trials, moved, (0.25, 5.25), 50).set_index("metric")
    assert found["difference"].abs().max() < 1e-12
    at_one = compare_trials(trials, moved, (0.25, 0.25), 50).set_index("metric")
    assert at_one["difference"]["far"] > 0.5
    assert at_one["difference"]["eer"] == 0


def test_the_order_of_files_says_nothing(make_trials: Callable) -> None:
    first, second = make_trials(seed=1), make_trials(seed=2)
    expected = compare(first, second)
    chance = np.random.default_rng(0)
    rows = chance.permutation(len(first))
    pd.testing.assert_frame_equal(compare(first, taken(second, rows)), expected)
    pd.testing.assert_frame_equal(compare(taken(first, rows), second), expected)


def test_a_pair_tells_more_than_two_figures(make_trials: Callable) -> None:
    """What is hard for both parts them little: the difference is surer than either figure."""
    first = make_trials(own=1.5, gap=1.0)
    second = replace(first, scores=first.scores + 0.3 * make_trials(seed=5, gap=0).scores)
    paired = compare(first, second).loc["auc"]
    alone = compare(first, taken(make_trials(own=1.5, gap=1.0, seed=9), np.arange(120)))
    assert paired["high"] - paired["low"] < 0.6 * (alone["high"] - alone["low"])["auc"]


def test_other_clips_are_refused(make_trials: Callable) -> None:
    trials = make_trials()
    some = taken(trials, np.arange(100))
    with pytest.raises(AudiosError, match=r"same clips: 20 are .* as 100\.wav, and 0 in"):
        compare(trials, some)
    with pytest.raises(AudiosError, match=r"same clips: 0 are in the first only, and 20 in"):
        compare(some, trials)
    with pytest.raises(AudiosError, match=r"same clips: 120 are .*, and 120 in the second only"):
        compare(trials, replace(trials, files=np.char.add("x", trials.files)))


def test_other_labels_are_refused(make_trials: Callable) -> None:
    trials = make_trials()
    labels = trials.labels.copy()
    labels[[3, 7]] = [0, 1]
    with pytest.raises(AudiosError, match=r"2 clips have another label .*\(3\.wav, 7\.wav\)"):
        compare(trials, replace(trials, labels=labels))


def test_a_clip_that_is_there_twice_is_refused(make_trials: Callable) -> None:
    trials = make_trials()
    files = trials.files.copy()
    files[1] = files[0]
    twice = replace(trials, files=files)
    # The same file twice in both fits clip by clip, yet not score by score.
    for pair in ((twice, twice), (trials, twice), (twice, trials)):
        with pytest.raises(AudiosError, match=r"1 clips were tested twice \(0\.wav\)"):
            compare(*pair)


def test_chance_is_taken_for_a_difference_as_often_as_said() -> None:
    """Two equally good systems, of which each has voices of its own that it finds hard."""
    n_speakers, n_clips, times = 24, 3, 150
    of = np.repeat(np.arange(n_speakers), 2 * n_clips)
    labels = np.tile(np.repeat([0, 1], n_clips), n_speakers)
    files = np.arange(len(of)).astype(str)
    speakers = np.char.add("s", of.astype(str))
    found, outside = [], []
    for seed in range(times):
        chance = np.random.default_rng(seed)
        both = 2.0 * labels - 1 + chance.normal(0, 0.6, len(of))
        pair = []
        for _ in range(2):
            scores = both + chance.normal(0, 0.7, n_speakers)[of] + chance.normal(0, 0.8, len(of))
            pair.append(Trials(files, scores, labels, 2 * scores, speakers))
        one = compare(*pair)
        found.append(one["p_value"] < 0.05)
        outside.append((one["low"] > 0) | (one["high"] < 0))
    metrics = ["auc", "cllr", "hter", "min_dcf", "act_dcf", "accuracy"]
    # An EER of few clips takes few values: equal ones are no sign of a difference.
    assert pd.DataFrame(found)["eer"].mean() < 0.08
    assert 0.03 <= pd.DataFrame(found)[metrics].mean(axis=None) <= 0.09
    assert pd.DataFrame(found)[metrics].mean().max() <= 0.12
    assert 0.02 <= pd.DataFrame(outside)[metrics].mean(axis=None) <= 0.08
