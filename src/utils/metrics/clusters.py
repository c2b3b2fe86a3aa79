"""The clusters that the bootstrap draws, speakers and attacks, and the counts of each draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from src.utils.metrics.counts import Counts, Quantity, ScoredTrials, number
from src.utils.metrics.eer import DetCurve

_CELLS_AT_ONCE = 1 << 16
"""Numbers of each kind that are held at a time (512 KiB), however many draws there are."""


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
    """Draws of clusters, with replacement; iterating yields the weights of some draws at a time.

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
    alike : numpy.ndarray, optional
        A number a trial, shape (trials,): which of them make no difference to each other. Speakers
        of a single trial that are alike are then drawn as one, with the odds of all of them: how
        often any of them is drawn is all that counts, and has the same distribution (a multinomial
        one whose categories are joined).
    """

    def __init__(
        self,
        clusters: Clusters,
        labels: np.ndarray,
        n_resamples: int,
        seed: int,
        alike: np.ndarray | None = None,
    ) -> None:
        self.n_resamples = n_resamples
        self._seed = seed
        names, speaker_of = np.unique(np.asarray(clusters.speakers), return_inverse=True)
        self._n_speakers = len(names)
        # Bona-fide trials are of an attack of their own, which is always drawn once.
        attack_of = np.zeros(len(labels), np.int64)
        self._n_attacks = 0
        if clusters.attacks is not None:
            attacks = np.asarray(clusters.attacks)[labels == 0]
            names, found = np.unique(attacks, return_inverse=True)
            attack_of[labels == 0] = 1 + found
            self._n_attacks = len(names)
        # Of how many speakers each is made.
        self._sizes = np.ones(self._n_speakers, np.int64)
        if alike is not None:
            speaker_of, self._sizes = _join(speaker_of, alike * (self._n_attacks + 1) + attack_of)
        numbers, self.cell_of = np.unique(
            speaker_of * (self._n_attacks + 1) + attack_of, return_inverse=True
        )
        self._speaker, self._attack = np.divmod(numbers, self._n_attacks + 1)
        self.n_cells = len(numbers)

    @property
    def sizes(self) -> np.ndarray:
        """Of how many speakers that are alike each cell is made, int64, shape (cells,)."""
        return self._sizes[self._speaker]

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.batches()

    def batches(self, width: int = 1) -> Iterator[np.ndarray]:
        """Yield the weights of all draws, int64, shape (draws, cells), some draws at a time.

        Parameters
        ----------
        width : int
            How many numbers whoever uses them holds of each draw.
        """
        random = np.random.default_rng(self._seed)
        # Apart, so that neither attacks nor the number of rows at a time change the speakers drawn.
        random_attacks = np.random.default_rng((self._seed, 1))
        at_once = max(1, _CELLS_AT_ONCE // max(self.n_cells, len(self._sizes), width))
        for start in range(0, self.n_resamples, at_once):
            rows = min(at_once, self.n_resamples - start)
            odds = self._sizes / self._n_speakers
            weights = random.multinomial(self._n_speakers, odds, size=rows)[:, self._speaker]
            if self._n_attacks:
                even = np.full(self._n_attacks, 1 / self._n_attacks)
                attacks = random_attacks.multinomial(self._n_attacks, even, size=rows)
                attacks = np.concatenate([np.ones((rows, 1), np.int64), attacks], axis=1)
                weights = weights * attacks[:, self._attack]
            yield weights


def _join(speaker_of: np.ndarray, alike: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the speaker of each trial, those of one trial that are alike being one, and sizes."""
    is_alone = np.bincount(speaker_of)[speaker_of] == 1
    joined = np.empty_like(speaker_of)
    others, joined[~is_alone] = np.unique(speaker_of[~is_alone], return_inverse=True)
    _, kind = np.unique(alike[is_alone], return_inverse=True)
    joined[is_alone] = len(others) + kind
    return joined, np.r_[np.ones(len(others), np.int64), np.bincount(kind)]


class CellCounts:
    """Counts the trials of draws, fast: once by cell, then by the cells' weights.

    The trials are sorted, and quantities added up, once; draws only have to add up weights.

    Parameters
    ----------
    trials : ScoredTrials
        All trials of a test.
    draws : Draws
        Of the same trials.
    quantities : sequence of Quantity
        What is added up beside the number of trials; without any, `Counts.totals` stays empty.
    scores : numpy.ndarray, optional
        Scores in place of the trials' own, which alone the curve is of, shape (trials,).
    """

    def __init__(
        self,
        trials: ScoredTrials,
        draws: Draws,
        quantities: Sequence[Quantity],
        scores: np.ndarray | None = None,
    ) -> None:
        # Equal scores stand or fall together: they are one point.
        thresholds, points = np.unique(
            trials.scores if scores is None else scores, return_inverse=True
        )
        self._thresholds = np.r_[thresholds, np.inf]
        self._quantities = [number, *quantities] if quantities else []
        per_trial = [quantity(trials).astype(np.float64) for quantity in self._quantities]
        shape = len(thresholds), draws.n_cells
        # By class, how many trials of each cell have the score of each point.
        self._counts, numbers, sums = [], [], []
        for value in (0, 1):
            of = trials.labels == value
            cells = draws.cell_of[of]
            counts = csr_array((np.ones(len(cells), np.int64), (points[of], cells)), shape)
            # Of a cell of many speakers, one of them at a time is drawn.
            counts.data //= draws.sizes[counts.indices]
            self._counts.append(counts)
            numbers.append(np.bincount(cells, minlength=draws.n_cells))
            sums.append([np.bincount(cells, values[of], draws.n_cells) for values in per_trial])
        self._numbers = np.stack(numbers, axis=1)
        self._sums = np.array(sums[1] + sums[0]).T
        if per_trial:
            self._sums = self._sums / draws.sizes[:, None]

    @property
    def n_points(self) -> int:
        """How many points the curve of a draw has."""
        return len(self._thresholds)

    def hold_both(self, weights: np.ndarray) -> np.ndarray:
        """Tell which draws hold trials of both classes, bool, shape (draws,).

        Parameters
        ----------
        weights : numpy.ndarray
            How often each cell was drawn, int64, shape (draws, cells).
        """
        held = [weights[:, of].any(axis=1) for of in (self._numbers > 0).T]
        return np.logical_and.reduce(held)

    def of(self, weights: np.ndarray) -> Counts:
        """Return the counts of a draw, or of several at once.

        Parameters
        ----------
        weights : numpy.ndarray
            How often each cell was drawn, int64, shape (cells,) or (draws, cells).
        """
        return Counts(self._curve(weights), self._totals(weights), is_draw=True)

    def _curve(self, weights: np.ndarray) -> DetCurve:
        below = []
        for counts in self._counts:
            total = np.zeros((self.n_points, *weights.shape[:-1]), np.int64)
            np.cumsum(counts @ weights.T, axis=0, out=total[1:])
            below.append(total)
        spoof, bona_fide = below
        return DetCurve(spoof[-1] - spoof, bona_fide, self._thresholds, spoof[-1], bona_fide[-1])

    def _totals(self, weights: np.ndarray) -> dict[Quantity, tuple[np.ndarray, np.ndarray]]:
        if not self._quantities:
            return {}
        totals = (weights.astype(np.float64) @ self._sums).T
        half = len(self._quantities)
        return dict(
            zip(self._quantities, zip(totals[:half], totals[half:], strict=True), strict=True)
        )
