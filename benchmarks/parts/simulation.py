"""Simulated tests whose true metrics are known, for the benchmark of coverage and the tests."""

import numpy as np


def simulate(
    speakers: int, clips: int, seed: int, apart: float = 2.0, own: float = 0.8, each: float = 0.6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw speakers whose scores lie around a mean of their own in each class.

    The deviation of all is 1 by default: two normal distributions of deviation 1, `apart` from each
    other, cross at an error rate of `norm.sf(apart / 2)`.

    Returns
    -------
    scores, labels, speakers : numpy.ndarray
        Shape (2 * speakers * clips,): so many clips by each speaker in either class.
    """
    chance = np.random.default_rng(seed)
    labels = np.repeat(np.tile([0, 1], speakers), clips)
    means = np.repeat(chance.normal(0, own, 2 * speakers), clips)
    scores = means + chance.normal(0, each, len(labels)) + apart * labels
    return scores, labels, np.repeat(np.arange(speakers), 2 * clips)
