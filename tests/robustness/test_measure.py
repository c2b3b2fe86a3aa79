"""The metrics of conditions: the same numbers as those of a test and of a paired comparison."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.evaluation.paired import compare_trials
from src.evaluation.results import evaluate_trials
from src.robustness.measure import NO_CLASS, measure_conditions, trials_of_scores
from src.robustness.results import MEASURED
from src.scoring.kept import KeptScores
from src.utils.audio.augmentations.conditions import CLEAN, choose_conditions
from src.utils.metrics.calibration import Calibration

CALIBRATION = Calibration(2.0, 0.1, 0.2, 0.9, 10, 10)
[NOISE, LOUD] = choose_conditions(["white-25-db", "gain-6-db"])


def test_as_a_test_and_a_comparison_say(scored: Callable) -> None:
    clips, random = scored(), np.random.default_rng(0)
    y = clips["y"].to_numpy()
    clean = random.normal(size=len(y)) + 2 * y
    noisy = clean + random.normal(size=len(y)) - 0.5
    noisy[:4] = np.nan
    kept = {
        CLEAN: KeptScores(Path("a"), "", clean, {}),
        NOISE: KeptScores(Path("b"), "", noisy, dict.fromkeys(range(4), "is short")),
    }
    (first, second), left_out = measure_conditions(clips, kept, CALIBRATION, 7)
    assert left_out == {}
    everything = np.ones(len(y), bool)
    trials = trials_of_scores(clips, clean, CALIBRATION, everything)
    assert trials is not None
    results = evaluate_trials(trials, CALIBRATION.threshold)
    for name in MEASURED:
        one = first.metrics[name]
        assert one.value == getattr(results.detection, name)
        assert (one.low, one.high) == pytest.approx(results.ci95[name])
        assert first.changes[name].value == 0
    assert second.n_failed == 4
    parts = [trials_of_scores(clips, s, CALIBRATION, np.isfinite(noisy)) for s in (clean, noisy)]
    assert parts[0] is not None
    assert parts[1] is not None
    limits = (CALIBRATION.threshold, CALIBRATION.threshold)
    wanted = compare_trials(parts[0], parts[1], limits).set_index("metric")
    for name in MEASURED:
        change = second.changes[name]
        row = wanted.loc[name]
        assert (change.value, change.low, change.high) == pytest.approx(
            (row["difference"], row["low"], row["high"])
        )
    changes = (noisy - clean)[4:]
    for value, shift in zip((1, 0), second.shifts.values(), strict=True):
        of_class = changes[y[4:] == value]
        assert shift.value == pytest.approx(of_class.mean())
        error = of_class.std() / np.sqrt(len(of_class))
        assert 2 * error < shift.high - shift.low < 8 * error


def test_a_condition_without_a_class_is_left_out(scored: Callable) -> None:
    clips = scored(40)
    scores = np.linspace(0, 1, 40)
    none = np.where(clips["y"] == 1, scores, np.nan)
    kept = {
        CLEAN: KeptScores(Path("a"), "", scores, {}),
        LOUD: KeptScores(Path("b"), "", none, {}),
    }
    found, left_out = measure_conditions(clips, kept, CALIBRATION, 7)
    assert [one.name for one in found] == ["clean"]
    assert left_out == {"gain-6-db": NO_CLASS}
