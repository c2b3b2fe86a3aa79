"""What hypothesis draws for the metrics."""

import numpy as np
from hypothesis import strategies as st

FEW_VALUES = st.integers(-6, 6).map(float)

RISING = (lambda s: 3 * s - 40, np.exp, np.arctan, lambda s: s**3, np.sinh)
"""Strictly increasing changes of scale, which part `FEW_VALUES` even when rounded."""


@st.composite
def trials(
    draw: st.DrawFn, values: st.SearchStrategy = FEW_VALUES, max_size: int = 24
) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties and their labels, both classes there."""
    rows = draw(st.lists(st.tuples(values, st.integers(0, 1)), max_size=max_size))
    rows += [(draw(values), label) for label in (0, 1)]
    rows = draw(st.permutations(rows))
    scores, labels = map(np.array, zip(*rows, strict=True))
    return scores, labels


@st.composite
def grouped_trials(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties, labels, speakers and attacks (of bona-fide trials too)."""
    score, speaker, attack = st.integers(-4, 4), st.sampled_from("abcde"), st.sampled_from("xyz")
    rows = draw(st.lists(st.tuples(score, st.integers(0, 1), speaker, attack), max_size=28))
    rows += [(draw(score), label, draw(speaker), draw(attack)) for label in (0, 1)]
    scores, labels, speakers, attacks = map(np.array, zip(*rows, strict=True))
    return scores.astype(float), labels, speakers, attacks
