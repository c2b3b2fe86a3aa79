"""Generators of random numbers, one for each recording."""

import hashlib

import numpy as np


def file_generator(seed: int, file: str) -> np.random.Generator:
    """Return a generator for one file, whatever the other files are.

    Parameters
    ----------
    seed : int
        The seed of the stage.
    file : str
        The recording, as the files table names it.
    """
    digest = hashlib.sha256(file.encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, np.uint32).tolist()])
