"""The bootstrap of every figure, its intervals, and the comparison of two systems."""

from collections.abc import Callable
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from benchmarks.parts.simulation import simulate
from src.utils.errors import AudiosError
from src.utils.metrics import clusters as clusters_module
from src.utils.metrics.bootstrap import (
    interval,
    intervals,
    p_value,
    resample,
    resample_eer,
)
from src.utils.metrics.clusters import CellCounts, Clusters, Draws
from src.utils.metrics.counts import ScoredTrials
from src.utils.metrics.dcf import ASVSPOOF5
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.eer import compute_eer, det_curve
from src.utils.metrics.metric import quantities_of
from src.utils.metrics.table import METRICS
from tests.utils.drawing import RISING, grouped_trials

N_DRAWS = 6
THRESHOLD = 1.0
"""A score that comes up, so that it matters on which side it is."""
ERRORS = ("eer", "min_dcf", "act_dcf", "hter", "far", "frr")
SUCCESSES = ("auc", "accuracy", "balanced_accuracy", "precision", "recall", "f1_score")


def drawn(n_clusters: int, seed: int | tuple) -> np.ndarray:
    """How often each unit is drawn: as many as there are, with replacement."""
    chance = np.random.default_rng(seed)
    return chance.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=N_DRAWS)


def repetitions(
    labels: np.ndarray, speakers: np.ndarray, attacks: np.ndarray | None, seed: int
) -> list[np.ndarray]:
    """The rows of every draw's data set, each as often as it counts."""
    names = np.unique(speakers)
    of_speaker = drawn(len(names), seed)
    spoof_names = np.unique(attacks[labels == 0]) if attacks is not None else np.empty(0)
    of_attack = drawn(len(spoof_names), (seed, 1)) if attacks is not None else None
    found = []
    for number in range(N_DRAWS):
        rows: list[int] = []
        for row, label in enumerate(labels):
            times = of_speaker[number, np.flatnonzero(names == speakers[row])[0]]
            if of_attack is not None and label == 0:
                times *= of_attack[number, np.flatnonzero(spoof_names == attacks[row])[0]]
            rows += [row] * int(times)
        found.append(np.array(rows, int))
    return found


