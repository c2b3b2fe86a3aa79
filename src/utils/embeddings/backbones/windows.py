"""Cutting long clips into windows that overlap."""

from dataclasses import dataclass
from itertools import pairwise

WINDOW_SECONDS = 30.0
"""Attention costs the square of the length, and no model was trained on longer clips."""

CONTEXT_SECONDS = 2.5
"""What a window sees beyond the frames it answers for; neighbours overlap by twice as much."""


@dataclass(frozen=True)
class Window:
    """A range of a clip's frames that the encoder sees at once.

    Attributes
    ----------
    start, stop : int
        The frames it sees.
    counted_start, counted_stop : int
        The frames whose hidden states are taken from it; every frame of a clip is counted in
        exactly one window.
    """

    start: int
    stop: int
    counted_start: int
    counted_stop: int

    @property
    def n_counted(self) -> int:
        """How many frames are taken from it."""
        return self.counted_stop - self.counted_start


def cut(n_frames: int, longest: int, context: int) -> list[Window]:
    """Cut a clip into windows of about equal length.

    Parameters
    ----------
    n_frames : int
        The clip's length, at least 1.
    longest : int
        Frames a window may see; a clip that is no longer stays whole.
    context : int
        Frames on either side that are seen but not counted; none beyond the clip's ends. Less
        than half of `longest`.

    Examples
    --------
    >>> cut(10, longest=8, context=1)
    [Window(start=0, stop=6, counted_start=0, counted_stop=5), \
Window(start=4, stop=10, counted_start=5, counted_stop=10)]
    """
    if n_frames <= longest:
        return [Window(0, n_frames, 0, n_frames)]
    n_windows = -(-n_frames // (longest - 2 * context))
    bounds = [round(n_frames * number / n_windows) for number in range(n_windows + 1)]
    return [
        Window(max(0, start - context), min(n_frames, stop + context), start, stop)
        for start, stop in pairwise(bounds)
    ]
