"""Windows of recordings: what of a waveform a network is given."""

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np

BATCH_WINDOWS = 16
"""Windows that are computed at once."""

FEWEST_SAMPLES = 400
"""Of a window of a recording's own length: one frame of an encoder (25 ms), to which what is
shorter is repeated."""


class Covers(StrEnum):
    """Which part of a recording is scored."""

    ALL = "all"
    """Windows that cover it, whose vectors are averaged."""
    FIRST = "first"
    """Its first window, as published evaluations do."""
    WHOLE = "whole"
    """It as it is, in one window of its own length; one longer than a window as by `ALL`."""


def cut_windows(waveform: np.ndarray, samples: int, covers: Covers) -> np.ndarray:
    """Return the windows of a recording that is scored.

    They cover it evenly, with the fewest windows that do, so that neighbours overlap where its
    length is no multiple of theirs. A shorter recording is repeated to a window's length, unless it
    is to be covered whole.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (n,), of at least one sample.
    samples : int
        Of a window.
    covers : Covers
        Which part of it is covered.

    Returns
    -------
    numpy.ndarray
        float32, shape (windows, samples); of one that is covered whole, (1, n).

    Examples
    --------
    >>> cut_windows(np.arange(5.0), 3, Covers.ALL)
    array([[0., 1., 2.],
           [2., 3., 4.]])
    >>> cut_windows(np.arange(2.0), 3, Covers.ALL)
    array([[0., 1., 0.]])
    """
    if len(waveform) <= samples:
        wanted = samples
        if covers == Covers.WHOLE:
            wanted = min(samples, max(len(waveform), FEWEST_SAMPLES))
        return np.resize(waveform, (1, wanted))
    count = 1 if covers == Covers.FIRST else -(-len(waveform) // samples)
    starts = np.linspace(0, len(waveform) - samples, count).round().astype(int)
    return np.stack([waveform[start : start + samples] for start in starts.tolist()])


def mean_vectors(
    prepared: Sequence[np.ndarray], vectors_of: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the mean of the vectors of each recording's windows, float32 of shape (n, dim).

    Parameters
    ----------
    prepared : sequence of numpy.ndarray
        The windows of n recordings, as `cut_windows` gives them.
    vectors_of : callable
        Maps windows (windows, samples), as many as are computed at once, to their vectors,
        float32 of shape (windows, dim).
    """
    # Recordings that are covered whole are of different lengths.
    is_even = len({one.shape[1] for one in prepared}) == 1
    groups = [np.concatenate(prepared)] if is_even else prepared
    of_windows = np.concatenate(
        [
            vectors_of(group[start : start + BATCH_WINDOWS])
            for group in groups
            for start in range(0, len(group), BATCH_WINDOWS)
        ]
    )
    counts = np.array([len(one) for one in prepared])
    starts = np.cumsum(counts) - counts
    return np.add.reduceat(of_windows, starts) / counts[:, None].astype(np.float32)


def random_start(length: int, samples: int, random: np.random.Generator) -> int:
    """Return where a window begins, of a recording that is trained on.

    Parameters
    ----------
    length, samples : int
        Samples of the recording and of the window; of a shorter recording it is the beginning.
    random : numpy.random.Generator
        Of this clip and epoch alone.
    """
    return int(random.integers(max(length - samples, 0) + 1))
