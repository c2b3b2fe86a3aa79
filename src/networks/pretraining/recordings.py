"""Recordings as pretraining hears them."""

import numpy as np

from src.utils.dataset.waveforms import Waveforms

SHORTEST_SECONDS = 0.4
"""Two spans of masked frames; what is shorter is repeated to it."""


def samples_of(waveforms: Waveforms, row: int) -> int:
    """Return how many samples a recording has, or is repeated to.

    Parameters
    ----------
    waveforms : Waveforms
        Of recordings.
    row : int
        The recording's.
    """
    return max(waveforms.lengths[row], int(SHORTEST_SECONDS * waveforms.sample_rate))


def read_window(
    waveforms: Waveforms, row: int, start: int = 0, count: int | None = None
) -> np.ndarray:
    """Return samples of a recording, of a very short one repeated.

    Parameters
    ----------
    waveforms : Waveforms
        Of recordings.
    row : int
        The recording's.
    start : int
        The first sample.
    count : int, optional
        How many (default: all that follow).

    Returns
    -------
    numpy.ndarray
        float32, shape (count,).

    Raises
    ------
    AudioError
        As `Waveforms.part` does.
    """
    length = samples_of(waveforms, row)
    stop = length if count is None else start + count
    if waveforms.lengths[row] >= length:
        return waveforms.part(row, start, stop - start)
    return np.resize(waveforms.part(row), length)[start:stop]
