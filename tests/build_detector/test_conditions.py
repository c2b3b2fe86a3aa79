"""What becomes of a voice on its way."""

from collections.abc import Callable

import numpy as np
import pytest

from src.build_detector.conditions import CONDITIONS, TRAINED


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_voice_stays_a_voice(name: str, speech: Callable) -> None:
    waveform = speech(seed=1)
    first, second = (CONDITIONS[name].change(waveform, np.random.default_rng(3)) for _ in range(2))
    assert first.dtype == np.float32 and np.array_equal(first, second)
    assert abs(len(first) - len(waveform)) < 0.15 * 16_000
    assert np.abs(first).max() <= 1.0
    assert not np.array_equal(first[: len(waveform)], waveform[: len(first)])
    # As loud as before, but for what a telephone leaves out.
    level = np.sqrt(np.mean(first**2) / np.mean(waveform**2))
    assert 0.3 < level < 1.3


def share_above(waveform: np.ndarray, hertz: float) -> float:
    power = np.abs(np.fft.rfft(waveform)) ** 2
    return power[np.fft.rfftfreq(len(waveform), 1 / 16_000) > hertz].sum() / power.sum()


def test_a_telephone_ends_at_its_band(voice: Callable) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    for name in ("telephone", "AMR"):
        heard = CONDITIONS[name].change(noise, np.random.default_rng(0))
        assert share_above(noise, 4_100) > 0.4 > 0.01 > share_above(heard, 4_100)


def test_noise_is_as_loud_as_it_says() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000).astype(np.float32) * 0.1
    noise = CONDITIONS["noise"].change(tone, np.random.default_rng(0)) - tone
    assert 10 * np.log10(np.mean(tone**2) / np.mean(noise**2)) == pytest.approx(20, abs=0.2)


def test_some_conditions_are_kept_from_the_training() -> None:
    assert 0 < len(TRAINED) < len(CONDITIONS)
