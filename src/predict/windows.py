"""Cutting a recording into what is embedded: the whole, and windows along it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

WINDOW_SECONDS = 4.0
"""As long as the clips that detectors are mostly trained on."""

HOP_SECONDS = 1.0

PART_SECONDS = 300.0
"""A longer recording is judged whole in parts of equal length, so that memory does not grow."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of a recording.

    Attributes
    ----------
    start, end : float
        Seconds.
    samples : numpy.ndarray
        float32, shape (samples,).
    is_window : bool
        Whether it is a window of the curve, or a part of the whole.
    """

    start: float
    end: float
    samples: np.ndarray
    is_window: bool


def part_samples(duration: float, sample_rate: int) -> int:
    """Return how many samples a part has, so that all parts are of about one length."""
    count = max(1, -(-duration // PART_SECONDS))
    # A frame more than needed, or what resampling adds to the length would be a part of its own.
    return int(duration * sample_rate / count) + sample_rate // 100


def cut(parts: Iterable[np.ndarray], sample_rate: int) -> Iterator[Stretch]:
    """Cut a recording that comes in parts, holding no more than a part and a window.

    First comes each part, then the windows of `WINDOW_SECONDS` that end in it, one every
    `HOP_SECONDS`; the last window ends where the recording does. A recording that is no longer
    than a window has none.

    Examples
    --------
    >>> [(one.start, one.end) for one in cut([np.zeros(66)], 10)]
    [(0.0, 6.6), (0.0, 4.0), (1.0, 5.0), (2.0, 6.0), (2.6, 6.6)]
    """
    size, hop = round(WINDOW_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    held = np.empty(0, np.float32)
    offset = start = end = 0

    def window(first: int) -> Stretch:
        samples = held[first - offset : first - offset + size]
        return Stretch(first / sample_rate, (first + size) / sample_rate, samples, True)

    for part in parts:
        yield Stretch(end / sample_rate, (end + len(part)) / sample_rate, part, False)
        held = np.concatenate([held, part]) if len(held) else part
        end += len(part)
        # One that ends right here may be the last, which is not known yet.
        while start + size < end:
            yield window(start)
            start += hop
        kept = max(offset, end - size)
        held, offset = held[kept - offset :], kept
    if end > size:
        yield window(end - size)
