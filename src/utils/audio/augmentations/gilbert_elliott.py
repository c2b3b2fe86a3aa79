"""Which packets a network loses: bursts, by the model of Gilbert and Elliott.

E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39, 1960;
E. O. Elliott, "Estimates of error rates for codes on burst-noise channels", ibid. 42, 1963.
A Markov chain of a good state, in which every packet arrives, and a bad one, in which none does.
"""

import numpy as np


def draw_lost(count: int, loss: float, burst: float, random: np.random.Generator) -> np.ndarray:
    """Draw which packets are lost.

    Parameters
    ----------
    count : int
        How many are sent.
    loss : float
        Share of them that is lost in the long run, above 0 and below 1.
    burst : float
        Mean number that is lost in a row, 1 or more.
    random : numpy.random.Generator
        What draws.

    Returns
    -------
    numpy.ndarray
        bool, shape (count,).
    """
    recovery = 1 / burst
    # In the long run as many bursts begin as end.
    failure = min(recovery * loss / (1 - loss), 1.0)
    chances = random.random(count)
    lost = np.zeros(count, bool)
    is_bad = bool(random.random() < loss)
    for at, chance in enumerate(chances):
        lost[at] = is_bad
        is_bad = chance >= recovery if is_bad else chance < failure
    return lost


def runs_of(lost: np.ndarray) -> list[tuple[int, int]]:
    """Return where each run of lost packets begins and where the next packet arrives.

    Parameters
    ----------
    lost : numpy.ndarray
        bool, shape (packets,).
    """
    edges = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
