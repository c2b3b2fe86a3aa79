"""How sure the figures of a test are: resampling whole speakers, not clips."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from src.utils.metrics.cllr import bits
from src.utils.metrics.dcf import ASVSPOOF5
from src.utils.metrics.detection import decision_rates
from src.utils.metrics.eer import check_trials

_CELLS_AT_ONCE = 1 << 22
"""Weights held at a time (32 MiB), so that memory does not grow with the number of resamples."""

METRICS = (
    *("eer", "min_dcf", "act_dcf", "cllr", "auc", "accuracy", "balanced_accuracy", "precision"),
    *("recall", "f1_score", "hter", "far", "frr"),
)
"""The figures of `Detection` that are resampled."""

_ERRORS = ("eer", "min_dcf", "act_dcf", "hter", "far", "frr")
_SUCCESSES = ("auc", "accuracy", "balanced_accuracy", "precision", "recall", "f1_score")


@dataclass(frozen=True)
class Units:
    """What is drawn: speakers, and attacks beside them.

    Attributes
    ----------
    speakers : numpy.ndarray
        Whom each trial belongs to, any type, shape (trials,).
    attacks : numpy.ndarray or None
        What made each spoof, shape (trials,); what is said of bona-fide trials does not count.
        None to draw speakers alone.
    """

    speakers: np.ndarray
    attacks: np.ndarray | None = None

    def count(self, labels: np.ndarray) -> int:
        """Return the number of units of the kind, and class, that has the fewest."""
        numbers = [len(np.unique(self.speakers[labels == value])) for value in (0, 1)]
        if self.attacks is not None:
            numbers.append(len(np.unique(self.attacks[labels == 0])))
        return min(numbers)


def resample_eer(
    scores: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    n_resamples: int = 1000,
    seed: int = 7,
) -> np.ndarray:
    """Compute the EER of data sets drawn anew from the same groups.

    Clips of one speaker are alike, so drawing clips would promise more than the data holds: whole
    groups are drawn, with replacement, as many as there are (Efron & Tibshirani 1993, "An
    introduction to the bootstrap", ch. 8; for detection: Poh, Martin & Bengio 2007, "Performance
    generalization in biometric authentication using joint user-specific and sample bootstraps").
    The rule of the EER is that of `compute_eer`.

    Parameters
    ----------
    scores, labels : array_like
        As in `compute_eer`, shape (trials,).
    groups : array_like
        Whom each trial belongs to, shape (trials,).
    n_resamples : int
    seed : int

    Returns
    -------
    numpy.ndarray
        float64, shape (n_resamples,); NaN where a class was not drawn at all.

    Raises
    ------
    AudiosError
        As `compute_eer` does.
    """
    scores, labels = check_trials(scores, labels)
    draws = _Draws(Units(np.asarray(groups)), labels, n_resamples, seed)
    curves = _Curves(scores, labels, draws.cell_of)
    return np.array([curves.eer(weights) for weights in draws])


def resample(
    scores: np.ndarray,
    labels: np.ndarray,
    units: Units,
    threshold: float,
    llrs: np.ndarray | None = None,
    n_resamples: int = 1000,
    seed: int = 7,
) -> dict[str, np.ndarray]:
    """Compute every one of `METRICS` for data sets drawn anew from the same speakers.

    With attacks, these are drawn as well, and a spoof counts as often as its speaker times its
    attack was drawn (Owen 2007, "The pigeonhole bootstrap"): what is told then is how the figures
    would be with other speakers *and* other attacks. Two sets of scores of the same trials, units
    and seed see the same draws, so that their figures may be subtracted draw by draw.

    Parameters
    ----------
    scores, labels, threshold, llrs
        As in `evaluate_scores`.
    units : Units
    n_resamples : int
    seed : int

    Returns
    -------
    dict of str to numpy.ndarray
        By metric, float64 of shape (n_resamples,); NaN where a class was not drawn at all.

    Raises
    ------
    AudiosError
        As `compute_eer` does.
    """
    scores, labels = check_trials(scores, labels)
    ratios = scores if llrs is None else check_trials(llrs, labels)[0]
    draws = _Draws(units, labels, n_resamples, seed)
    curves = _Curves(scores, labels, draws.cell_of)
    sums = _CellSums(scores, labels, ratios, threshold, draws)
    found = {name: np.empty(n_resamples) for name in METRICS}
    for row, weights in enumerate(draws):
        for name, value in {**curves.measure(weights), **sums.measure(weights)}.items():
            found[name][row] = value
    return found


def interval(
    values: np.ndarray,
    level: float = 0.95,
    n_units: int | None = None,
    figure: float | None = None,
) -> tuple[float, float]:
    """Return the percentile interval of resampled values, those that are NaN left out.

    Both ends are NaN where nothing is left, or where a single unit was drawn from.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (resamples,).
    level : float
    n_units : int, optional
        How many units were drawn from. Of few, percentiles lie too close together: they are then
        taken further out, by Student's t and the lost degree of freedom (Hesterberg 2015, "What
        teachers should know about the bootstrap": expanded percentile intervals).
    figure : float, optional
        What all trials come to. Where draws lie more often to one side of it, as a cost at the best
        threshold is lower still in a draw, the figure itself has strayed to that side of the truth,
        and the interval moves to the other (Efron & Tibshirani 1993, ch. 14: bias-corrected
        percentiles); never so far that the figure falls out of it.
    """
    known = values[~np.isnan(values)]
    if not len(known) or n_units == 1:
        return float("nan"), float("nan")
    reach = norm.isf((1 - level) / 2)
    if n_units is not None:
        reach = np.sqrt(n_units / (n_units - 1)) * t.isf((1 - level) / 2, n_units - 1)
    strayed = 0.0
    if figure is not None:
        below = np.mean(known < figure) + np.mean(known == figure) / 2
        # So many draws cannot tell a smaller share than that of half a draw.
        half = 0.5 / len(known)
        strayed = np.clip(norm.ppf(np.clip(below, half, 1 - half)), -reach, reach)
    low, high = np.quantile(known, norm.cdf([2 * strayed - reach, 2 * strayed + reach]))
    return float(low), float(high)


def intervals(
    found: Mapping[str, np.ndarray],
    n_units: int,
    level: float = 0.95,
    spoofs_per_bona_fide: float = 1.0,
    figures: Mapping[str, float] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the interval of every metric that `resample` found.

    Where not one of the draws has an error, the draws say nothing about errors that were not seen.
    The rate of those then ends at the highest one that so many units, each right by chance, would
    still allow (Hanley & Lippman-Hand 1983, "If nothing goes wrong, is everything all right?").

    Parameters
    ----------
    found : mapping
        By metric, shape (resamples,).
    n_units : int
        How many units were drawn from.
    level : float
    spoofs_per_bona_fide : float
        How many spoofs there are for each bona-fide trial: with many, even a low rate of accepted
        ones spoils precision and F1.
    figures : mapping, optional
        By metric, what all trials come to; see `interval`.
    """
    figures = figures or {}
    spans = {
        name: interval(values, level, n_units, figures.get(name)) for name, values in found.items()
    }
    unseen = 1 - ((1 - level) / 2) ** (1 / n_units)
    cost = ASVSPOOF5.of(unseen, unseen)
    worst = {
        **decision_rates(1 - unseen, unseen * spoofs_per_bona_fide, 1, spoofs_per_bona_fide),
        **{"eer": unseen, "auc": 1 - unseen, "act_dcf": cost},
        # The best threshold never costs more than accepting or rejecting all does.
        "min_dcf": min(cost, 1.0),
    }
    for name in _ERRORS:
        if spans.get(name) == (0.0, 0.0):
            spans[name] = (0.0, worst[name])
    for name in _SUCCESSES:
        if spans.get(name) == (1.0, 1.0):
            spans[name] = (worst[name], 1.0)
    return spans


def p_value(differences: np.ndarray, n_units: int | None = None) -> float:
    """Return how often chance alone would part two systems as far as resampling has them apart.

    Two-sided, by how many of the differences lie on either side of 0, and never 0 itself (Efron &
    Tibshirani 1993, ch. 15; Davison & Hinkley 1997, "Bootstrap methods and their application",
    ch. 4, for the one that is added). NaN where no difference is known, or where a single unit was
    drawn from.

    Parameters
    ----------
    differences : numpy.ndarray
        Shape (resamples,).
    n_units : int, optional
        How many units were drawn from. Of few, differences lie too close together, and the value
        is raised as `interval` takes its percentiles further out.
    """
    known = differences[~np.isnan(differences)]
    if not len(known) or n_units == 1:
        return float("nan")
    fewer = min((known <= 0).sum(), (known >= 0).sum())
    tail = min(0.5, (fewer + 1) / (len(known) + 1))
    if n_units is not None:
        tail = t.sf(norm.isf(tail) * np.sqrt((n_units - 1) / n_units), n_units - 1)
    return float(2 * tail)


class _Draws:
    """Draws of units; iterating yields the weight of every cell, a draw at a time.

    A cell is what always counts alike: the trials of a speaker and, where attacks are drawn, of an
    attack.
    """

    def __init__(self, units: Units, labels: np.ndarray, n_resamples: int, seed: int) -> None:
        self.n_resamples = n_resamples
        self._seed = seed
        _, speaker_of = np.unique(np.asarray(units.speakers), return_inverse=True)
        self._n_speakers = int(speaker_of.max()) + 1
        # Bona-fide trials are of an attack of their own, which is always drawn once.
        attack_of = np.zeros(len(labels), np.int64)
        self._n_attacks = 0
        if units.attacks is not None:
            names, found = np.unique(np.asarray(units.attacks)[labels == 0], return_inverse=True)
            attack_of[labels == 0] = 1 + found
            self._n_attacks = len(names)
        numbers, self.cell_of = np.unique(
            speaker_of * (self._n_attacks + 1) + attack_of, return_inverse=True
        )
        self._speaker, self._attack = np.divmod(numbers, self._n_attacks + 1)
        self.n_cells = len(numbers)

    def __iter__(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(self._seed)
        # Apart, so that neither attacks nor the number of rows at a time change the speakers drawn.
        random_attacks = np.random.default_rng((self._seed, 1))
        at_once = max(1, _CELLS_AT_ONCE // max(self.n_cells, self._n_speakers))
        for start in range(0, self.n_resamples, at_once):
            rows = min(at_once, self.n_resamples - start)
            weights = _multinomial(random, self._n_speakers, rows)[:, self._speaker]
            if self._n_attacks:
                attacks = _multinomial(random_attacks, self._n_attacks, rows)
                attacks = np.concatenate([np.ones((rows, 1), np.int64), attacks], axis=1)
                weights = weights * attacks[:, self._attack]
            yield from weights


def _multinomial(random: np.random.Generator, n_units: int, rows: int) -> np.ndarray:
    return random.multinomial(n_units, np.full(n_units, 1 / n_units), size=rows)


class _Curves:
    """The figures that need all thresholds, of trials that count as often as their cell's weight.

    The trials are sorted once; weights only have to be added up.
    """

    def __init__(self, scores: np.ndarray, labels: np.ndarray, cell_of: np.ndarray) -> None:
        order = np.argsort(scores, kind="stable")
        scores, labels, cells = scores[order], labels[order], cell_of[order]
        # Apart, so that half the trials are added up for each class and nothing is multiplied.
        self._cells = [cells[labels == value] for value in (0, 1)]
        # Equal scores stand or fall together: how many of a class lie below each threshold.
        ends = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True]) + 1
        n_below = np.r_[0, np.cumsum(labels)][np.r_[0, ends]]
        self._below = [np.r_[0, ends] - n_below, n_below]

    def eer(self, weights: np.ndarray) -> float:
        """Return the EER for weights of shape (cells,), NaN without a class."""
        return self._eer(*self._counts(weights))

    def measure(self, weights: np.ndarray) -> dict[str, float]:
        """Return EER, minDCF and AUC for weights of shape (cells,), NaN without a class."""
        accepted, rejected = self._counts(weights)
        n_spoof, n_bona_fide = accepted[0], rejected[-1]
        if not n_bona_fide or not n_spoof:
            return dict.fromkeys(("eer", "min_dcf", "auc"), float("nan"))
        costs = ASVSPOOF5.of(rejected / n_bona_fide, accepted / n_spoof)
        # By trapezoids, which count ties half.
        area = np.diff(rejected) @ (2.0 * n_spoof - accepted[:-1] - accepted[1:]) / 2
        return {
            "eer": self._eer(accepted, rejected),
            "min_dcf": float(costs.min()),
            "auc": float(area / (n_bona_fide * n_spoof)),
        }

    def _counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return spoofs accepted and bona-fide trials rejected at every threshold."""
        below = []
        for cells, n_below in zip(self._cells, self._below, strict=True):
            total = np.zeros(len(cells) + 1, np.int64)
            np.cumsum(weights[cells], out=total[1:])
            below.append(total[n_below])
        return below[0][-1] - below[0], below[1]

    @staticmethod
    def _eer(accepted: np.ndarray, rejected: np.ndarray) -> float:
        n_spoof, n_bona_fide = int(accepted[0]), int(rejected[-1])
        if not n_bona_fide or not n_spoof:
            return float("nan")
        # Both rates times both numbers, as whole numbers; their gap never falls, so the least
        # magnitude lies where it changes its sign.
        gap = rejected * n_spoof - accepted * n_bona_fide
        at = int(np.searchsorted(gap, 0))
        best = at if at == 0 or (at < len(gap) and gap[at] < -gap[at - 1]) else at - 1
        return float(rejected[best] / n_bona_fide + accepted[best] / n_spoof) / 2


class _CellSums:
    """The figures that are made of sums over trials: summed once by cell, then by weight."""

    def __init__(
        self,
        scores: np.ndarray,
        labels: np.ndarray,
        llrs: np.ndarray,
        threshold: float,
        draws: _Draws,
    ) -> None:
        is_bona_fide = labels == 1
        per_trial = [
            np.ones(len(labels)),
            scores >= threshold,
            llrs >= ASVSPOOF5.bayes_threshold,
            bits(llrs, labels),
        ]
        columns = [
            np.bincount(draws.cell_of[of], values[of].astype(np.float64), draws.n_cells)
            for of in (is_bona_fide, ~is_bona_fide)
            for values in per_trial
        ]
        self._sums = np.stack(columns, axis=1)

    def measure(self, weights: np.ndarray) -> dict[str, float]:
        """Return the figures for weights of shape (cells,), NaN without a class."""
        n_bona_fide, true, at_bayes, cost, n_spoof, false, false_at_bayes, spoof_cost = (
            weights @ self._sums
        ).tolist()
        if not n_bona_fide or not n_spoof:
            return dict.fromkeys(set(METRICS) - {"eer", "min_dcf", "auc"}, float("nan"))
        frr, far = 1 - at_bayes / n_bona_fide, false_at_bayes / n_spoof
        return {
            "act_dcf": ASVSPOOF5.of(frr, far),
            "cllr": (cost / n_bona_fide + spoof_cost / n_spoof) / 2,
            **decision_rates(true, false, n_bona_fide, n_spoof),
        }
