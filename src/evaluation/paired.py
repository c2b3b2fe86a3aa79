"""Paired comparison of two detectors on the same clips, by the cluster bootstrap."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.utils.errors import AudiosError, shorten
from src.utils.metrics.bootstrap import interval, metrics_of_draws, p_value
from src.utils.metrics.clusters import Draws
from src.utils.metrics.counts import ScoredTrials
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS


def compare_trials(
    first: Trials,
    second: Trials,
    thresholds: tuple[float, float],
    n_resamples: int = 1000,
    seed: int = 7,
) -> pd.DataFrame:
    """Compare two detectors by a paired bootstrap: the same speakers are drawn for both.

    What is hard in a draw is hard for both, so that the interval of a difference is far narrower
    than those of the two metrics.

    Parameters
    ----------
    first, second : Trials
        The scores of each detector, of the same clips in any order.
    thresholds : (float, float)
        At or above which each detector accepts a clip.
    n_resamples : int
        How many draws the bootstrap makes.
    seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        A row a metric: `metric, first, second, difference` (the second less the first), `low` and
        `high` (the difference's 95 % interval) and `p_value` (see `bootstrap.p_value`).

    Raises
    ------
    AudiosError
        When the clips or their labels are not the same, or a clip is there twice.
    """
    first_threshold, threshold = thresholds
    [found] = compare_all(first, first_threshold, [(second, threshold)], n_resamples, seed)
    return found


def compare_all(
    first: Trials,
    threshold: float,
    others: Sequence[tuple[Trials, float]],
    n_resamples: int = 1000,
    seed: int = 7,
    metrics: Iterable[str] | None = None,
) -> list[pd.DataFrame]:
    """Compare detectors with one of them: as `compare_trials` does, the draws made once for all.

    Parameters
    ----------
    first : Trials
        The scores of the detector that all others are compared with.
    threshold : float
        At or above which it accepts a clip.
    others : sequence of (Trials, float)
        The scores of each other detector, of the same clips in any order, and its threshold.
    n_resamples, seed : int
        See `compare_trials`.
    metrics : iterable of str, optional
        Names of `METRICS`; all of them by default.

    Returns
    -------
    list of pandas.DataFrame
        Of each other detector, what `compare_trials` returns.

    Raises
    ------
    AudiosError
        As `compare_trials` does.
    """
    names = list(METRICS if metrics is None else metrics)
    draws = Draws(first.clusters, first.labels, n_resamples, seed)
    n_clusters = first.clusters.count(first.labels)

    def measure(
        scores: np.ndarray, llrs: np.ndarray, threshold: float
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        points = evaluate_scores(scores, first.labels, threshold, llrs).values
        trials = ScoredTrials.of(scores, first.labels, threshold, llrs)
        return points, metrics_of_draws(trials, draws, names)

    point, drawn = measure(first.scores, first.llrs, threshold)
    found = []
    for second, second_threshold in others:
        order = _same_clips(first, second)
        its_point, its_drawn = measure(second.scores[order], second.llrs[order], second_threshold)
        rows = []
        for metric in names:
            differences = its_drawn[metric] - drawn[metric]
            low, high = interval(differences, n_clusters=n_clusters)
            one, other = point[metric], its_point[metric]
            p = p_value(differences, n_clusters)
            rows.append((metric, one, other, other - one, low, high, p))
        found.append(pd.DataFrame(rows, columns=_COLUMNS))
    return found


_COLUMNS = ["metric", "first", "second", "difference", "low", "high", "p_value"]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected for multiple comparisons.

    The step-down procedure of Holm (1979), "A simple sequentially rejective multiple test
    procedure": the smallest is multiplied by the number of comparisons, the next by one less.

    Parameters
    ----------
    p_values : numpy.ndarray
        One a comparison, shape (comparisons,); NaN for an unknown one, which is not counted.

    Examples
    --------
    >>> holm(np.array([0.04, 0.01, 0.03])).round(6).tolist()
    [0.06, 0.03, 0.06]
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    times = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * times))
    return adjusted


def _same_clips(first: Trials, second: Trials) -> np.ndarray:
    """Return where the clips of the first are in the second."""
    for trials in (first, second):
        twice = pd.Index(trials.files).duplicated()
        if twice.any():
            raise AudiosError(
                f"{twice.sum():,} clips were tested twice ({shorten(trials.files[twice])}): which "
                f"scores belong together cannot be told"
            )
    places = {file: place for place, file in enumerate(second.files.tolist())}
    missing = [file for file in first.files.tolist() if file not in places]
    more = len(second) - (len(first) - len(missing))
    if missing or more:
        example = f", such as {missing[0]}" if missing else ""
        raise AudiosError(
            f"not tested on the same clips: {len(missing):,} are in the first only{example}, and "
            f"{more:,} in the second only"
        )
    order = np.array([places[file] for file in first.files.tolist()])
    wrong = first.files[first.labels != second.labels[order]]
    if len(wrong):
        raise AudiosError(
            f"{len(wrong):,} clips have another label in the second ({shorten(wrong)})"
        )
    return order
