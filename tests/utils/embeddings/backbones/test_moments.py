"""Joining statistics of parts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.embeddings.backbones.moments import Moments


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_parts_make_the_whole(sizes: list[int], seed: int) -> None:
    chance = np.random.default_rng(seed)
    frames = chance.normal(5, 2, size=(sum(sizes), 2, 3)).astype(np.float32)
    moments = Moments()
    for part in np.split(frames, np.cumsum(sizes)[:-1]):
        moments.add(len(part), part.mean(axis=0), part.var(axis=0))
    found = moments.mean_and_std()
    assert found.dtype == np.float32
    assert found.shape == (2, 2, 3)
    np.testing.assert_allclose(found[:, 0], frames.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found[:, 1], frames.std(axis=0), atol=1e-5)
