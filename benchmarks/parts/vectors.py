"""Vectors that stand for embeddings, where their number and length are what is measured."""

import numpy as np

N_FACTORS = 32
"""Directions that most of the variance lies in, as in embeddings of speech."""


def draw_vectors(
    clips: int, dim: int, seed: int, gap: float = 0.5, share: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Draw vectors of two classes that overlap, and their classes.

    Parameters
    ----------
    clips, dim : int
        How many, and how long.
    seed : int
        Of the clips; the directions are the same for every seed.
    gap : float
        Deviations between the classes along each of eight directions.
    share : float
        Of clips of class 1.

    Returns
    -------
    x : numpy.ndarray
        float32, shape (clips, dim).
    y : numpy.ndarray
        int8, shape (clips,).
    """
    directions = np.random.default_rng(1).normal(size=(N_FACTORS, dim)) / np.sqrt(N_FACTORS)
    chance = np.random.default_rng(seed)
    y = (chance.random(clips) < share).astype(np.int8)
    factors = chance.normal(size=(clips, N_FACTORS))
    factors[:, :8] += gap * y[:, None]
    return (factors @ directions + chance.normal(size=(clips, dim))).astype(np.float32), y