@pytest.mark.parametrize("with_attacks", [False, True])
@given(data=grouped_trials(), seed=st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_equals_the_figures_of_repeated_trials(with_attacks: bool, data: tuple, seed: int) -> None:
    scores, labels, speakers, attacks = data
    # Some lie at the threshold of their costs itself.
    llrs = scores + ASVSPOOF5.bayes_threshold
    clusters = Clusters(speakers, attacks if with_attacks else None)
    found = resample(scores, labels, clusters, THRESHOLD, llrs, N_DRAWS, seed)
    assert set(found) == set(METRICS)
    for number, rows in enumerate(repetitions(labels, speakers, clusters.attacks, seed)):
        if len(set(labels[rows])) < 2:
            assert all(np.isnan(found[name][number]) for name in METRICS)
            continue
        expected = evaluate_scores(scores[rows], labels[rows], THRESHOLD, llrs[rows]).as_dict()
        for name in METRICS:
            value = found[name][number]
            assert value == pytest.approx(expected[name], rel=1e-12, abs=1e-12), name
    if not with_attacks:
        eer = resample_eer(scores, labels, speakers, N_DRAWS, seed)
        np.testing.assert_array_equal(eer, found["eer"])


def test_every_metric_but_counts_and_thresholds_is_resampled() -> None:
    values = evaluate_scores([0.5, 1.5, 2.5], [0, 1, 0], 1.0).as_dict()
    real = {name for name, value in values.items() if isinstance(value, float)}
    assert set(METRICS) == real - {"threshold", "eer_threshold"}


def test_the_direction_of_every_metric() -> None:
    """What is bounded by error rates, and on which side; Cllr is a cost that no rate bounds."""
    bounded = {name: row.is_error for name, row in METRICS.items() if row.at_rate is not None}
    known = dict.fromkeys(ERRORS, True) | dict.fromkeys(SUCCESSES, False)
    assert {name: bounded.get(name) for name in known} == known
    assert METRICS["cllr"].is_error and METRICS["cllr"].at_rate is None


@given(grouped_trials())
@settings(max_examples=60, deadline=None)
def test_all_trials_are_the_draw_of_weights_1(data: tuple) -> None:
    """One formula: what counts every cell once gives the values on the test itself."""
    scores, labels, speakers, attacks = data
    trials = ScoredTrials.of(scores, labels, THRESHOLD, 1.5 * scores - 1)
    draws = Draws(Clusters(speakers, attacks), trials.labels, 1, 0)
    cells = CellCounts(trials, draws, quantities_of(METRICS.values()))
    drawn_once = cells.of(np.ones(draws.n_cells, np.int64))
    expected = evaluate_scores(scores, labels, THRESHOLD, 1.5 * scores - 1)
    for name, row in METRICS.items():
        value = row.formula(drawn_once)
        assert value == pytest.approx(expected.values[name], rel=1e-13, abs=1e-15), name
    curve = det_curve(scores, labels)
    np.testing.assert_array_equal(drawn_once.curve.thresholds, curve.thresholds)
    np.testing.assert_array_equal(drawn_once.curve.accepted_spoof, curve.accepted_spoof)
    np.testing.assert_array_equal(drawn_once.curve.rejected_bona_fide, curve.rejected_bona_fide)


def test_scores_are_taken_for_ratios_where_none_are_given() -> None:
    scores, labels, speakers = np.arange(6.0), np.array([0, 1] * 3), np.array(list("aabbcc"))
    clusters = Clusters(speakers)
    found = resample(scores, labels, clusters, 2.0, None, 20)
    np.testing.assert_array_equal(
        found["cllr"], resample(scores, labels, clusters, 2.0, scores, 20)["cllr"]
    )


@given(grouped_trials(), st.sampled_from(RISING))
@settings(max_examples=50, deadline=None)
def test_a_rising_change_of_scale_changes_no_draw(data: tuple, change: Callable) -> None:
    scores, labels, speakers, attacks = data
    clusters = Clusters(speakers, attacks)
    expected = resample(scores, labels, clusters, THRESHOLD, scores, 10)
    at = change(np.float64(THRESHOLD))
    found = resample(change(scores), labels, clusters, at, scores, 10)
    for name in METRICS:
        np.testing.assert_array_equal(found[name], expected[name])


@given(grouped_trials(), st.integers(1, 3), st.randoms())
@settings(max_examples=50, deadline=None)
def test_copies_and_order_change_no_draw(data: tuple, times: int, chance) -> None:
    scores, labels, speakers, attacks = data
    expected = resample(scores, labels, Clusters(speakers, attacks), THRESHOLD, None, 10)
    order = list(range(len(scores))) * times
    chance.shuffle(order)
    clusters = Clusters(speakers[order], attacks[order])
    found = resample(scores[order], labels[order], clusters, THRESHOLD, None, 10)
    for name in METRICS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-14)


def test_the_names_of_speakers_say_nothing() -> None:
    """Only their order decides which is drawn when; the interval stays but for chance."""
    scores, labels, numbers = simulate(20, 4, seed=0)
    expected = resample_eer(scores, labels, numbers, 3000)
    same_order = np.array([f"speaker {number:03d}" for number in numbers])
    np.testing.assert_array_equal(resample_eer(scores, labels, same_order, 3000), expected)
    reversed_order = resample_eer(scores, labels, -numbers, 3000)
    assert not np.array_equal(reversed_order, expected)
    assert interval(reversed_order) == pytest.approx(interval(expected), abs=0.01)
    np.testing.assert_array_equal(resample_eer(scores, labels, numbers, 3000, seed=7), expected)
    assert not np.array_equal(resample_eer(scores, labels, numbers, 3000, seed=8), expected)


def test_whole_speakers_are_drawn() -> None:
    """Two speakers who differ in everything: only four mixtures of them can come out."""
    scores = np.r_[np.arange(10), np.arange(10)].astype(float)
    speakers = np.repeat(["a", "b"], 10)
    labels = np.r_[np.arange(10) >= 5, np.arange(10) < 5].astype(int)
    found = resample_eer(scores, labels, speakers, 200)
    assert set(found.round(9)) == {0.0, 0.5, 1.0}
    # Clip by clip there would be many values.
    alone = resample_eer(scores, labels, np.arange(20), 200)
    assert len(set(alone.round(9))) > 10
    assert 0.15 < (found == 0).mean() < 0.35


