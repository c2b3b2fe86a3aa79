"""The cluster bootstrap: how metrics vary over speakers and attacks, and the intervals of it."""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from src.utils.metrics.clusters import CellCounts, Clusters, Draws
from src.utils.metrics.coarse import alike_trials, round_scores
from src.utils.metrics.counts import ScoredTrials
from src.utils.metrics.metric import quantities_of
from src.utils.metrics.table import METRICS

MOST_EXACT = 10_000
"""Trials up to which every one is drawn, and every score a threshold; see `resample`."""


def resample_eer(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    n_resamples: int = 1000,
    seed: int = 7,
) -> np.ndarray:
    """Compute the EER of data sets drawn anew from the same groups.

    Parameters
    ----------
    scores, labels : array_like
        As of `check_trials`, which refuses others.
    groups : array_like
        Whose each trial is, shape (trials,).
    n_resamples, seed : int
        As of `resample`.

    Returns
    -------
    numpy.ndarray
        float64, shape (n_resamples,); NaN where a class was not drawn at all.
    """
    clusters = Clusters(np.asarray(groups))
    return resample(*(scores, labels, clusters, 0.0, None, n_resamples, seed), metrics=["eer"])[
        "eer"
    ]


def resample(
    scores: np.ndarray,
    labels: np.ndarray,
    clusters: Clusters,
    threshold: float,
    llrs: np.ndarray | None = None,
    n_resamples: int = 1000,
    seed: int = 7,
    metrics: Iterable[str] | None = None,
) -> dict[str, np.ndarray]:
    """Compute metrics of data sets drawn anew from the same speakers.

    Clips of one speaker are alike, so drawing clips would promise more than the data holds: whole
    speakers are drawn, with replacement, as many as there are (Efron & Tibshirani 1993, "An
    introduction to the bootstrap", ch. 8; for detection: Poh, Martin & Bengio 2007, "Performance
    generalization in biometric authentication using joint user-specific and sample bootstraps").
    With attacks, these are drawn as well, and a spoof counts as often as its speaker times its
    attack was drawn (Owen 2007, "The pigeonhole bootstrap"): the draws then vary as the metrics
    would with other speakers *and* other attacks. Two sets of scores of the same trials, clusters
    and seed see the same draws, so that their metrics may be subtracted draw by draw.

    Of more than `MOST_EXACT` trials, scores are rounded to points that lie closer together than
    chance can tell (see `round_scores`), and speakers of a single trial whose trials are then alike
    are drawn as one. Metrics then vary from draw to draw as they would have, but for less than a
    hundredth of their standard error; draws of two such sets of scores are the same only by
    `metrics_of_draws`.

    Parameters
    ----------
    scores, labels : array_like
        As of `check_trials`, which refuses others.
    clusters : Clusters
        The speakers, and the attacks where they are drawn too.
    threshold : float
        A trial is accepted when its score is at or above it.
    llrs : array_like, optional
        The scores as natural log-likelihood ratios, shape (trials,); by default the scores are
        taken for such.
    n_resamples : int
        How many data sets are drawn.
    seed : int
        Of the random numbers.
    metrics : iterable of str, optional
        Names of `METRICS`; all of them by default.

    Returns
    -------
    dict of str to numpy.ndarray
        By metric, float64 of shape (n_resamples,); NaN where a class was not drawn at all.
    """
    trials = ScoredTrials.of(scores, labels, threshold, llrs)
    names = list(METRICS if metrics is None else metrics)
    alike = None
    if len(trials.labels) > MOST_EXACT:
        alike = alike_trials(trials, quantities_of(METRICS[name] for name in names))
    draws = Draws(clusters, trials.labels, n_resamples, seed, alike)
    return metrics_of_draws(trials, draws, names)


def metrics_of_draws(
    trials: ScoredTrials, draws: Draws, metrics: Iterable[str]
) -> dict[str, np.ndarray]:
    """Compute metrics of data sets that were drawn: what `resample` does, of draws that are there.

    Parameters
    ----------
    trials : ScoredTrials
        The trials.
    draws : Draws
        Of these trials, in this order.
    metrics : iterable of str
        Names of `METRICS`.

    Returns
    -------
    dict of str to numpy.ndarray
        See `resample`.
    """
    rows = [METRICS[name] for name in metrics]
    is_large = len(trials.labels) > MOST_EXACT
    scores = round_scores(trials.scores, trials.labels) if is_large else trials.scores
    cells = CellCounts(trials, draws, quantities_of(rows), scores)
    found = {row.name: np.full(draws.n_resamples, np.nan) for row in rows}
    start = 0
    for weights in draws.batches(cells.n_points):
        both = cells.hold_both(weights)
        known = start + np.flatnonzero(both)
        start += len(weights)
        if len(known):
            counts = cells.of(weights if both.all() else weights[both])
            for row in rows:
                found[row.name][known] = row.formula(counts)
    return found


