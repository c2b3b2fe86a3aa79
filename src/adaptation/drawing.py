"""Which clips are learnt from, and which are kept apart to measure by."""

from dataclasses import dataclass

import numpy as np

from src.models.probe import speakers_of
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import ArgumentError, DatasetError

FEWEST_CLIPS = 5
"""Of each class that are learnt from: fewer would not even calibrate."""

_FEWEST_SPEAKERS = 4
"""Of each class: two to learn from, so that there are folds, and two to measure by."""

_CLASSES = {1: BONA_FIDE, 0: SPOOF}


@dataclass(frozen=True)
class Drawn:
    """Two parts of a data set's clips that share no speaker.

    Attributes
    ----------
    learnt : numpy.ndarray
        bool, shape (clips,): those to learn from, as many of each class.
    apart : numpy.ndarray
        bool, shape (clips,): all clips of speakers of whom nothing is learnt.
    """

    learnt: np.ndarray
    apart: np.ndarray


def draw_clips(clips: LabelledClips, n_clips: int, seed: int) -> Drawn:
    """Draw clips to learn from, of as many speakers as there may be.

    Of each class at least half of the speakers are kept apart. Those that are learnt from give one
    clip each before any gives a second. A clip without a speaker is a speaker of its own.

    Parameters
    ----------
    clips : LabelledClips
        All clips of the data set that can be used.
    n_clips : int
        How many of each class are learnt from.
    seed : int
        Of the draw.

    Raises
    ------
    ArgumentError
        When there are fewer clips than asked for, saying how many can be.
    DatasetError
        When there are too few speakers, or clips, for both parts.
    """
    speakers = speakers_of(clips)
    counts = {value: len(set(speakers[clips.y == value])) for value in _CLASSES}
    told = f"{counts[1]:,} with {BONA_FIDE} and {counts[0]:,} with {SPOOF} clips"
    if min(counts.values()) < _FEWEST_SPEAKERS:
        raise DatasetError(
            f"too few speakers to learn from some and to measure by others: {told}, and it takes "
            f"{_FEWEST_SPEAKERS} of each"
        )
    drawn = _draw(clips, speakers, n_clips, seed)
    if drawn is not None:
        return drawn
    possible = (
        n for n in range(n_clips - 1, FEWEST_CLIPS - 1, -1) if _can(clips, speakers, n, seed)
    )
    most = next(possible, 0)
    if not most:
        raise DatasetError(
            f"half of its speakers ({told}) have fewer than {FEWEST_CLIPS} clips of a class, which "
            f"it takes to learn from; label more clips"
        )
    raise ArgumentError(
        f"--clips={n_clips} is more than half of its speakers have of each class ({told}; the "
        f"other half measures what it brings): ask for {most} at most"
    )


def _can(clips: LabelledClips, speakers: np.ndarray, n_clips: int, seed: int) -> bool:
    return _draw(clips, speakers, n_clips, seed) is not None


def _draw(clips: LabelledClips, speakers: np.ndarray, n_clips: int, seed: int) -> Drawn | None:
    """Return the two parts, None where the half of the speakers has too few clips."""
    chance = np.random.default_rng(seed)
    chosen = _choose_speakers(clips.y, speakers, n_clips, chance)
    is_chosen = np.isin(speakers, chosen)
    learnt = np.zeros(len(clips), bool)
    for value in _CLASSES:
        rows = np.flatnonzero(is_chosen & (clips.y == value))
        if len(rows) < n_clips:
            return None
        rows = rows[chance.permutation(len(rows))]
        # Every speaker's first clip, then every one's second, and so on.
        seen: dict[str, int] = {}
        turns = []
        for name in speakers[rows].tolist():
            turns.append(seen.get(name, 0))
            seen[name] = turns[-1] + 1
        learnt[rows[np.argsort(turns, kind="stable")[:n_clips]]] = True
    # Of a chosen speaker nothing may have been taken: then it is apart as every other.
    return Drawn(learnt, ~np.isin(speakers, speakers[learnt]))


def _choose_speakers(
    y: np.ndarray, speakers: np.ndarray, n_clips: int, chance: np.random.Generator
) -> list[str]:
    """Return speakers in chance order, until each class has enough or half of its speakers."""
    names = np.unique(speakers)
    classes = {name: set(y[speakers == name].tolist()) for name in names.tolist()}
    half = {value: sum(value in has for has in classes.values()) // 2 for value in _CLASSES}
    taken = dict.fromkeys(_CLASSES, 0)
    chosen = []
    for name in names[chance.permutation(len(names))].tolist():
        has = classes[name]
        is_wanted = any(taken[value] < n_clips for value in has)
        if is_wanted and all(taken[value] < half[value] for value in has):
            chosen.append(name)
            for value in has:
                taken[value] += 1
    return chosen
