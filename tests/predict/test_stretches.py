"""Stretches that stand out from the rest of their recording."""

import numpy as np
import pytest

from src.predict.stretches import FEWEST_WINDOWS, MARGIN, find_stretches
from src.predict.verdict import JudgedWindow, Stretch


def find(llrs: np.ndarray, prior: float = 0.5, confidence: float = 0.9) -> list[Stretch]:
    windows = [JudgedWindow(float(t), t + 4.0) for t in range(len(llrs))]
    return find_stretches(windows, llrs, prior, confidence)


def genuine(count: int, seed: int = 0, mean: float = 2.0, spread: float = 1.0) -> np.ndarray:
    """Windows that share three seconds of four with the next one."""
    noise = np.random.default_rng(seed).normal(size=count + 3)
    return mean + spread * np.convolve(noise, np.ones(4) / 2, "valid")


def test_a_stretch_is_found_where_it_is() -> None:
    llrs = genuine(597)
    assert find(llrs) == []
    llrs[200:205] = -5.0
    [found] = find(llrs)
    assert (found.start, found.end) == (200.0, 208.0)
    assert found.probability == pytest.approx(1 / (1 + np.exp(5.0)))


def test_several_come_in_order_of_time() -> None:
    llrs = genuine(597)
    llrs[400:405], llrs[100:103] = -6.0, -8.0
    assert [(one.start, one.end) for one in find(llrs)] == [(100.0, 106.0), (400.0, 408.0)]


def test_a_recording_that_is_shifted_as_a_whole_is_not_partly_spoof() -> None:
    """Every window lies below the band, and none stands out."""
    assert find(genuine(597, mean=-4.0)) == []


def test_what_stands_out_above_the_band_is_no_spoof() -> None:
    llrs = genuine(597, mean=9.0)
    llrs[200:205] = -1.0
    assert find(llrs) == []
    # At a prior of a tenth the band begins higher up.
    assert len(find(llrs, prior=0.1)) == 1
    assert len(find(llrs, confidence=0.7)) == 1


def test_more_windows_demand_more() -> None:
    """What stands out in ten minutes is one of many in a day."""
    deep = -4.2
    ten_minutes, day = genuine(597), genuine(86_397)
    for llrs in (ten_minutes, day):
        llrs[200] = deep
    assert len(find(ten_minutes)) == 1
    assert not [one for one in find(day) if one.start == 200.0]
    day[200:205] = deep
    assert [one.start for one in find(day)] == [200.0]


def test_false_alarms_are_rare_where_windows_are_normal() -> None:
    """The limit is made for that; real recordings have longer tails, for which the margin is."""
    alarms = [bool(find(genuine(count, seed))) for count in (57, 597) for seed in range(200)]
    assert sum(alarms) == 0
    assert MARGIN > 0


def test_what_is_not_judged_ends_a_stretch() -> None:
    llrs = genuine(597)
    llrs[200:210] = -6.0
    llrs[205] = np.nan
    assert [(one.start, one.end) for one in find(llrs)] == [(200.0, 208.0), (208.0, 213.0)]
    assert find(np.full(100, np.nan)) == []


def test_too_short_a_recording_has_no_rest_to_stand_out_from() -> None:
    llrs = np.full(FEWEST_WINDOWS - 1, 9.0)
    llrs[3] = -30.0
    assert find(llrs) == []
    assert len(find(np.r_[llrs, 9.0])) == 1