def test_whole_attacks_are_drawn() -> None:
    """One attack is always caught, the other never: drawn twice, once or not at all."""
    chance = np.random.default_rng(0)
    labels = np.repeat([0, 0, 1], 20)
    scores = np.repeat([-1.0, 2.0, 1.0], 20) + chance.normal(0, 0.1, 60)
    attacks = np.repeat(["caught", "missed", ""], 20)
    speakers = np.tile(np.arange(20), 3)
    found = resample(scores, labels, Clusters(speakers, attacks), 0.0, None, 400)
    assert set(found["far"].round(12)) == {0.0, 0.5, 1.0}
    assert (found["far"] == 0.5).mean() == pytest.approx(0.5, abs=0.1)
    # The speakers are drawn as they are without attacks, and so are bona-fide trials.
    alone = resample(scores, labels, Clusters(speakers), 0.0, None, 400)
    np.testing.assert_allclose(alone["far"], 0.5, atol=1e-12)
    np.testing.assert_array_equal(found["frr"], alone["frr"])


def test_what_is_said_of_the_attack_of_bona_fide_trials_does_not_count() -> None:
    scores, labels, speakers = simulate(8, 3, seed=1)
    attacks = np.array(["A", "B", "C"])[np.arange(len(labels)) % 3]
    expected = resample(scores, labels, Clusters(speakers, attacks), 1.0, None, 50)
    other = np.where(labels == 1, "something else", attacks)
    found = resample(scores, labels, Clusters(speakers, other), 1.0, None, 50)
    for name in METRICS:
        np.testing.assert_array_equal(found[name], expected[name])


def test_other_attacks_are_less_sure_than_these() -> None:
    chance = np.random.default_rng(0)
    scores, labels, speakers = simulate(60, 5, seed=2, own=0.1)
    attacks = np.arange(len(labels)) % 5
    scores = scores + np.where(labels == 0, chance.normal(0, 1.0, 5)[attacks], 0.0)
    spans = []
    for clusters in (Clusters(speakers), Clusters(speakers, attacks)):
        low, high = interval(resample(scores, labels, clusters, 1.0, None, 300)["far"])
        spans.append(high - low)
    assert spans[1] > 2 * spans[0]


def test_the_fewest_clusters_count() -> None:
    labels = np.array([1, 1, 1, 0, 0, 0, 0])
    speakers = np.array(list("abbabcd"))
    assert Clusters(speakers).count(labels) == 2
    # What is said of bona-fide trials is no attack.
    attacks = np.array(["", "u", "v", "x", "y", "y", "x"])
    assert Clusters(np.arange(7)).count(labels) == 3
    assert Clusters(np.arange(7), attacks).count(labels) == 2
    assert Clusters(np.arange(7), np.full(7, "x")).count(labels) == 1


@pytest.mark.parametrize("with_attacks", [False, True])
def test_memory_is_bounded_and_changes_nothing(monkeypatch, with_attacks: bool) -> None:
    scores, labels, speakers = simulate(7, 4, seed=0)
    clusters = Clusters(speakers, np.arange(len(labels)) % 3 if with_attacks else None)
    whole = resample(scores, labels, clusters, 1.0, None, 50)
    monkeypatch.setattr(clusters_module, "_CELLS_AT_ONCE", 200)
    parts = resample(scores, labels, clusters, 1.0, None, 50)
    for name in METRICS:
        np.testing.assert_array_equal(parts[name], whole[name])


def test_a_class_that_is_not_drawn() -> None:
    found = resample_eer([0.0, 1.0], [0, 1], ["a", "b"], 100)
    assert 0.3 < np.isnan(found).mean() < 0.7
    assert set(found[~np.isnan(found)]) == {0.0}
    assert interval(found) == (0.0, 0.0)
    every = resample([0.0, 1.0], [0, 1], Clusters(np.array(["a", "b"])), 0.5, None, 100)
    for name in METRICS:
        np.testing.assert_array_equal(np.isnan(every[name]), np.isnan(found))


@pytest.mark.parametrize(
    ("scores", "labels", "llrs"),
    [
        ([0.0, np.nan], [0, 1], None),
        ([0.0, 1.0], [1, 1], None),
        ([0.0], [0, 1], None),
        ([0.0, 1.0], [0, 1], [0.0, np.nan]),
        ([0.0, 1.0], [0, 1], [0.0]),
    ],
)
def test_bad_trials(scores: list, labels: list, llrs: list | None) -> None:
    with pytest.raises(AudiosError):
        resample(scores, labels, Clusters(np.array(["a", "b"])), 0.0, llrs, 5)
    if llrs is None:
        with pytest.raises(AudiosError):
            resample_eer(scores, labels, ["a", "b"], 5)


