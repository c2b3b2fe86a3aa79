"""Paired comparison of two detectors on the same clips, by the cluster bootstrap."""

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.utils.errors import AudiosError, shorten
from src.utils.metrics.bootstrap import interval, p_value, resample
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
    order = _same_clips(first, second)
    clusters = first.clusters
    n_clusters = clusters.count(first.labels)
    pair = (
        (first.scores, first.llrs, thresholds[0]),
        (second.scores[order], second.llrs[order], thresholds[1]),
    )
    points, drawn = [], []
    for scores, llrs, threshold in pair:
        points.append(evaluate_scores(scores, first.labels, threshold, llrs).values)
        drawn.append(resample(scores, first.labels, clusters, threshold, llrs, n_resamples, seed))
    rows = []
    for metric in METRICS:
        differences = drawn[1][metric] - drawn[0][metric]
        low, high = interval(differences, n_clusters=n_clusters)
        one, other = points[0][metric], points[1][metric]
        p = p_value(differences, n_clusters)
        rows.append((metric, one, other, other - one, low, high, p))
    columns = ["metric", "first", "second", "difference", "low", "high", "p_value"]
    return pd.DataFrame(rows, columns=columns)


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
