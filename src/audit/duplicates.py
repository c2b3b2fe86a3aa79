"""Duplicate recordings: exact copies, and near-duplicates by acoustic fingerprint."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MAX_ERROR_RATE = 0.30
"""Bit error rate up to which two clips are one recording.

Haitsma & Kalker take 0.35. On speech, copies (gain, codecs, vocoders, cutting) keep under it, and
of two sentences of one voice a rare pair reaches 0.32.
"""
MIN_FRAMES = 40
"""Frames with sound, 16 ms each, that two clips must have in common: 0.64 s."""

_NEIGHBOURS = 8
"""With how many others of its value a frame is compared: what bounds the work."""
_PRINTS_AT_ONCE = 40_000_000
_CANDIDATES_AT_ONCE = 20_000
_NEAR = 32
"""Frames around a common one that are compared first."""


def group_equal(keys: Sequence[str]) -> np.ndarray:
    """Return a number for each key, int of shape (clips,): equal for equal keys."""
    return np.unique(np.asarray(keys), return_inverse=True)[1]


def group_near_duplicates(fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """Group near-duplicates: clips that hold the same recording, or a part of it.

    Frames of all clips are sorted by value. Where two clips share one, they are laid over each
    other there and compared bit by bit. A value that many clips share (a hum, a jingle) is
    compared with its next eight in the order only, so that work grows with the number of frames
    times its logarithm, never with its square; the copies of one clip still find each other, since
    they share many values and what is linked to one is linked to all.

    Parameters
    ----------
    fingerprints : sequence of numpy.ndarray
        Of each clip, uint32 of shape (frames,) (see `compute_fingerprint`).

    Returns
    -------
    numpy.ndarray
        int, shape (clips,): equal for clips of one group; a clip on its own has its own number.
    """
    pairs = find_near_duplicates(fingerprints)
    count = len(fingerprints)
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (count, count))
    return connected_components(links, directed=False)[1]


def find_near_duplicates(fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """Return pairs of near-duplicates, int of shape (pairs, 2), the lower number first.

    Of a group of copies not every pair is there, but enough to link them all.

    Parameters
    ----------
    fingerprints : sequence of numpy.ndarray
        Of each clip, uint32 of shape (frames,) (see `compute_fingerprint`).
    """
    lengths = np.array([len(prints) for prints in fingerprints], np.int64)
    if not lengths.sum():
        return np.zeros((0, 2), np.int64)
    starts = np.r_[0, np.cumsum(lengths)]
    frames = np.concatenate([prints for prints in fingerprints if len(prints)])
    found = []
    # A part of the values at a time: memory stays flat however large the data set is.
    parts = 1 + len(frames) // _PRINTS_AT_ONCE
    for part in range(parts):
        at = np.flatnonzero((frames != 0) & (frames % parts == part))
        found.append(_linked(frames, starts, at[np.argsort(frames[at], kind="stable")]))
    return np.unique(np.concatenate(found), axis=0)


def _linked(frames: np.ndarray, starts: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return verified pairs of clips; `at` are frames in the order of their values."""
    clip = np.searchsorted(starts, at, side="right") - 1
    value = frames[at]
    seen = np.zeros((0, 2), np.int64)
    for step in range(1, _NEIGHBOURS + 1):
        same = np.flatnonzero((value[step:] == value[:-step]) & (clip[step:] != clip[:-step]))
        # Sorted stably, the earlier frame is of the earlier clip.
        first, second = at[same], at[same + step]
        pairs = np.c_[clip[same], clip[same + step]]
        shift = (second - starts[pairs[:, 1]]) - (first - starts[pairs[:, 0]])
        new = _first_of_each(pairs, shift, len(starts))
        new = new[~_contains(seen, pairs[new], len(starts))]
        first, second, pairs = first[new], second[new], pairs[new]
        alike = np.zeros(len(pairs), bool)
        for begin in range(0, len(pairs), _CANDIDATES_AT_ONCE):
            some = slice(begin, begin + _CANDIDATES_AT_ONCE)
            alike[some] = _alike(frames, starts, first[some], second[some], pairs[some])
        seen = np.unique(np.concatenate([seen, pairs[alike]]), axis=0)
    return seen


def _first_of_each(pairs: np.ndarray, shift: np.ndarray, n_clips: int) -> np.ndarray:
    """Return the index of one candidate for each alignment (shift) of two clips."""
    furthest = int(np.abs(shift).max(initial=0))
    keys = (pairs[:, 0] * n_clips + pairs[:, 1]) * (2 * furthest + 1) + shift + furthest
    return np.unique(keys, return_index=True)[1]


def _contains(known: np.ndarray, pairs: np.ndarray, base: int) -> np.ndarray:
    return np.isin(pairs[:, 0] * base + pairs[:, 1], known[:, 0] * base + known[:, 1])


def _alike(
    frames: np.ndarray, starts: np.ndarray, first: np.ndarray, second: np.ndarray, pairs: np.ndarray
) -> np.ndarray:
    """Return whether the clips of each pair agree when aligned at their equal frames."""
    back = np.minimum(first - starts[pairs[:, 0]], second - starts[pairs[:, 1]])
    ahead = np.minimum(starts[pairs[:, 0] + 1] - first, starts[pairs[:, 1] + 1] - second)
    offsets = np.arange(-_NEAR, _NEAR)
    inside = (offsets >= -back[:, None]) & (offsets < ahead[:, None])
    wrong, heard = _compare(
        frames[np.where(inside, first[:, None] + offsets, 0)] * inside,
        frames[np.where(inside, second[:, None] + offsets, 0)] * inside,
    )
    likely = np.flatnonzero((heard > 0) & (wrong <= MAX_ERROR_RATE * 32 * heard))
    alike = np.zeros(len(pairs), bool)
    for row in likely:
        # All that the two clips have in common when they are laid over each other here.
        span = slice(-back[row], ahead[row])
        bits, count = _compare(
            frames[first[row] + span.start : first[row] + span.stop],
            frames[second[row] + span.start : second[row] + span.stop],
        )
        alike[row] = count >= MIN_FRAMES and bits <= MAX_ERROR_RATE * 32 * count
    return alike


def _compare(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count differing bits and compared frames along the last axis, without silent frames."""
    heard = (a != 0) & (b != 0)
    return (np.bitwise_count(a ^ b) * heard).sum(axis=-1, dtype=np.int64), heard.sum(axis=-1)
