"""Channels that hold different sound, and those that hold one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.channels import DIFFERING_SECONDS, ChannelComparison
from src.utils.audio.io import open_audio, read_parts

RATE = 8_000


def differing(*channels: np.ndarray, block: int = RATE) -> list[int]:
    found = ChannelComparison(RATE, len(channels))
    samples = np.stack(channels, axis=1).astype(np.float32)
    for start in range(0, len(samples), block):
        found.add(samples[start : start + block])
    return found.differing()


@pytest.fixture
def one(voice: Callable) -> np.ndarray:
    return voice(6.0, RATE, seed=1)


@pytest.fixture
def other(voice: Callable) -> np.ndarray:
    return voice(6.0, RATE, seed=2)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=6 * RATE)


def test_one_sound_at_several_levels(one: np.ndarray) -> None:
    level = float(np.sqrt(np.mean(one**2)))
    assert differing(one) == []
    assert differing(one, one) == differing(one, 0.3 * one) == differing(one, -one) == []
    # What coding or a microphone adds to each: 20 dB below the voice.
    for seed in range(5):
        hiss = 0.1 * level * noise(seed)
        assert differing(one + hiss, one - hiss) == []
    assert differing(0 * one, 0 * one) == []


@pytest.mark.parametrize("block", [7, 1_000, 10**6])
def test_two_voices_differ(one: np.ndarray, other: np.ndarray, block: int) -> None:
    assert differing(one, other, block=block) == [0, 1]
    assert differing(one, one + 0.7 * other, block=block) == [0, 1]


def test_copies_are_heard_once(one: np.ndarray, other: np.ndarray) -> None:
    assert differing(one, 0.5 * one, other, -other) == [0, 2]


def test_a_channel_without_sound_differs_from_one_with(one: np.ndarray) -> None:
    assert differing(0 * one, one) == [0, 1]
    assert differing(one, 1e-4 * noise()) == [0, 1]


def test_a_stretch_that_differs_is_enough_and_a_click_is_not(
    one: np.ndarray, other: np.ndarray
) -> None:
    pasted, clicked = one.copy(), one.copy()
    end = round((1 + DIFFERING_SECONDS) * RATE)
    pasted[RATE:end] = other[RATE:end]
    clicked[RATE + 100 : RATE + 140] = 1.0
    assert differing(one, pasted) == [0, 1]
    assert differing(one, clicked) == []


def test_what_is_soft_beside_the_rest_is_not_compared(one: np.ndarray) -> None:
    """Pauses hold the noise of each channel alone."""
    spoken = one.copy()
    spoken[2 * RATE :] = 0
    assert differing(spoken + 1e-4 * noise(1), spoken + 1e-4 * noise(2)) == []


def test_a_channel_is_heard_alone(
    tmp_path: Path, write_audio: Callable, one: np.ndarray, other: np.ndarray
) -> None:
    path = write_audio(tmp_path / "a.wav", np.stack([one, 0.5 * other], axis=1), RATE)
    for channel, wave in enumerate((one, 0.5 * other)):
        heard = np.concatenate(list(read_parts(path, 1000, RATE, channel=channel)))
        np.testing.assert_allclose(heard, wave, atol=1e-4)
        with open_audio(path, channel=channel) as audio:
            blocks = list(audio.blocks(1.0))
            assert {block.shape[1] for block in blocks} == {1}
            assert audio.peak == pytest.approx(np.abs(wave).max(), abs=1e-4)
            assert audio.channels == 2
