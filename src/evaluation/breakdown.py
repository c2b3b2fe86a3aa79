"""The metrics of a test group by group: by attack, codec, gender and so on."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from src.evaluation.trials import ATTACK, CONDITIONS, DURATION, Trials
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.metrics.bootstrap import intervals, resample_eer
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.eer import compute_eer

ENOUGH_CLIPS = 30
"""Clips of a class in a group; with fewer, one clip more or less moves a rate by 3 points."""
ENOUGH_SPEAKERS = 5
"""Speakers of a class in a group; the voices of fewer say little of other voices."""

UNKNOWN = "unknown"

_BANDS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds at which one band of durations ends and the next begins."""
_BAND_NAMES = (
    f"under {_BANDS[0]:g} s",
    *(f"{low:g} to {high:g} s" for low, high in pairwise(_BANDS)),
    f"{_BANDS[-1]:g} s and more",
)


@dataclass(frozen=True)
class Group:
    """The metrics of a part of the clips.

    Attributes
    ----------
    group : str
        Its name, such as `A07` or `2 to 4 s`.
    n_bona_fide, n_spoof, n_speakers : int
        Clips and speakers of the group itself.
    eer : float
        The equal error rate.
    low, high : float
        Its 95 % interval over speakers; NaN where it cannot be told.
    far, frr : float
        The error rates at the threshold of the test; NaN for a class that the group does not
        have.
    against : str
        The class that the group does not have and that all clips of the test stand for; empty
        for a group with both.
    is_small : bool
        Whether a class that it is measured on has too few clips, or too few speakers, to say
        anything.
    """

    group: str
    n_bona_fide: int
    n_spoof: int
    n_speakers: int
    eer: float
    low: float
    high: float
    far: float
    frr: float
    against: str
    is_small: bool


def break_down(
    trials: Trials, threshold: float, n_resamples: int = 1000, seed: int = 7
) -> dict[str, list[Group]]:
    """Return the groups of every condition that divides the trials, by its name.

    A group without a class, as an attack is one without bona-fide clips, is measured against all
    clips of that class, as is the custom of the ASVspoof challenges.

    Parameters
    ----------
    trials : Trials
        All trials of the test, with their conditions.
    threshold : float
        A clip is accepted when its score is at or above it.
    n_resamples : int
        How many draws the bootstrap of the intervals makes.
    seed : int
        Of the bootstrap.
    """
    found = {}
    for condition in CONDITIONS:
        if condition not in trials.conditions:
            continue
        names = _names(condition, trials)
        order = _order(condition, names)
        if len(order) > 1:
            found[condition] = [
                _measure(name, names == name, trials, threshold, n_resamples, seed)
                for name in order
            ]
    return found


def _names(condition: str, trials: Trials) -> np.ndarray:
    """Return the name of each trial's group, empty for one that is in none."""
    values = trials.conditions[condition]
    if condition == DURATION:
        return _bands(values.to_numpy(np.float64))
    names = values.to_numpy(dtype=object)
    named = np.where(names == "", UNKNOWN, names)
    # A bona-fide clip is in no group of an attack.
    return np.where(trials.labels == 0, named, "") if condition == ATTACK else named


def _bands(seconds: np.ndarray) -> np.ndarray:
    bands = np.array(_BAND_NAMES, dtype=object)[np.digitize(seconds, _BANDS)]
    return np.where(np.isnan(seconds), UNKNOWN, bands)


def _order(condition: str, names: np.ndarray) -> list[str]:
    """Return the groups, bands by their length and all others by their name, unknown last."""
    there = set(names.tolist()) - {""}
    if condition == DURATION:
        return [name for name in (*_BAND_NAMES, UNKNOWN) if name in there]
    return sorted(there, key=lambda name: (name == UNKNOWN, name))


def _measure(
    name: str, inside: np.ndarray, trials: Trials, threshold: float, n_resamples: int, seed: int
) -> Group:
    is_bona_fide = trials.labels == 1
    n_bona_fide, n_spoof = int((inside & is_bona_fide).sum()), int((inside & ~is_bona_fide).sum())
    against = "" if n_bona_fide and n_spoof else SPOOF if n_bona_fide else BONA_FIDE
    shown = inside | (is_bona_fide if against == BONA_FIDE else ~is_bona_fide & (against == SPOOF))
    scores, labels = trials.scores[shown], trials.labels[shown]
    clusters = Clusters(trials.clusters.speakers[shown])
    resampled = resample_eer(scores, labels, clusters.speakers, n_resamples, seed)
    eer, _ = compute_eer(scores, labels)
    low, high = intervals({"eer": resampled}, clusters.count(labels), points={"eer": eer})["eer"]
    accepted = trials.scores >= threshold
    speakers = trials.speakers[shown]
    too_few_clips = min(np.sum(labels == value) for value in (0, 1)) < ENOUGH_CLIPS
    too_few_speakers = trials.has_speakers and any(
        _count(speakers[labels == value]) < ENOUGH_SPEAKERS for value in (0, 1)
    )
    return Group(
        group=name,
        n_bona_fide=n_bona_fide,
        n_spoof=n_spoof,
        n_speakers=_count(trials.speakers[inside]),
        eer=eer,
        low=low,
        high=high,
        far=_share(accepted[inside & ~is_bona_fide]),
        frr=_share(~accepted[inside & is_bona_fide]),
        against=against,
        is_small=bool(too_few_clips or too_few_speakers),
    )


def _count(speakers: np.ndarray) -> int:
    return len(set(speakers.tolist()) - {""})


def _share(hits: np.ndarray) -> float:
    return float(hits.mean()) if len(hits) else float("nan")
