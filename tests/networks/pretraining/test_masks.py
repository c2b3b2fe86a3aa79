"""Masked frames and distractors, as the papers draw them."""

import numpy as np
import pytest

from src.networks.pretraining.masks import draw_negatives, draw_spans


def test_as_many_frames_are_masked_as_spans_that_may_overlap_leave() -> None:
    random = np.random.default_rng(7)
    shares = [draw_spans(500, 10, 0.065, random).mean() for _ in range(200)]
    # Baevski et al. 2020, section 4.2: about 49 % of all frames, in spans of 14.7 on average.
    assert np.mean(shares) == pytest.approx(0.49, abs=0.01)


def test_spans_are_no_shorter_than_asked() -> None:
    random = np.random.default_rng(7)
    for _ in range(50):
        mask = np.r_[False, draw_spans(60, 10, 0.03, random), False].astype(int)
        starts, ends = (np.flatnonzero(np.diff(mask) == step) for step in (1, -1))
        assert (ends - starts >= 10).all()
        assert len(starts) >= 1


def test_short_recordings_keep_half_of_their_frames() -> None:
    mask = draw_spans(4, 10, 0.065, np.random.default_rng(7))
    assert 2 <= mask.sum() < 4


def test_distractors_are_other_masked_frames_all_alike_likely() -> None:
    mask = np.zeros(20, bool)
    mask[[2, 3, 11, 17]] = True
    found = draw_negatives(mask, 30_000, np.random.default_rng(7))
    assert (found[~mask] == 0).all()
    for frame in np.flatnonzero(mask):
        others, counts = np.unique(found[frame], return_counts=True)
        assert set(others) == {2, 3, 11, 17} - {frame}
        assert counts == pytest.approx(10_000, rel=0.05)


def test_a_single_masked_frame_has_itself() -> None:
    mask = np.arange(5) == 3
    assert (draw_negatives(mask, 4, np.random.default_rng(7))[3] == 3).all()
