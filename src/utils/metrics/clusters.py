"""The clusters that the bootstrap draws, speakers and attacks, and the counts of each draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from src.utils.metrics.counts import Counts, Quantity, ScoredTrials, number
from src.utils.metrics.eer import DetCurve

_CELLS_AT_ONCE = 1 << 22
"""Weights held at a time (32 MiB), so that memory does not grow with the number of resamples."""


@dataclass(frozen=True)
class Clusters:
    """The clusters of trials that are drawn as wholes: speakers, and attacks beside them.

    Attributes
    ----------
    speakers : numpy.ndarray
        Whose each trial is, any type, shape (trials,).
    attacks : numpy.ndarray or None
        The attack of each spoof, shape (trials,); what is given for bona-fide trials does not
        count. None to draw speakers alone.
    """

    speakers: np.ndarray
    attacks: np.ndarray | None = None

    def count(self, labels: np.ndarray) -> int:
        """Return the number of clusters of the kind, and class, that has the fewest.

        Parameters
        ----------
        labels : numpy.ndarray
            1 for bona-fide, 0 for spoof, shape (trials,).
        """
        numbers = [len(np.unique(self.speakers[labels == value])) for value in (0, 1)]
        if self.attacks is not None:
            numbers.append(len(np.unique(self.attacks[labels == 0])))
        return min(numbers)


class Draws:
    """Draws of clusters, with replacement; iterating yields the weights of a draw at a time.

    A weight is that of a cell: of trials that always count alike, those of a speaker and, where
    attacks are drawn, of an attack.

    Parameters
    ----------
    clusters : Clusters
        What is drawn, as many of each kind as there are.
    labels : numpy.ndarray
        1 for bona-fide, 0 for spoof, shape (trials,).
    n_resamples : int
        How many draws there are.
    seed : int
        Of the random numbers; the same clusters, labels and seed give the same draws.
    """

    def __init__(self, clusters: Clusters, labels: np.ndarray, n_resamples: int, seed: int) -> None:
        self.n_resamples = n_resamples
        self._seed = seed
        _, speaker_of = np.unique(np.asarray(clusters.speakers), return_inverse=True)
        self._n_speakers = int(speaker_of.max()) + 1
        # Bona-fide trials are of an attack of their own, which is always drawn once.
        attack_of = np.zeros(len(labels), np.int64)
        self._n_attacks = 0
        if clusters.attacks is not None:
            attacks = np.asarray(clusters.attacks)[labels == 0]
            names, found = np.unique(attacks, return_inverse=True)
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


def _multinomial(random: np.random.Generator, n_clusters: int, rows: int) -> np.ndarray:
    return random.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=rows)


class CellCounts:
    """Counts the trials of a draw, fast: once by cell, then by the cells' weights.

    The trials are sorted, and quantities added up, once; a draw only has to add up weights.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    draws : Draws
        Of the same trials.
    quantities : sequence of Quantity
        What is added up beside the number of trials; without any, `Counts.totals` stays empty.
    """

    def __init__(self, trials: ScoredTrials, draws: Draws, quantities: Sequence[Quantity]) -> None:
        order = np.argsort(trials.scores, kind="stable")
        scores, labels = trials.scores[order], trials.labels[order]
        cells = draws.cell_of[order]
        # Apart, so that half the trials are added up for each class and nothing is multiplied.
        self._cells = [cells[labels == value] for value in (0, 1)]
        # Equal scores stand or fall together: how many of a class lie below each threshold.
        ends = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True]) + 1
        n_below = np.r_[0, np.cumsum(labels)][np.r_[0, ends]]
        self._below = [np.r_[0, ends] - n_below, n_below]
        self._thresholds = np.r_[scores[np.r_[0, ends[:-1]]], np.inf]
        self._quantities = [number, *quantities] if quantities else []
        per_trial = [quantity(trials).astype(np.float64) for quantity in self._quantities]
        columns = [
            np.bincount(draws.cell_of[of], values[of], draws.n_cells)
            for of in (trials.labels == 1, trials.labels == 0)
            for values in per_trial
        ]
        self._sums = np.stack(columns, axis=1) if columns else None

    def of(self, weights: np.ndarray) -> Counts:
        """Return the counts of a draw.

        Parameters
        ----------
        weights : numpy.ndarray
            How often each cell was drawn, int64, shape (cells,).
        """
        return Counts(self._curve(weights), self._totals(weights), is_draw=True)

    def _curve(self, weights: np.ndarray) -> DetCurve:
        below = []
        for cells, n_below in zip(self._cells, self._below, strict=True):
            total = np.zeros(len(cells) + 1, np.int64)
            np.cumsum(weights[cells], out=total[1:])
            below.append(total[n_below])
        spoof, bona_fide = below
        n_spoof = int(spoof[-1])
        return DetCurve(n_spoof - spoof, bona_fide, self._thresholds, n_spoof, int(bona_fide[-1]))

    def _totals(self, weights: np.ndarray) -> dict[Quantity, tuple[float, float]]:
        if self._sums is None:
            return {}
        totals = (weights @ self._sums).tolist()
        half = len(self._quantities)
        return dict(
            zip(self._quantities, zip(totals[:half], totals[half:], strict=True), strict=True)
        )
