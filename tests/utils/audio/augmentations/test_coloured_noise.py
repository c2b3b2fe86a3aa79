from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import welch

from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.coloured_noise import LOWEST_HZ, make_coloured
from tests.utils.audio.augmentations.levels import measured_snr

COLOURS = {"white": 0.0, "pink": -3.0103, "brown": -6.0206}
"""Decibels an octave."""


@pytest.mark.parametrize("rate", [8_000, 16_000, 96_000])
@pytest.mark.parametrize("name", COLOURS)
def test_the_spectrum_falls_by_so_much_an_octave(name: str, rate: int) -> None:
    exponent = AUGMENTATIONS.load(name).exponent
    noise = make_coloured(10 * rate, rate, exponent, np.random.default_rng(1))
    hertz, power = welch(noise, rate, nperseg=rate // 5)
    octaves = [(low, 2 * low) for low in 62.5 * 2.0 ** np.arange(16) if 2 * low <= rate / 2]
    levels = [10 * np.log10(power[(hertz >= low) & (hertz < high)].mean()) for low, high in octaves]
    slopes = np.diff(levels)
    assert slopes == pytest.approx(COLOURS[name], abs=0.5)
    assert slopes.mean() == pytest.approx(COLOURS[name], abs=0.1)


@pytest.mark.parametrize("exponent", [1, 2])
def test_nothing_is_below_what_is_heard(exponent: int) -> None:
    noise = make_coloured(64_000, 8_000, exponent, np.random.default_rng(1))
    hertz = np.fft.rfftfreq(len(noise), 1 / 8_000)
    power = np.abs(np.fft.rfft(noise * np.hanning(len(noise)))) ** 2
    below = power[hertz < LOWEST_HZ - 1].max()
    assert below < 1e-6 * power.max()


@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("count", [1, 2, 100])
def test_a_few_samples_are_noise_as_well(count: int, exponent: int) -> None:
    noise = make_coloured(count, 16_000, exponent, np.random.default_rng(1))
    assert noise.shape == (count,)
    assert np.abs(noise).min() > 0


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("snr_db", [-5.0, 25.0])
def test_the_ratio_is_the_one_asked_for(name: str, snr_db: float, voice: Callable) -> None:
    noise = AUGMENTATIONS.load(name)(Material(snr_db=(snr_db, snr_db)))
    waveform = voice(0.5)
    parameters = noise.draw(np.random.default_rng(1))
    assert parameters["snr_db"] == snr_db
    noisy = noise.apply(waveform, 16_000, parameters)
    assert measured_snr(waveform, noisy) == pytest.approx(snr_db, abs=0.1)


def test_silence_stays_silent() -> None:
    pink = AUGMENTATIONS.load("pink")(Material())
    silence = np.zeros(1000, np.float32)
    assert not pink.apply(silence, 16_000, pink.draw(np.random.default_rng(1))).any()
