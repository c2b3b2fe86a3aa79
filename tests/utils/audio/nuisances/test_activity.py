"""Where there is sound and where there is none."""

import numpy as np
import pytest

from src.utils.audio.nuisances.activity import LOWEST_DB, find_activity, frame_levels, sound_level


def test_levels_are_those_of_a_sine() -> None:
    # Ten periods a frame: the level of a sine of amplitude a is a²/2.
    wave = 0.1 * np.sin(2 * np.pi * np.arange(1600) / 16)
    levels = frame_levels(wave.astype(np.float32), 160)
    assert levels.shape == (10,)
    np.testing.assert_allclose(levels, 10 * np.log10(0.005), atol=1e-3)
    # A constant is no sound, and what is left over behind the last frame does not count.
    np.testing.assert_allclose(
        frame_levels((wave + 0.5).astype(np.float32)[:-1], 160), levels[:9], atol=1e-2
    )


def test_silence_has_the_lowest_level() -> None:
    assert frame_levels(np.zeros(320, np.float32), 160) == pytest.approx(LOWEST_DB)
    assert len(frame_levels(np.zeros(159, np.float32), 160)) == 0


def test_ends_and_pauses_are_found() -> None:
    levels = np.r_[np.full(12, -70.0), np.full(30, -20.0), np.full(8, -70), np.full(30, -22.0)]
    levels = np.r_[levels, np.full(5, -70.0)]
    found = find_activity(levels)
    assert (found.first, found.last) == (12, 80)
    assert found.active.sum() == 60
    assert found.noise_floor == pytest.approx(-70)


def test_a_click_is_no_start() -> None:
    levels = np.full(100, -70.0)
    levels[[5, 6]] = -15  # two frames
    levels[20:80] = -20
    levels[95] = -15
    found = find_activity(levels)
    assert (found.first, found.last) == (20, 80)
    levels[4] = -15  # three
    assert find_activity(levels).first == 4


def test_a_soft_passage_is_sound_unless_far_below() -> None:
    levels = np.full(100, -80.0)
    levels[10:70] = -20
    levels[70:80] = -55  # 35 dB under the loud ones, 25 dB over the floor
    levels[80:90] = -65  # 45 dB under them
    active = find_activity(levels).active
    assert active[70:80].all()
    assert not active[80:90].any()


def test_a_steady_sound_is_not_cut_up() -> None:
    """Within 15 dB of the loud frames nothing is silent, though all is near the floor."""
    levels = -20 - np.random.default_rng(0).uniform(0, 12, 200)
    found = find_activity(levels)
    assert found.active.all()
    assert (found.first, found.last) == (0, 200)


@pytest.mark.parametrize("levels", [[], [-120.0], [-20.0, -20.0], [-120.0] * 50])
def test_hardly_anything(levels: list[float]) -> None:
    found = find_activity(np.array(levels))
    assert (found.first, found.last) == (0, len(levels))
    assert len(found.active) == len(levels)
    assert found.noise_floor == (np.percentile(levels, 5) if levels else LOWEST_DB)


@pytest.mark.parametrize("floor", [LOWEST_DB, -60.0, -45.0])
@pytest.mark.parametrize("count", [10, 100])
def test_a_word_is_found_in_a_long_silence(floor: float, count: int) -> None:
    levels = np.full(2000, floor)
    levels[100 : 100 + count] = -20
    assert (levels > sound_level(levels)).sum() == count


def test_a_click_is_not_what_sound_is_measured_by() -> None:
    levels = np.full(500, -70.0)
    levels[:2] = 0
    levels[100:150] = -42
    assert (levels > sound_level(levels)).sum() == 52
    # Without the word the rest is one steady sound.
    assert (levels[150:] > sound_level(levels[150:])).all()
    assert sound_level(np.array([-20.0])) < -20
