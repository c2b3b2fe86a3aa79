"""Cutting long clips."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from src.utils.embeddings.backbones.windows import Window, cut


@given(n_frames=st.integers(1, 5000), context=st.integers(0, 150), beyond=st.integers(1, 400))
@example(n_frames=5, context=0, beyond=1)
@example(n_frames=10, context=1, beyond=1)
@example(n_frames=3, context=1, beyond=1)
@example(n_frames=4, context=1, beyond=1)
@settings(max_examples=300, deadline=None)
def test_every_frame_is_counted_once(n_frames: int, context: int, beyond: int) -> None:
    longest = 2 * context + beyond
    windows = cut(n_frames, longest, context)
    assert windows[0].counted_start == 0
    assert windows[-1].counted_stop == n_frames
    assert all(one.counted_stop == other.counted_start for one, other in pairwise(windows))
    for window in windows:
        assert window.counted_start < window.counted_stop
        assert window.stop - window.start <= longest
        assert window.start == max(0, window.counted_start - context)
        assert window.stop == min(n_frames, window.counted_stop + context)
    counted = [window.counted_stop - window.counted_start for window in windows]
    assert max(counted) - min(counted) <= 1


@given(n_frames=st.integers(1, 1500), context=st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_a_clip_that_fits_stays_whole(n_frames: int, context: int) -> None:
    assert cut(n_frames, n_frames, context) == [Window(0, n_frames, 0, n_frames)]
    assert cut(n_frames, n_frames + 1, context) == [Window(0, n_frames, 0, n_frames)]


def test_one_frame_too_many() -> None:
    assert cut(1500, longest=1499, context=125) == [
        Window(0, 875, 0, 750),
        Window(625, 1500, 750, 1500),
    ]
