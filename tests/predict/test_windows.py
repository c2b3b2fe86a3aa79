"""Cutting a recording into the whole and its windows."""

import numpy as np
import pytest

from src.predict.windows import PART_SECONDS, cut_segments, part_samples

RATE = 100


def windows(parts: list[np.ndarray]) -> list[tuple[float, float]]:
    return [(one.start, one.end) for one in cut_segments(parts, RATE) if one.is_window]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1.0, []),
        (4.0, []),
        (4.01, [0.0, 0.01]),
        (5.0, [0.0, 1.0]),
        (6.5, [0.0, 1.0, 2.0, 2.5]),
    ],
)
def test_windows_reach_to_the_end(seconds: float, expected: list[float]) -> None:
    found = windows([np.zeros(round(seconds * RATE))])
    assert [start for start, _ in found] == pytest.approx(expected)
    assert all(end - start == pytest.approx(4.0) for start, end in found)


def test_they_hold_their_own_samples() -> None:
    samples = np.arange(20 * RATE)
    for one in cut_segments([samples], RATE):
        first, last = round(one.start * RATE), round(one.end * RATE)
        np.testing.assert_array_equal(one.samples, samples[first:last])


@pytest.mark.parametrize("size", [150, 400, 401, 777, 1999])
def test_parts_change_no_window(size: int) -> None:
    samples = np.arange(20 * RATE)
    parts = [samples[start : start + size] for start in range(0, len(samples), size)]
    whole = [one for one in cut_segments([samples], RATE) if one.is_window]
    found = list(cut_segments(parts, RATE))
    in_parts = [one for one in found if one.is_window]
    assert [(one.start, one.end) for one in in_parts] == [(one.start, one.end) for one in whole]
    for one, other in zip(in_parts, whole, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
    whole_parts = [one.samples for one in found if not one.is_window]
    np.testing.assert_array_equal(np.concatenate(whole_parts), samples)


def test_no_more_than_a_part_and_a_window_is_held() -> None:
    size = 10 * RATE
    for one in cut_segments((np.zeros(size) for _ in range(20)), RATE):
        assert one.samples.base is None or len(one.samples.base) <= size + 4 * RATE


@pytest.mark.parametrize("seconds", [PART_SECONDS + 0.01, 1000.0, 3600.0, 4321.7])
def test_parts_are_of_about_one_length(seconds: float) -> None:
    size = part_samples(seconds, 16_000)
    count = -(-round(seconds * 16_000) // size)
    assert size <= PART_SECONDS * 16_000 + 160
    assert count == -(-seconds // PART_SECONDS)
    # What resampling may add makes no part of its own.
    assert -(-(round(seconds * 16_000) + 100) // size) == count
