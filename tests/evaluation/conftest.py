"""What the tests of the evaluation share: trials whose scores lie around their speaker's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.evaluation.trials import Trials


@pytest.fixture(scope="session")
def make_trials() -> Callable[..., Trials]:
    """Make trials of so many speakers, each with as many clips of both classes.

    `own` is how far speakers lie apart, `gap` how far the classes do; the ratios are those of two
    normal distributions. A mapping given as `conditions` becomes the table.
    """

    def make(
        n_speakers: int = 12,
        n_clips: int = 5,
        gap: float = 2.0,
        own: float = 0.5,
        seed: int = 0,
        **parts: Any,
    ) -> Trials:
        chance = np.random.default_rng(seed)
        n = 2 * n_speakers * n_clips
        of = np.repeat(np.arange(n_speakers), 2 * n_clips)
        labels = np.tile(np.repeat([1, 0], n_clips), n_speakers)
        scores = (
            chance.normal(0, own, n_speakers)[of] + chance.normal(size=n) + gap * (labels - 0.5)
        )
        given = {
            "files": np.array([f"{i}.wav" for i in range(n)]),
            "scores": scores,
            "labels": labels,
            "speakers": np.array([f"s{i}" for i in of]),
        } | parts
        given.setdefault("llrs", gap / (1 + own**2) * given["scores"])
        given["conditions"] = pd.DataFrame(given.get("conditions", {}))
        return Trials(**given)

    return make
