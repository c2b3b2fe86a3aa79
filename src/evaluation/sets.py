"""Metrics of one detector over many test sets: their average, and all clips pooled."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from src.evaluation.results import RESAMPLES, Intervals, Results, evaluate_trials
from src.evaluation.sets_file import SetRow
from src.evaluation.trials import Trials
from src.utils.metrics.bootstrap import intervals, resample
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS


def average_sets(tests: Sequence[Trials], threshold: float, seed: int = 7) -> SetRow:
    """Return the unweighted mean of every metric over test sets.

    Every set is resampled by its own speakers, and the mean is taken draw by draw. Sets of the very
    same speakers, such as a corpus and a noisy copy of it, see the same draws; others are drawn
    independently. How many clusters there are is counted by the effective degrees of freedom of a
    sum of variances (Welch 1947, "The generalization of Student's problem when several different
    population variances are involved"; Satterthwaite 1946).

    Parameters
    ----------
    tests : sequence of Trials
        Of each set.
    threshold : float
        Fixed beforehand; a clip is taken for bona-fide when its score is at or above it.
    seed : int
        Of the bootstrap.
    """
    points = [evaluate_scores(one.scores, one.labels, threshold, one.llrs).values for one in tests]
    seeds = [_seed_of(one, seed) for one in tests]
    drawn = [
        resample(one.scores, one.labels, one.clusters, threshold, one.llrs, RESAMPLES, own)
        for one, own in zip(tests, seeds, strict=True)
    ]
    counts = [one.clusters.count(one.labels) for one in tests]
    n_bona_fide = [int((one.labels == 1).sum()) for one in tests]
    n_spoof = [int((one.labels == 0).sum()) for one in tests]
    ratio = sum(n_spoof) / sum(n_bona_fide)
    values: dict[str, float] = {}
    spans: Intervals = {}
    for name in METRICS:
        values[name] = float(np.mean([point[name] for point in points]))
        # Of sets that share their speakers, the sum is what varies.
        parts: dict[int, np.ndarray] = {}
        fewest: dict[int, int] = {}
        for own, draws, count in zip(seeds, drawn, counts, strict=True):
            parts[own] = parts.get(own, 0.0) + draws[name]
            fewest[own] = min(count, fewest.get(own, count))
        n_clusters = _effective_number(list(parts.values()), list(fewest.values()))
        mean = np.mean([draws[name] for draws in drawn], axis=0)
        spans |= intervals(
            {name: mean}, n_clusters, spoofs_per_bona_fide=ratio, points={name: values[name]}
        )
    return SetRow(
        name="average",
        values=values,
        ci95=spans,
        ci95_over=f"speakers of each of {len(tests)} sets",
        n_bona_fide=sum(n_bona_fide),
        n_spoof=sum(n_spoof),
    )


def pool_sets(tests: Sequence[Trials], threshold: float, seed: int = 7) -> SetRow:
    """Return the metrics of the clips of all test sets together, with intervals over all speakers.

    Speakers of one name in different sets are different people, unless the sets have the very same
    speakers.

    Parameters
    ----------
    tests, threshold, seed
        See `average_sets`.
    """
    numbers = [_seed_of(one, seed) for one in tests]
    pooled = Trials(
        files=np.concatenate([one.files for one in tests]),
        scores=np.concatenate([one.scores for one in tests]),
        labels=np.concatenate([one.labels for one in tests]),
        llrs=np.concatenate([one.llrs for one in tests]),
        speakers=np.concatenate(
            [
                np.where(one.speakers == "", "", np.char.add(f"{number} ", one.speakers))
                for one, number in zip(tests, numbers, strict=True)
            ]
        ),
    )
    return row_of("pooled", evaluate_trials(pooled, threshold, seed=seed))


def row_of(name: str, results: Results, **about: Any) -> SetRow:
    """Return what a table of test sets tells of the results of one.

    Parameters
    ----------
    name : str
        Of the row.
    results : Results
        Of the test.
    about : dict
        Further attributes of `SetRow`.
    """
    found = results.detection
    return SetRow(
        name=name,
        values=dict(found.values),
        ci95=dict(results.ci95),
        ci95_over=results.ci95_over,
        n_bona_fide=found.n_bona_fide,
        n_spoof=found.n_spoof,
        **about,
    )


def _seed_of(trials: Trials, seed: int) -> int:
    """Return a seed that sets of the same speakers share, in whatever order they are tested."""
    names = np.unique(trials.speakers if trials.has_speakers else trials.files)
    text = "\0".join([str(seed), *names.tolist()])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _effective_number(parts: Sequence[np.ndarray], counts: Sequence[int]) -> float:
    """Return how many clusters the sum of independent parts is as good as."""
    fewest = min(counts)
    if fewest == 1:
        return fewest
    variances = np.array([np.nanvar(part) for part in parts])
    if not variances.sum() > 0:
        return fewest
    freedom = variances.sum() ** 2 / (variances**2 / (np.array(counts) - 1)).sum()
    return float(freedom) + 1