def test_interval_is_of_percentiles() -> None:
    values = np.r_[np.arange(101) / 100, np.nan]
    assert interval(values) == pytest.approx((0.025, 0.975))
    assert interval(values, 0.5) == pytest.approx((0.25, 0.75))


def test_interval_of_nothing() -> None:
    assert np.isnan(interval(np.full(5, np.nan))).all()
    assert np.isnan(interval(np.zeros(0))).all()
    # Draws of a single speaker are all the same.
    assert np.isnan(interval(np.full(5, 0.1), n_clusters=1)).all()


@pytest.mark.parametrize(
    ("n_clusters", "quantile"),
    # Student's, as tables have it: t(0.975, n - 1).
    [(5, 2.776445), (10, 2.262157), (20, 2.093024), (40, 2.022691), (100, 1.984217)],
)
def test_percentiles_of_few_clusters_lie_further_out(n_clusters: int, quantile: float) -> None:
    """Of 5 clusters 2.776 * sqrt(5 / 4) = 3.104 normal deviations, 0.1 % to either side."""
    tail = NormalDist().cdf(-quantile * sqrt(n_clusters / (n_clusters - 1)))
    values = np.linspace(0, 1, 1_000_001)
    assert interval(values, n_clusters=n_clusters) == pytest.approx((tail, 1 - tail), abs=1e-7)


def test_percentiles_of_many_clusters_are_plain() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    assert interval(values, n_clusters=10**6) == pytest.approx(interval(values), abs=1e-3)
    widths = [np.diff(interval(values, n_clusters=n))[0] for n in (2, 3, 5, 10, 30, 100)]
    assert (np.diff(widths) <= 0).all()


def test_the_expanded_interval_of_a_mean_is_students() -> None:
    """Of means, which is what it was made for: mean and t times the standard error."""
    chance = np.random.default_rng(0)
    n = 8
    seen = chance.normal(size=n)
    means = seen[chance.integers(0, n, (200_000, n))].mean(axis=1)
    low, high = interval(means, n_clusters=n)
    # t(0.975, 7) is 2.3646.
    half = 2.3646 * seen.std(ddof=1) / np.sqrt(n)
    assert (high - low) / 2 == pytest.approx(half, rel=0.06)
    plain = interval(means)
    assert (plain[1] - plain[0]) / 2 < 0.85 * half


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_an_interval_moves_away_from_where_draws_stray(share: float) -> None:
    """Of a share of draws below the figure, z deviations, the percentiles move by twice as many."""
    values, normal = np.linspace(0, 1, 1_000_001), NormalDist()
    moved = 2 * normal.inv_cdf(share)
    ends = normal.cdf(moved - 1.959964), normal.cdf(moved + 1.959964)
    assert interval(values, point=share) == pytest.approx(ends, abs=1e-5)
    if share == 0.5:
        assert interval(values, point=share) == pytest.approx(interval(values), abs=1e-5)


@pytest.mark.parametrize("figure", [-1.0, 0.0, 0.001, 0.5, 0.999, 1.0, 2.0])
@pytest.mark.parametrize("n_clusters", [None, 2, 5, 100])
def test_a_figure_never_falls_out_of_its_interval(figure: float, n_clusters: int | None) -> None:
    low, high = interval(np.linspace(0, 1, 1001), n_clusters=n_clusters, point=figure)
    # But for half a draw, where it lies beyond all of them.
    assert 0 <= low <= np.clip(figure, 0.0005, 0.9995) <= high <= 1
    if n_clusters == 2:
        # Of so few clusters all draws are not too wide.
        assert high - low > 0.99


def test_draws_that_are_all_the_figure_move_nothing() -> None:
    assert interval(np.full(9, 0.2), point=0.2) == (0.2, 0.2)
    spans = intervals({"eer": np.zeros(9), "auc": np.ones(9)}, 10, points={"eer": 0.0, "auc": 1.0})
    assert spans == intervals({"eer": np.zeros(9), "auc": np.ones(9)}, 10)


