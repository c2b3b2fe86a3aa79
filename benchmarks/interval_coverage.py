"""How often 95 % intervals hold the truth, over speakers and in the plain ways.

Run as `python benchmarks/interval_coverage.py [--tests=200]`. Many small tests are made up, of 12
to 300 speakers with four clips in either class, whose scores lie around a mean of their own in
each; the true values are those of normal distributions. For each metric, in per cent of the tests:

- ours: intervals over speakers, percentiles expanded for their number and bias-corrected;
- plain percentiles of the same draws;
- clips: percentiles of as many draws of clips, as if no two were of one voice.

95 is right; by chance alone, 200 tests come to between 92.0 and 98.0, 1,000 to between 93.6 and
96.3. Then two systems of one quality, whose scores have half in common, are compared: how often the
p-value is below 0.05 (5 % is right, less is careful), with and without the number of speakers.
"""

import argparse
import multiprocessing
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from benchmarks.parts.simulation import simulate
from src.utils.metrics.bootstrap import interval, intervals, p_value, resample
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.dcf import ASVSPOOF5
from src.utils.metrics.detection import evaluate_scores
from src.utils.parallel import n_workers

SPEAKERS = (12, 30, 100, 300)
CLIPS = 4
APART = 2.0
THRESHOLD = 0.8
RESAMPLES = 1000
COMPARED = ("eer", "auc", "cllr")


def true_metrics() -> dict[str, float]:
    """Return what infinitely many speakers would come to."""
    least = minimize_scalar(
        lambda at: ASVSPOOF5.of(norm.cdf(at - APART), norm.sf(at)), (0.0, 1.0), tol=1e-12
    )
    return {
        "eer": norm.sf(APART / 2),
        "min_dcf": least.fun,
        "auc": norm.cdf(APART / np.sqrt(2)),
        "frr": norm.cdf(THRESHOLD - APART),
    }


def holds(n_speakers: int, truth: dict[str, float], seed: int) -> np.ndarray:
    """Return whether the intervals of one test hold the truth, shape (metrics, kinds)."""
    scores, labels, speakers = simulate(n_speakers, CLIPS, seed, APART)
    draws = [
        resample(scores, labels, Clusters(of), THRESHOLD, None, RESAMPLES, seed)
        for of in (speakers, np.arange(len(labels)))
    ]
    points = evaluate_scores(scores, labels, THRESHOLD).values
    ours = intervals(draws[0], n_speakers, points=points)
    kinds = (ours, *({name: interval(found[name]) for name in truth} for found in draws))
    return np.array(
        [
            [kind[name][0] <= value <= kind[name][1] for kind in kinds]
            for name, value in truth.items()
        ]
    )


def parts(n_speakers: int, seed: int) -> np.ndarray:
    """Return whether two systems of one quality are told apart, shape (metrics, kinds)."""
    common, labels, speakers = simulate(n_speakers, CLIPS, 3 * seed, APART, own=0.57, each=0.42)
    draws = []
    for number in (1, 2):
        alone, _, _ = simulate(n_speakers, CLIPS, 3 * seed + number, 0.0, own=0.57, each=0.42)
        scores = common + alone
        # True log-likelihood ratios, since the deviation is 1.
        llrs = APART * (scores - APART / 2)
        draws.append(resample(scores, labels, Clusters(speakers), THRESHOLD, llrs, RESAMPLES, seed))
    differences = [draws[0][name] - draws[1][name] for name in COMPARED]
    return np.array([[p_value(d, n_speakers) < 0.05, p_value(d) < 0.05] for d in differences])


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=200)
    options = parser.parse_args()
    truth = true_metrics()
    seeds = range(options.tests)
    print(f"{options.tests:,} tests of each size, {RESAMPLES:,} resamples, in per cent")
    print("true " + ", ".join(f"{name} {value:.4f}" for name, value in truth.items()))
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(n_workers()) as pool:
        print("intervals that hold the truth: ours / plain percentiles / clips")
        _print_row("speakers", truth)
        for n_speakers in SPEAKERS:
            shares = np.mean(pool.map(partial(holds, n_speakers, truth), seeds), axis=0)
            _print_row(n_speakers, [" / ".join(f"{100 * s:5.1f}" for s in row) for row in shares])
        print("equal systems told apart: ours / without the number of speakers")
        _print_row("speakers", COMPARED)
        for n_speakers in SPEAKERS:
            shares = np.mean(pool.map(partial(parts, n_speakers), seeds), axis=0)
            _print_row(n_speakers, [" / ".join(f"{100 * s:5.1f}" for s in row) for row in shares])
    print(f"{time.perf_counter() - start:.0f} s on {n_workers()} cores")


def _print_row(first: object, cells: object) -> None:
    print(f"{first!s:>8}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
