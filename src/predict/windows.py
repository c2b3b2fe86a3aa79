"""Cutting a recording into the segments that are embedded: the whole, and sliding windows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

WINDOW_SECONDS = 4.0
"""Length of a window: that of the clips that detectors are mostly trained on."""

HOP_SECONDS = 1.0

PART_SECONDS = 300.0
"""Longest part: a longer recording is read in equal parts, so that memory does not grow."""


@dataclass(frozen=True)
class Segment:
    """A segment of a recording with its samples.

    Attributes
    ----------
    start, end : float
        Position in seconds.
    samples : numpy.ndarray
        float32, shape (samples,).
    is_window : bool
        Whether it is a sliding window, or else a part of the whole.
    """

    start: float
    end: float
    samples: np.ndarray
    is_window: bool


def part_samples(duration: float, sample_rate: int) -> int:
    """Return the number of samples in a part, so that all parts have about the same length.

    Parameters
    ----------
    duration : float
        Length of the recording in seconds.
    sample_rate : int
        Sample rate of the parts in Hz.
    """
    count = max(1, -(-duration // PART_SECONDS))
    # 10 ms more, or the samples that resampling adds to the length would be a part of their own.
    return int(duration * sample_rate / count) + sample_rate // 100


def cut_segments(parts: Iterable[np.ndarray], sample_rate: int) -> Iterator[Segment]:
    """Cut a recording that comes in parts, holding no more than a part and a window.

    First comes each part, then the windows of `WINDOW_SECONDS` that end in it, one every
    `HOP_SECONDS`; the last window ends where the recording does. A recording that is no longer
    than a window has none.

    Parameters
    ----------
    parts : iterable of numpy.ndarray
        float32, each of shape (samples,), in order.
    sample_rate : int
        Sample rate in Hz.

    Yields
    ------
    Segment
        With a view of the samples.

    Examples
    --------
    >>> [(one.start, one.end) for one in cut_segments([np.zeros(66)], 10)]
    [(0.0, 6.6), (0.0, 4.0), (1.0, 5.0), (2.0, 6.0), (2.6, 6.6)]
    """
    size, hop = round(WINDOW_SECONDS * sample_rate), round(HOP_SECONDS * sample_rate)
    held = np.empty(0, np.float32)
    offset = start = end = 0

    def window(first: int) -> Segment:
        samples = held[first - offset : first - offset + size]
        return Segment(first / sample_rate, (first + size) / sample_rate, samples, True)

    for part in parts:
        yield Segment(end / sample_rate, (end + len(part)) / sample_rate, part, False)
        held = np.concatenate([held, part]) if len(held) else part
        end += len(part)
        # A window that ends right here may be the last, which is not known yet.
        while start + size < end:
            yield window(start)
            start += hop
        kept = max(offset, end - size)
        held, offset = held[kept - offset :], kept
    if end > size:
        yield window(end - size)
