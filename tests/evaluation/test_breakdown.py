"""Figures group by group, against counting clip by clip."""

from collections.abc import Callable
from math import isnan

import numpy as np
import pytest

from src.evaluation.breakdown import Group, break_down
from src.utils.metrics.bootstrap import intervals, resample_eer


def slow_eer(scores: list[float], labels: list[int]) -> float:
    """The EER by its rule, a threshold at a time, in whole numbers."""
    bona_fide = [s for s, label in zip(scores, labels, strict=True) if label]
    spoof = [s for s, label in zip(scores, labels, strict=True) if not label]
    points = []
    for threshold in sorted({*scores, max(scores) + 1}):
        rejected = sum(s < threshold for s in bona_fide)
        accepted = sum(s >= threshold for s in spoof)
        gap = abs(rejected * len(spoof) - accepted * len(bona_fide))
        points.append((gap, threshold, rejected / len(bona_fide) + accepted / len(spoof)))
    return min(points)[2] / 2


def by_name(groups: list[Group]) -> dict[str, Group]:
    return {group.group: group for group in groups}


@pytest.fixture(scope="module")
def conditions() -> dict[str, np.ndarray]:
    """Of 240 trials, 12 speakers with 10 clips of each class, bona-fide first."""
    number = np.arange(240)
    is_bona_fide = number % 20 < 10
    language = np.where(is_bona_fide, "pt", np.where(number < 200, "en", "es"))
    return {
        "attack": np.where(is_bona_fide, "none", np.where(number % 3, "A2", "A10")),
        "codec": np.where(number % 5 == 0, "", np.where(number % 2, "opus", "mp3")),
        "gender": np.where(number < 40, "F", "M"),
        "language": language,
        "source": np.full(240, ""),
    }


def test_every_group(make_trials: Callable, conditions: dict) -> None:
    trials = make_trials(12, 10, conditions=conditions)
    # Ties, as a detector of few values has them.
    object.__setattr__(trials, "scores", trials.scores.round(1))
    found = break_down(trials, 0.3, 100)
    assert {name: [one.group for one in groups] for name, groups in found.items()} == {
        "attack": ["A10", "A2"],
        "codec": ["mp3", "opus", "unknown"],
        "gender": ["F", "M"],
        "language": ["en", "es", "pt"],
    }
    for condition, groups in found.items():
        for group in groups:
            name = "" if group.group == "unknown" else group.group
            inside = [i for i in range(240) if conditions[condition][i] == name]
            bona_fide = [i for i in inside if trials.labels[i] == 1]
            spoof = [i for i in inside if trials.labels[i] == 0]
            assert group.n_bona_fide == len(bona_fide), group
            assert group.n_spoof == len(spoof), group
            assert group.n_speakers == len({trials.speakers[i] for i in inside}), group
            accepted = [sum(trials.scores[i] >= 0.3 for i in part) for part in (spoof, bona_fide)]
            if spoof:
                assert group.far == accepted[0] / len(spoof), group
            else:
                assert isnan(group.far)
            if bona_fide:
                assert group.frr == pytest.approx(1 - accepted[1] / len(bona_fide)), group
            else:
                assert isnan(group.frr)
            against = "" if bona_fide and spoof else "spoof" if bona_fide else "bona-fide"
            assert group.against == against, group
            shown = (bona_fide or [i for i in range(240) if trials.labels[i] == 1]) + (
                spoof or [i for i in range(240) if trials.labels[i] == 0]
            )
            expected = slow_eer(trials.scores[shown].tolist(), trials.labels[shown].tolist())
            assert group.eer == pytest.approx(expected, abs=1e-12), group
            assert group.low <= group.eer <= group.high, group


def test_intervals_of_groups_are_over_speakers(make_trials: Callable, conditions: dict) -> None:
    trials = make_trials(12, 10, own=1.5, conditions=conditions)
    group = by_name(break_down(trials, 0.0, 300, seed=3)["gender"])["M"]
    inside = conditions["gender"] == "M"
    parts = trials.scores[inside], trials.labels[inside]
    over = {}
    for what, drawn_by in (("speakers", trials.speakers), ("clips", trials.files)):
        drawn = resample_eer(*parts, drawn_by[inside], 300, 3)
        n_clusters = len(set(drawn_by[inside & (trials.labels == 1)]))
        over[what] = intervals({"eer": drawn}, n_clusters)["eer"]
    assert (group.low, group.high) == pytest.approx(over["speakers"], abs=0.02)
    assert group.high - group.low > 1.1 * (over["clips"][1] - over["clips"][0])
    again = by_name(break_down(trials, 0.0, 300, seed=3)["gender"])["M"]
    assert again == group