@pytest.mark.parametrize("n_clusters", [2, 3, 10, 48, 400])
def test_errors_that_were_not_seen(n_clusters: int) -> None:
    found = {name: np.zeros(20) for name in ERRORS} | {name: np.ones(20) for name in SUCCESSES}
    spans = intervals(found, n_clusters)
    # Clopper and Pearson's end for none of n: 0.025 = (1 - p) ** n.
    most = binomtest(0, n_clusters).proportion_ci().high
    for name in ("eer", "hter", "far", "frr"):
        assert spans[name] == (0.0, pytest.approx(most, abs=1e-12))
    # Both kinds of error that often: (0.95 + 0.5) / 0.5 times as dear; the best threshold is never
    # worse than accepting all.
    assert spans["act_dcf"] == (0.0, pytest.approx(2.9 * most, abs=1e-12))
    assert spans["min_dcf"] == (0.0, pytest.approx(min(1, 2.9 * most), abs=1e-12))
    for name in SUCCESSES:
        assert spans[name] == (pytest.approx(1 - most, abs=1e-12), 1.0)


def test_many_spoofs_spoil_precision() -> None:
    ones = {name: np.ones(20) for name in SUCCESSES}
    spans = intervals(ones, 10, spoofs_per_bona_fide=9.0)
    most = 1 - 0.025**0.1
    # Per bona-fide trial 1 - p are accepted, and of nine spoofs 9 p.
    assert spans["precision"][0] == pytest.approx((1 - most) / (1 - most + 9 * most), abs=1e-12)
    assert spans["f1_score"][0] == pytest.approx(
        2 * (1 - most) / (1 - most + 9 * most + 1), abs=1e-12
    )
    for name in ("auc", "accuracy", "balanced_accuracy", "recall"):
        assert spans[name][0] == pytest.approx(1 - most, abs=1e-12)


def test_errors_that_were_seen_are_left_to_percentiles() -> None:
    chance = np.random.default_rng(0)
    found = {name: chance.uniform(0.1, 0.2, 50) for name in METRICS}
    # No rate of errors: a cost of 0 is nobody's.
    found["cllr"] = np.zeros(50)
    spans = intervals(found, 12, 0.9)
    assert spans == {name: interval(found[name], 0.9, 12) for name in METRICS}
    figures = {"eer": 0.13, "auc": 0.18}
    moved = intervals(found, 12, 0.9, points=figures)
    for name in METRICS:
        assert moved[name] == interval(found[name], 0.9, 12, figures.get(name))
    # All wrong is as bare of news, but nothing to be hidden.
    assert intervals({"eer": np.ones(5), "auc": np.zeros(5)}, 5) == {
        "eer": (1.0, 1.0),
        "auc": (0.0, 0.0),
    }
    assert np.isnan(intervals({"eer": np.zeros(5)}, 1)["eer"]).all()


def test_perfect_scores_are_not_promised_to_stay_so() -> None:
    labels, speakers = np.tile([0, 1], 30), np.repeat(np.arange(10), 6)
    found = resample(10.0 * labels, labels, Clusters(speakers), 5.0, None, 100)
    spans = intervals(found, Clusters(speakers).count(labels))
    assert spans["eer"] == (0.0, pytest.approx(0.3085, abs=1e-4))
    assert spans["auc"] == (pytest.approx(0.6915, abs=1e-4), 1.0)


def test_p_value_by_hand() -> None:
    # Of nine differences one is below 0: 2 * (1 + 1) / (9 + 1).
    assert p_value(np.array([-1.0, 1, 2, 3, 4, 5, 6, 7, 8])) == pytest.approx(0.4)
    # None is: 2 / 10, and never 0.
    assert p_value(np.arange(1.0, 10.0)) == pytest.approx(0.2)
    assert p_value(np.r_[np.arange(1.0, 10.0), np.nan]) == pytest.approx(0.2)
    # A 0 lies on either side.
    assert p_value(np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8])) == pytest.approx(0.4)
    assert p_value(np.zeros(9)) == 1.0
    assert p_value(np.array([-1.0, 1.0])) == 1.0
    assert np.isnan(p_value(np.full(3, np.nan)))
    assert np.isnan(p_value(np.full(3, 0.1), n_clusters=1))


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30), st.integers(2, 50))
@settings(max_examples=100, deadline=None)
def test_p_values(differences: list, n_clusters: int) -> None:
    values = np.array(differences, float)
    plain, raised = p_value(values), p_value(values, n_clusters)
    assert 0 < plain <= 1
    # Which of two systems is called the first says nothing.
    assert p_value(-values) == plain
    assert plain - 1e-12 <= raised <= 1
    assert p_value(values, 10**7) == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("n_clusters", [None, 4, 10, 50])
