"""How fast metrics and their bootstrap are, against scikit-learn and against sorting and adding.

Run as `python benchmarks/metrics.py`. Two parts, each in one process and on one core, by turns, the
best of the rounds:

All metrics of a million scores:
- ours: `evaluate_scores`;
- the alternative: the same metrics with scikit-learn's functions, which must agree to 1e-9;
- the limit: `np.argsort` of the scores alone.

A thousand resamples, all metrics, of as many scores as the evaluation of ASVspoof 2019 LA has
(7,355 bona-fide and 63,882 spoof, here of 67 speakers):
- ours: `resample`, over speakers, and over speakers and 13 attacks;
- the alternative: scikit-learn's functions on the trials of the drawn speakers, timed on a few
  resamples and grown by their number;
- the limit: the weight of every trial gathered and added up, one `np.take` and one `np.cumsum`.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
from scipy.special import expit
from sklearn import metrics
from threadpoolctl import threadpool_limits

from src.utils.metrics.bootstrap import resample
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.dcf import ASVSPOOF5
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS

N_SCORES = 1_000_000
N_BONA_FIDE, N_SPOOF = 7_355, 63_882
N_SPEAKERS, N_ATTACKS = 67, 13
N_RESAMPLES = 1000
N_PLAIN = 5
THRESHOLD = 1.0


def make_scores(n_bona_fide: int, n_spoof: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of two normal distributions, two deviations apart, in no order, and labels."""
    chance = np.random.default_rng(7)
    labels = chance.permutation(np.repeat([1, 0], [n_bona_fide, n_spoof]))
    return chance.normal(2.0 * labels), labels


def ours(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Compute all metrics; the ratios are the true ones."""
    return evaluate_scores(scores, labels, THRESHOLD, 2 * scores - 2).values


def by_scikit_learn(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Compute the same with scikit-learn's functions, one after the other."""
    llrs = 2 * scores - 2
    far, recall, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    frr = 1 - recall
    # The curve goes from accepting none to accepting all; of equals the last is the lowest.
    gap = np.abs(frr - far).round(14)
    nearest = len(gap) - 1 - np.argmin(gap[::-1])
    called = scores >= THRESHOLD
    precision, recall_there, f1, _ = metrics.precision_recall_fscore_support(
        labels, called, average="binary"
    )
    (_, false_there), _ = metrics.confusion_matrix(labels, called, normalize="true")
    (_, false_at_bayes), (missed_at_bayes, _) = metrics.confusion_matrix(
        labels, llrs >= ASVSPOOF5.bayes_threshold, normalize="true"
    )
    share = np.bincount(labels)[labels]
    return {
        "eer": (frr[nearest] + far[nearest]) / 2,
        "min_dcf": ASVSPOOF5.of(frr, far).min(),
        "act_dcf": ASVSPOOF5.of(missed_at_bayes, false_at_bayes),
        "cllr": metrics.log_loss(labels, expit(llrs), sample_weight=1 / share) / np.log(2),
        "auc": metrics.roc_auc_score(labels, scores),
        "accuracy": metrics.accuracy_score(labels, called),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, called),
        "precision": precision,
        "recall": recall_there,
        "f1_score": f1,
        "hter": (false_there + 1 - recall_there) / 2,
        "far": false_there,
        "frr": 1 - recall_there,
    }


def seconds_for(functions: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the best time of each, taken by turns."""
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for place, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def print_times(names: tuple[str, ...], seconds: list[float]) -> None:
    """Print the time of each, then ratio and fraction of the first; the last is the limit."""
    for name, taken in zip(names, seconds, strict=True):
        print(f"  {name:34} {taken:9.3f} s")
    print(
        f"  ratio to the alternative {seconds[-2] / seconds[0]:.1f}, fraction of the limit "
        f"{seconds[-1] / seconds[0]:.2f}"
    )


def compare_metrics(rounds: int) -> None:
    """Measure and print the first part."""
    scores, labels = make_scores(N_SCORES // 2, N_SCORES // 2)
    found, expected = ours(scores, labels), by_scikit_learn(scores, labels)
    apart = max(abs(found[name] - expected[name]) for name in METRICS)
    if apart > 1e-9:
        raise ValueError(f"the metrics differ by up to {apart:.1e}")
    taken = seconds_for(
        [
            lambda: ours(scores, labels),
            lambda: by_scikit_learn(scores, labels),
            lambda: np.argsort(scores),
        ],
        rounds,
    )
    print(f"{len(METRICS)} metrics of {N_SCORES:,} scores, equal to {apart:.0e}")
    print_times(("ours", "scikit-learn", "np.argsort alone (the limit)"), taken)


def compare_resamples(rounds: int) -> None:
    """Measure and print the second part."""
    scores, labels = make_scores(N_BONA_FIDE, N_SPOOF)
    chance = np.random.default_rng(1)
    speakers = chance.integers(N_SPEAKERS, size=len(labels))
    attacks = chance.integers(N_ATTACKS, size=len(labels))
    rows_of = [np.flatnonzero(speakers == number) for number in range(N_SPEAKERS)]
    weights = chance.multinomial(N_SPEAKERS, np.full(N_SPEAKERS, 1 / N_SPEAKERS), N_RESAMPLES)

    def over(clusters: Clusters) -> object:
        return resample(scores, labels, clusters, THRESHOLD, 2 * scores - 2, N_RESAMPLES)

    def plainly() -> None:
        for _ in range(N_PLAIN):
            drawn = chance.integers(N_SPEAKERS, size=N_SPEAKERS)
            rows = np.concatenate([rows_of[number] for number in drawn])
            by_scikit_learn(scores[rows], labels[rows])

    def gather_and_add() -> None:
        for row in weights:
            np.cumsum(np.take(row, speakers))

    taken = seconds_for(
        [
            lambda: over(Clusters(speakers)),
            lambda: over(Clusters(speakers, attacks)),
            plainly,
            gather_and_add,
        ],
        rounds,
    )
    taken[2] *= N_RESAMPLES / N_PLAIN
    print(f"{N_RESAMPLES:,} resamples of {len(scores):,} scores")
    names = ("ours", "ours, attacks too", "scikit-learn", "gathering and adding (the limit)")
    print_times(names, taken)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with threadpool_limits(1):
        compare_metrics(options.rounds)
        compare_resamples(options.rounds)


if __name__ == "__main__":
    main()