def test_a_condition_must_divide(make_trials: Callable) -> None:
    n = 40
    conditions = {
        "codec": ["mp3"] * n,
        "source": [""] * n,
        "attack": (["", ""] + ["A1"] * 2) * 10,
        "gender": ["F", ""] * 20,
        "duration": [np.nan] * n,
        "speaker": ["a", "b"] * 20,
    }
    trials = make_trials(10, 2, conditions=conditions)
    found = break_down(trials, 0.0, 10)
    # Unknown ones are a group beside known ones; what is not a condition divides nothing.
    assert {name: [one.group for one in groups] for name, groups in found.items()} == {
        "gender": ["F", "unknown"]
    }
    assert break_down(make_trials(2), 0.0, 10) == {}


def test_duration_bands(make_trials: Callable) -> None:
    just_below = [np.nextafter(edge, 0) for edge in (1, 2, 4, 8, 16)]
    seconds = [0.0, *just_below, 1.0, 2.0, 4.0, 8.0, 16.0, 3600.0]
    table = {"duration": np.repeat([*seconds, np.nan], 2)}
    labels = np.tile([1, 0], 13)
    trials = make_trials(
        13,
        1,
        labels=labels,
        conditions=table,
    )
    groups = break_down(trials, 0.0, 10)["duration"]
    assert {one.group: one.n_spoof for one in groups} == {
        "under 1 s": 2,
        "1 to 2 s": 2,
        "2 to 4 s": 2,
        "4 to 8 s": 2,
        "8 to 16 s": 2,
        "16 s and more": 2,
        "unknown": 1,
    }
    assert [one.group for one in groups][-1] == "unknown"
    assert all(one.n_bona_fide == one.n_spoof for one in groups)


def sized(make_trials: Callable, spoofs: list[tuple[int, int]], bona_fide=(60, 6), **parts) -> list:
    """Return whether attacks of (clips, speakers) each are small, beside bona-fide of so many."""
    parts_of = [("", 1, *bona_fide)] + [(f"A{n}", 0, *size) for n, size in enumerate(spoofs)]
    rows = [
        (attack, label, f"s{clip % speakers}")
        for attack, label, clips, speakers in parts_of
        for clip in range(clips)
    ]
    attack, labels, speakers = map(np.array, zip(*rows, strict=True))
    n = len(rows)
    trials = make_trials(
        files=np.arange(n).astype(str),
        scores=np.random.default_rng(0).normal(size=n) + labels,
        labels=labels,
        **{"speakers": speakers, "conditions": {"attack": attack}} | parts,
    )
    return [one.is_small for one in break_down(trials, 0.0, 10)["attack"]]


def test_too_small_groups(make_trials: Callable) -> None:
    sizes = [(30, 5), (29, 5), (30, 4), (29, 4), (1, 1)]
    assert sized(make_trials, sizes) == [False, True, True, True, True]
    # All bona-fide clips are what an attack is measured against: theirs count as well.
    assert sized(make_trials, [(40, 6)] * 2, (30, 5)) == [False, False]
    assert sized(make_trials, [(40, 6)] * 2, (29, 5)) == [True, True]
    assert sized(make_trials, [(40, 6)] * 2, (40, 4)) == [True, True]
    # Where speakers are not known, there is a warning on all of the test instead.
    nobody = np.full(131, "")
    assert sized(make_trials, [(30, 5), (29, 5), (12, 3)], speakers=nobody) == [False, True, True]


def test_both_classes_of_a_group_must_be_large(make_trials: Callable) -> None:
    """A codec whose few bona-fide clips are its own is not helped by those of other codecs."""
    codec = np.where(np.arange(120) % 10 < 5, np.where(np.arange(120) < 20, "a", "b"), "a")
    trials = make_trials(12, 5, conditions={"codec": codec})
    groups = by_name(break_down(trials, 0.0, 10)["codec"])
    assert (groups["a"].n_bona_fide, groups["a"].n_spoof, groups["a"].against) == (10, 60, "")
    assert groups["a"].is_small
    assert (groups["b"].n_spoof, groups["b"].against, groups["b"].is_small) == (0, "spoof", False)


def test_a_single_speaker_of_a_group(make_trials: Callable) -> None:
    gender = np.where(np.arange(120) < 10, "F", "M")
    group = by_name(break_down(make_trials(conditions={"gender": gender}), 0.0, 50)["gender"])["F"]
    assert isnan(group.low) and isnan(group.high)
    assert group.n_speakers == 1 and group.is_small