def means_of_draws(
    values: np.ndarray, labels: np.ndarray, draws: Draws
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean of a value over each class of data sets that were drawn.

    Parameters
    ----------
    values : numpy.ndarray
        Of each trial, float64 of shape (trials,).
    labels : numpy.ndarray
        1 for bona-fide, 0 for spoof, shape (trials,).
    draws : Draws
        Of these trials, in this order.

    Returns
    -------
    bona_fide, spoof : numpy.ndarray
        float64, shape (resamples,); NaN where the class was not drawn at all.
    """
    sums, numbers = [], []
    for label in (1, 0):
        of = labels == label
        cells = draws.cell_of[of]
        sums.append(np.bincount(cells, values[of], draws.n_cells) / draws.sizes)
        numbers.append(np.bincount(cells, minlength=draws.n_cells) / draws.sizes)
    both = np.array([*sums, *numbers]).T
    drawn = np.concatenate([weights @ both for weights in draws]).T
    totals, counts = drawn[:2], drawn[2:]
    bona_fide, spoof = np.divide(totals, counts, np.full_like(totals, np.nan), where=counts > 0)
    return bona_fide, spoof


def interval(
    values: np.ndarray,
    level: float = 0.95,
    n_clusters: float | None = None,
    point: float | None = None,
) -> tuple[float, float]:
    """Return the percentile interval of resampled values, those that are NaN left out.

    Both ends are NaN where nothing is left, or where a single cluster was drawn from.

    Parameters
    ----------
    values : numpy.ndarray
        A metric, or a difference of two, in every draw, shape (resamples,).
    level : float
        The confidence level, between 0 and 1.
    n_clusters : float, optional
        How many clusters were drawn from, or as how many they count. Of few, percentiles lie too
        close together: they are then taken further out, by Student's t and the lost degree of
        freedom (Hesterberg 2015, "What teachers should know about the bootstrap": expanded
        percentile intervals).
    point : float, optional
        The point estimate, of all trials. Where draws lie more often to one side of it, as a cost
        at the best threshold is lower still in a draw, the estimate is biased to that side of the
        truth, and the interval moves to the other (Efron & Tibshirani 1993, ch. 14:
        bias-corrected percentiles); never so far that the estimate falls out of it.
    """
    known = values[~np.isnan(values)]
    if not len(known) or n_clusters == 1:
        return float("nan"), float("nan")
    reach = -ndtri((1 - level) / 2)
    if n_clusters is not None:
        student = -stdtrit(n_clusters - 1, (1 - level) / 2)
        reach = np.sqrt(n_clusters / (n_clusters - 1)) * student
    bias = 0.0
    if point is not None:
        below = np.mean(known < point) + np.mean(known == point) / 2
        # So many draws cannot tell a smaller share than that of half a draw.
        half = 0.5 / len(known)
        bias = np.clip(ndtri(np.clip(below, half, 1 - half)), -reach, reach)
    low, high = np.quantile(known, ndtr([2 * bias - reach, 2 * bias + reach]))
    return float(low), float(high)


def intervals(
    found: Mapping[str, np.ndarray],
    n_clusters: float,
    level: float = 0.95,
    spoofs_per_bona_fide: float = 1.0,
    points: Mapping[str, float] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the interval of every metric that `resample` found.

    Where not one of the draws has an error, the draws say nothing about errors that were not seen.
    The rate of those then ends at the highest one that so many clusters, each right by chance,
    would still allow (Hanley & Lippman-Hand 1983, "If nothing goes wrong, is everything all
    right?").

    Parameters
    ----------
    found : mapping
        By metric, the values of all draws, shape (resamples,).
    n_clusters : float
        How many clusters were drawn from, or as how many they count.
    level : float
        The confidence level, between 0 and 1.
    spoofs_per_bona_fide : float
        How many spoofs there are for each bona-fide trial: with many, even a low rate of accepted
        ones spoils precision and F1.
    points : mapping, optional
        By metric, the point estimate; see `interval`.
    """
    points = points or {}
    spans = {}
    unseen = 1 - ((1 - level) / 2) ** (1 / n_clusters)
    for name, values in found.items():
        metric = METRICS[name]
        span = interval(values, level, n_clusters, points.get(name))
        perfect = 0.0 if metric.is_error else 1.0
        if metric.at_rate is not None and span == (perfect, perfect):
            end = metric.at_rate(unseen, spoofs_per_bona_fide)
            span = (perfect, end) if metric.is_error else (end, perfect)
        spans[name] = span
    return spans


def p_value(differences: np.ndarray, n_clusters: int | None = None) -> float:
    """Return the two-sided bootstrap p-value of no difference between two systems.

    It is twice the smaller share of the draws that lie on either side of 0, and never 0 itself
    (Efron & Tibshirani 1993, ch. 15; Davison & Hinkley 1997, "Bootstrap methods and their
    application", ch. 4, for the one that is added). NaN where no difference is known, or where a
    single cluster was drawn from.

    Parameters
    ----------
    differences : numpy.ndarray
        A metric of one system less that of the other in every draw, shape (resamples,).
    n_clusters : int, optional
        How many clusters were drawn from. Of few, differences lie too close together, and the
        value is raised as `interval` takes its percentiles further out.
    """
    known = differences[~np.isnan(differences)]
    if not len(known) or n_clusters == 1:
        return float("nan")
    fewer = min((known <= 0).sum(), (known >= 0).sum())
    tail = min(0.5, (fewer + 1) / (len(known) + 1))
    if n_clusters is not None:
        reach = -ndtri(tail) * np.sqrt((n_clusters - 1) / n_clusters)
        tail = stdtr(n_clusters - 1, -reach)
    return float(2 * tail)