def test_a_p_value_is_low_where_the_interval_leaves_0_out(n_clusters: int | None) -> None:
    """The interval that ends at 0 is that of level 1 - p."""
    values = np.random.default_rng(0).normal(1.2, 1.0, 100_000)
    p = p_value(values, n_clusters)
    low, _ = interval(values, 1 - p, n_clusters)
    assert low == pytest.approx(0, abs=0.02)


def test_two_systems_see_the_same_draws() -> None:
    scores, labels, speakers = simulate(15, 4, seed=0)
    clusters = Clusters(speakers)
    one = resample(scores, labels, clusters, 1.0, None, 300)
    # The same system on another scale, its trials in another order.
    order = np.random.default_rng(1).permutation(len(labels))
    other = resample(
        (2 * scores + 3)[order], labels[order], Clusters(speakers[order]), 5.0, scores[order], 300
    )
    for name in METRICS:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-12, atol=1e-14)
    # A little better for all: hardly more than either's own interval, yet sure.
    better = resample(scores + 0.3 * labels, labels, clusters, 1.0, None, 300)
    differences = better["auc"] - one["auc"]
    assert interval(differences)[0] > 0
    assert p_value(differences) < 0.05
    assert interval(better["auc"])[0] < interval(one["auc"])[1]


def test_chance_alone_seldom_parts_two_systems() -> None:
    """With six speakers, p-values below 0.05 come up too often unless raised; then never more.

    Two systems of one quality, whose errors on a clip have half in common.
    """
    plain, raised = [], []
    for seed in range(200):
        common, labels, speakers = simulate(6, 4, seed, own=0.5, each=0.4)
        drawn = []
        for system in (1, 2):
            apart, _, _ = simulate(6, 4, 1000 * system + seed, apart=0.0, own=0.5, each=0.4)
            scores = common + apart
            drawn.append(
                resample(scores, labels, Clusters(speakers), 1.0, 2 * scores - 2, 200)["cllr"]
            )
        differences = drawn[0] - drawn[1]
        plain.append(p_value(differences) < 0.05)
        raised.append(p_value(differences, 6) < 0.05)
    assert np.mean(plain) > 0.08
    assert np.mean(raised) < 0.05


def test_the_interval_of_a_best_cost_makes_up_for_its_optimism() -> None:
    """A minDCF is too low, since its threshold is the best for these clips; its draws more so."""
    at = np.linspace(-2, 4, 60_001)
    truth = ASVSPOOF5.of(norm.cdf(at - 2), norm.sf(at)).min()
    held = []
    for seed in range(150):
        scores, labels, speakers = simulate(60, 4, seed)
        found = resample(scores, labels, Clusters(speakers), THRESHOLD, None, 200, seed)["min_dcf"]
        figure = evaluate_scores(scores, labels, THRESHOLD).min_dcf
        spans = interval(found, n_clusters=60), interval(found, n_clusters=60, point=figure)
        held.append([low <= truth <= high for low, high in spans])
    plain, moved = np.mean(held, axis=0)
    assert moved > 0.89
    assert moved > plain + 0.03


def test_intervals_over_speakers_cover_the_truth() -> None:
    """Of 600 made-up tests, 95 % intervals of the EER cover the true one in 93 to 97 %.

    Each has 60 speakers with four clips in either class, around means of their own in each. No
    binomial test, at 5 % and one-sided, tells the share from that range. Had clips been drawn, the
    interval would promise far too much.
    """
    truth = norm.sf(1.0)
    n_tests, n_speakers = 600, 60
    covered, by_clips = [], []
    for seed in range(n_tests):
        scores, labels, speakers = simulate(n_speakers, 4, seed)
        found = resample_eer(scores, labels, speakers, 300, seed)
        eer, _ = compute_eer(scores, labels)
        low, high = interval(found, n_clusters=n_speakers, point=eer)
        covered.append(low <= truth <= high)
        if seed % 6 == 0:
            low, high = interval(resample_eer(scores, labels, np.arange(len(labels)), 100, seed))
            by_clips.append(low <= truth <= high)
    assert binomtest(sum(covered), n_tests, 0.93, alternative="less").pvalue > 0.05
    assert binomtest(sum(covered), n_tests, 0.97, alternative="greater").pvalue > 0.05
    assert np.mean(by_clips) < 0.85
