"""Paired comparison of two detectors on the same clips, by the cluster bootstrap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.utils.errors import AudiosError, shorten
from src.utils.metrics.bootstrap import (
    interval,
    intervals,
    means_of_draws,
    metrics_of_draws,
    p_value,
)
from src.utils.metrics.clusters import Draws
from src.utils.metrics.counts import ScoredTrials
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS


@dataclass(frozen=True)
class Measured:
    """The metrics of one set of scores.

    Attributes
    ----------
    points : dict of str to float
        By metric, the value of all trials.
    drawn : dict of str to numpy.ndarray
        By metric, its value in every draw, shape (resamples,); NaN where a class was not drawn.
    """

    points: dict[str, float]
    drawn: dict[str, np.ndarray]


class SameDraws:
    """Measures sets of scores of the same clips, by the same draws of the bootstrap.

    Parameters
    ----------
    trials : Trials
        The clips with their speakers; of the scores nothing is used.
    n_resamples, seed : int
        See `compare_trials`.
    metrics : iterable of str, optional
        Names of `METRICS`; all of them by default.
    """

    def __init__(
        self,
        trials: Trials,
        n_resamples: int = 1000,
        seed: int = 7,
        metrics: Iterable[str] | None = None,
    ) -> None:
        self._labels = trials.labels
        self._names = list(METRICS if metrics is None else metrics)
        self._draws = Draws(trials.clusters, trials.labels, n_resamples, seed)
        self._n_clusters = trials.clusters.count(trials.labels)

    def measure(self, scores: np.ndarray, llrs: np.ndarray, threshold: float) -> Measured:
        """Compute the metrics of scores, of all trials and of every draw.

        Parameters
        ----------
        scores, llrs : numpy.ndarray
            Of each clip, in the order of the trials, and as log-likelihood ratios.
        threshold : float
            At or above which a clip is accepted.
        """
        values = evaluate_scores(scores, self._labels, threshold, llrs).values
        trials = ScoredTrials.of(scores, self._labels, threshold, llrs)
        drawn = metrics_of_draws(trials, self._draws, self._names)
        return Measured({name: values[name] for name in self._names}, drawn)

    def intervals(self, measured: Measured) -> dict[str, tuple[float, float]]:
        """Return the 95 % interval of every metric.

        Parameters
        ----------
        measured : Measured
            As `measure` returned it.
        """
        n_bona_fide = int(self._labels.sum())
        ratio = (len(self._labels) - n_bona_fide) / n_bona_fide
        return intervals(
            measured.drawn,
            self._n_clusters,
            spoofs_per_bona_fide=ratio,
            points=measured.points,
        )

    def compare(self, one: Measured, other: Measured) -> pd.DataFrame:
        """Return how the metrics of one set of scores differ from another's.

        Parameters
        ----------
        one, other : Measured
            As `measure` returned them.

        Returns
        -------
        pandas.DataFrame
            As of `compare_trials`.
        """
        rows = []
        for metric in self._names:
            differences = other.drawn[metric] - one.drawn[metric]
            low, high = interval(differences, n_clusters=self._n_clusters)
            first, second = one.points[metric], other.points[metric]
            p = p_value(differences, self._n_clusters)
            rows.append((metric, first, second, second - first, low, high, p))
        return pd.DataFrame(rows, columns=_COLUMNS)

    def means(self, values: np.ndarray) -> list[tuple[float, float, float]]:
        """Return the mean of a value over the bona-fide clips and over the spoofs, with intervals.

        Parameters
        ----------
        values : numpy.ndarray
            Of each clip, in the order of the trials, float64.

        Returns
        -------
        list of (float, float, float)
            Of each class, bona-fide first: the mean and the ends of its 95 % interval.
        """
        found = []
        drawn = means_of_draws(values, self._labels, self._draws)
        for label, means in zip((1, 0), drawn, strict=True):
            mean = float(values[self._labels == label].mean())
            found.append((mean, *interval(means, n_clusters=self._n_clusters)))
        return found


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
    same = SameDraws(first, n_resamples, seed, metrics)
    one = same.measure(first.scores, first.llrs, threshold)
    found = []
    for second, second_threshold in others:
        order = same_clips(first, second)
        other = same.measure(second.scores[order], second.llrs[order], second_threshold)
        found.append(same.compare(one, other))
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


def same_clips(first: Trials, second: Trials) -> np.ndarray:
    """Return where the clips of the first are in the second, int64 of shape (trials,).

    Parameters
    ----------
    first, second : Trials
        Of the same clips in any order.

    Raises
    ------
    AudiosError
        When the clips or their labels are not the same, or a clip is there twice.
    """
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
