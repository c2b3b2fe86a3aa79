"""The DET curve of real-valued scores, higher for bona-fide, and its equal error rate (EER).

Pure numpy: nothing here knows of files, models or audio.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from src.utils.errors import AudiosError


@dataclass(frozen=True)
class DetCurve:
    """False acceptance and false rejection at every distinct threshold.

    A trial is accepted as bona-fide when its score is at or above the threshold. The counts
    are kept, since rates rounded to floats cannot tell a tie from a near miss. In a draw of the
    bootstrap a trial counts as often as it was drawn; the curves of many draws are one object,
    whose counts have the draws as their last axis.

    Attributes
    ----------
    accepted_spoof : numpy.ndarray
        Spoof trials accepted, shape (points,) or (points, draws), falling from `n_spoof` to 0.
    rejected_bona_fide : numpy.ndarray
        Bona-fide trials rejected, of that shape, rising from 0 to `n_bona_fide`.
    thresholds : numpy.ndarray
        Shape (points,), rising; the last is infinite (nothing is accepted).
    n_spoof, n_bona_fide : int or numpy.ndarray
        How many trials there are of each class; of draws, shape (draws,).
    """

    accepted_spoof: np.ndarray
    rejected_bona_fide: np.ndarray
    thresholds: np.ndarray
    n_spoof: Any
    n_bona_fide: Any

    @property
    def far(self) -> np.ndarray:
        """False acceptance rate, of the shape of the counts, falling from 1 to 0."""
        return self.accepted_spoof / self.n_spoof

    @property
    def frr(self) -> np.ndarray:
        """False rejection rate, of the shape of the counts, rising from 0 to 1."""
        return self.rejected_bona_fide / self.n_bona_fide

    @property
    def eer_point(self) -> Any:
        """The first of the points where |FRR - FAR| is least; of draws, one each."""
        # Both rates times both numbers, as whole numbers; their gap never falls, so the least
        # magnitude lies where it changes its sign.
        gap = self.rejected_bona_fide * self.n_spoof - self.accepted_spoof * self.n_bona_fide
        after = np.count_nonzero(gap < 0, axis=0)
        before = np.maximum(after - 1, 0)
        negative = _of_each(gap, before)
        # Thresholds at which a draw has no trials part nothing: the first of them counts.
        first = np.count_nonzero(gap < negative, axis=0)
        return np.where((after > 0) & (_of_each(gap, after) >= -negative), first, after)[()]

    @property
    def eer(self) -> Any:
        """The equal error rate, by the rule of `compute_eer`; of draws, one each."""
        at = self.eer_point
        rejected = _of_each(self.rejected_bona_fide, at) / self.n_bona_fide
        accepted = _of_each(self.accepted_spoof, at) / self.n_spoof
        return (rejected + accepted) / 2


def _of_each(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the value at a point, or of each draw the one at its own point."""
    return np.take_along_axis(values, np.asarray(points)[None], axis=0)[0]


def det_curve(scores: np.ndarray, labels: np.ndarray) -> DetCurve:
    """Sweep the threshold over every distinct score.

    Parameters
    ----------
    scores, labels : array_like
        As of `check_trials`, which refuses others.

    Returns
    -------
    DetCurve
        With one point more than there are distinct scores.
    """
    scores, labels = check_trials(scores, labels)
    order = np.argsort(scores, kind="stable")
    scores, labels = scores[order], labels[order]
    # Equal scores stand or fall together, so only the first of each run is a threshold.
    first = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    bona_fide_below = np.r_[0, np.cumsum(labels)][np.r_[first, len(labels)]]
    below = np.r_[first, len(labels)]
    n_bona_fide = int(labels.sum())
    n_spoof = len(labels) - n_bona_fide
    return DetCurve(
        accepted_spoof=n_spoof - (below - bona_fide_below),
        rejected_bona_fide=bona_fide_below,
        thresholds=np.r_[scores[first], np.inf],
        n_spoof=n_spoof,
        n_bona_fide=n_bona_fide,
    )


def compute_eer(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Compute the equal error rate and the threshold it is reached at.

    The rule of the ASVspoof challenges' scoring tools (https://www.asvspoof.org): of all
    thresholds take the one where |FRR - FAR| is least, and report the mean of the two rates
    there. Nothing is interpolated. When several thresholds tie, the lowest is taken. Trials of
    equal scores stand or fall together, where those tools part them, bona-fide rejected first: a
    detector that says the same of all has 50 % here and 100 % there.

    Parameters
    ----------
    scores, labels : array_like
        As of `check_trials`, which refuses others.

    Returns
    -------
    eer : float
        Between 0 and 1; above 0.5 the scores point the wrong way.
    threshold : float
        Accept a trial when its score is at or above it.

    Examples
    --------
    >>> compute_eer([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    (0.5, 0.4)
    >>> compute_eer([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    (0.0, 1.0)
    """
    curve = det_curve(scores, labels)
    return float(curve.eer), float(curve.thresholds[curve.eer_point])


def fix_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    """Choose the threshold for decisions on other clips, from the scores of validation.

    Every threshold between two neighbouring scores decides alike on these clips; the one
    half-way leaves as much room to either side, where `compute_eer`'s own lies on a clip's score.

    Parameters
    ----------
    scores, labels : array_like
        Of the validation clips; as of `check_trials`, which refuses others.

    Returns
    -------
    float
        Accept a clip when its score is at or above it.

    Examples
    --------
    >>> fix_threshold([-5.0, -4.0, 3.0, 4.0], [0, 0, 1, 1])
    -0.5
    """
    curve = det_curve(scores, labels)
    at = curve.eer_point
    threshold = float(curve.thresholds[at])
    if not at:
        return threshold
    lower = float(curve.thresholds[at - 1])
    middle = (threshold + lower) / 2
    # Between neighbouring floats there is no middle, and it may be rounded down to the lower one.
    return middle if middle > lower else threshold


def check_trials(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores and labels of trials as numpy arrays, checked.

    Parameters
    ----------
    scores : array_like
        Real numbers, shape (trials,), higher for bona-fide.
    labels : array_like
        1 for bona-fide, 0 for spoof, shape (trials,).

    Returns
    -------
    scores : numpy.ndarray
        float64, shape (trials,).
    labels : numpy.ndarray
        int64, shape (trials,).

    Raises
    ------
    AudiosError
        When shapes differ, a score is not finite, a label is neither 0 nor 1, or a class is
        absent.
    """
    scores = np.asarray(scores, dtype=np.float64)
    labels = np.asarray(labels)
    if scores.ndim != 1 or scores.shape != labels.shape:
        raise AudiosError(
            f"scores and labels must be two lists of one length; got shapes {scores.shape} "
            f"and {labels.shape}"
        )
    if not np.isfinite(scores).all():
        raise AudiosError(f"{int((~np.isfinite(scores)).sum())} scores are not finite numbers")
    if not np.isin(labels, (0, 1)).all():
        raise AudiosError("labels must be 1 (bona-fide) or 0 (spoof)")
    labels = labels.astype(np.int64)
    for value, name in ((1, "bona-fide"), (0, "spoof")):
        if not (labels == value).any():
            raise AudiosError(f"no {name} trial among {len(labels)}: an error rate needs both")
    return scores, labels
