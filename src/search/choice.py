"""Which search trial is the best, and whether the validation clips can tell it from the others.

A trial here is one setting of hyperparameters. The best one has the lowest validation EER. An EER
moves in steps of half a clip, and on few clips many trials share it: of equal ones that with the
lower Cllr of its calibrated validation scores comes first, then the earlier one. Raw scores of two
trials have no common scale; calibrated, each by the same two numbers fitted on the same clips,
they have, and Cllr then tells how far the classes lie apart. The least Cllr that any monotone
calibration leaves (by isotonic regression) would break no tie at 0 %: it is 0 wherever the classes
do not overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.metrics.bootstrap import interval, intervals, resample_eer
from src.utils.metrics.eer import compute_eer

_DIGITS = 9
"""Decimals of an EER that count: means of the same errors may differ in the last bit."""


def ranking(eers: Sequence[float], cllrs: Sequence[float]) -> np.ndarray:
    """Return the positions of trials, the best first.

    By EER, of equal ones by Cllr, then by their order; those that failed come last.

    Parameters
    ----------
    eers : sequence of float
        Validation EER of each trial, NaN where it failed.
    cllrs : sequence of float
        Validation Cllr of each, NaN where it is not known, which loses every tie.
    """
    # A stable sort that puts NaN behind all numbers.
    return np.lexsort((np.asarray(cllrs, float), np.asarray(eers, float).round(_DIGITS)))


def best_first(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a table of trials by `ranking`.

    Parameters
    ----------
    trials : pandas.DataFrame
        A row a trial with `validation_eer`, and `validation_cllr` where it is known.
    """
    nothing = pd.Series(np.nan, index=trials.index)
    cllrs = trials.get(VALIDATION_CLLR, nothing)
    return trials.iloc[ranking(trials[VALIDATION_EER].tolist(), cllrs.tolist())]


def count_tied(eers: Sequence[float]) -> int:
    """Return how many trials have the lowest EER.

    Parameters
    ----------
    eers : sequence of float
        Validation EER of each trial, NaN where it failed.
    """
    known = np.asarray(eers, float)
    known = known[~np.isnan(known)].round(_DIGITS)
    return int((known == known.min()).sum()) if len(known) else 0


@dataclass(frozen=True)
class Certainty:
    """What the validation clips can say about the choice among trials.

    The best trial is held against the middling one, the median of all: what a choice at random
    would give. Both are measured on the same draws of speakers.

    Attributes
    ----------
    n_trials, n_tied : int
        Finished trials, and those of them with the lowest EER, the best one included.
    n_bona_fide, n_spoof : int
        Clips of validation.
    n_speakers : int or None
        Speakers of the class that has fewer; None where none are known.
    eer, low, high : float
        The best trial's validation EER, and the ends of its 95 % bootstrap interval over speakers;
        NaN where it cannot be computed.
    n_inside : int
        Finished trials whose EER does not lie above `high`.
    median_eer : float
        EER of the middling trial.
    gain_low, gain_high : float
        Ends of the 95 % interval of how much lower the best trial's EER is than the middling one's.
    """

    n_trials: int
    n_tied: int
    n_bona_fide: int
    n_spoof: int
    n_speakers: int | None
    eer: float
    low: float
    high: float
    n_inside: int
    median_eer: float
    gain_low: float
    gain_high: float

    @property
    def one_clip(self) -> float:
        """How far one clip more on the wrong side moves the EER, of the class with fewer clips."""
        return 0.5 / min(self.n_bona_fide, self.n_spoof)

    @property
    def is_decisive(self) -> bool:
        """Whether the best trial is better than a middling one by more than chance and a clip.

        Of one speaker the clips can be drawn anew, but nothing tells of other speakers.
        """
        is_clear = self.gain_low > 0 and self.median_eer - self.eer > self.one_clip
        return is_clear and self.n_speakers != 1


def judge_choice(eers: Sequence[float], best: Trials, middling: Trials, seed: int) -> Certainty:
    """Measure how sure the choice of the best trial is.

    Parameters
    ----------
    eers : sequence of float
        Validation EER of every finished trial.
    best, middling : Trials
        The validation clips as scored by the best trial, and by the one in the middle of the
        ranking; the same clips in the same order.
    seed : int
        Of the bootstrap.
    """
    known = np.asarray(eers, float)
    points = [compute_eer(one.scores, one.labels)[0] for one in (best, middling)]
    drawn = [
        resample_eer(one.scores, one.labels, best.clusters.speakers, seed=seed)
        for one in (best, middling)
    ]
    n_clusters = best.clusters.count(best.labels)
    low, high = intervals({"eer": drawn[0]}, n_clusters, points={"eer": points[0]})["eer"]
    gain = interval(drawn[1] - drawn[0], n_clusters=n_clusters)
    return Certainty(
        n_trials=len(known),
        n_tied=count_tied(known.tolist()),
        n_bona_fide=int(best.labels.sum()),
        n_spoof=int((best.labels == 0).sum()),
        n_speakers=best.fewest_speakers or None,
        eer=points[0],
        low=low,
        high=high,
        n_inside=int((known <= high).sum()),
        median_eer=points[1],
        gain_low=gain[0],
        gain_high=gain[1],
    )
