"""Windows of recordings: what of a waveform a network is given."""

import numpy as np

from src.networks.settings import Covers

FEWEST_SAMPLES = 400
"""Of a window of a recording's own length: one frame of an encoder (25 ms), to which what is
shorter is repeated."""


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
