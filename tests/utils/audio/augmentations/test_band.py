"""Band-pass and resampling take away what lies outside, keep the rest, and do not delay it."""

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.band import TELEPHONE_HZ, WIDE_HZ, BandPass, Resampling
from src.utils.audio.augmentations.mixing import rms


def band_pass(waveform: np.ndarray, rate: int, band: tuple[float, float]) -> np.ndarray:
    return BandPass(Material()).apply(waveform, rate, {"low_hz": band[0], "high_hz": band[1]})


def noise(rate: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(rate)).astype(np.float32)


def gains_db(changed: np.ndarray, given: np.ndarray, rate: int, *bands: tuple) -> list[float]:
    """The gain of each band, Hz; both waveforms are a second long."""
    spectra = [np.abs(np.fft.rfft(wave * np.hanning(rate))) for wave in (changed, given)]
    return [float(20 * np.log10(rms(spectra[0][a:b]) / rms(spectra[1][a:b]))) for a, b in bands]


def lag(changed: np.ndarray, given: np.ndarray) -> int:
    spectrum = np.fft.rfft(changed) * np.conj(np.fft.rfft(given))
    return int(np.argmax(np.fft.irfft(spectrum)))


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 96_000])
def test_the_telephone_s_band_is_kept_and_the_rest_is_gone(rate: int) -> None:
    given = noise(rate)
    changed = band_pass(given, rate, TELEPHONE_HZ)
    below, inside, above = gains_db(
        changed, given, rate, (0, 190), (420, 3280), (3520, min(rate // 2, 8000))
    )
    assert below < -45 and above < -45
    assert abs(inside) < 0.02
    edges = gains_db(changed, given, rate, (298, 303), (3398, 3403))
    assert edges == pytest.approx([-6, -6], abs=1)
    assert lag(changed, given) == 0 and len(changed) == len(given)


def test_the_wide_band_reaches_from_50_to_7000_hz() -> None:
    given = noise(16_000)
    changed = band_pass(given, 16_000, WIDE_HZ)
    below, inside, above = gains_db(changed, given, 16_000, (0, 25), (75, 6950), (7050, 8000))
    assert below < -30 and above < -45 and abs(inside) < 0.02
    # At 8 kHz there is no upper edge to speak of.
    [top] = gains_db(band_pass(noise(8000), 8000, WIDE_HZ), noise(8000), 8000, (100, 3990))
    assert abs(top) < 0.02


@pytest.mark.parametrize(("rate", "lower"), [(16_000, 8000), (44_100, 16_000), (48_000, 24_000)])
def test_resampling_loses_what_lies_above_half_the_lower_rate(rate: int, lower: int) -> None:
    given = noise(rate)
    changed = Resampling(Material()).apply(given, rate, {"rate_hz": lower})
    half = lower // 2
    inside, above = gains_db(
        changed, given, rate, (100, int(0.9 * half)), (int(1.02 * half), rate // 2)
    )
    assert abs(inside) < 0.05 and above < -50
    assert lag(changed, given) == 0 and len(changed) == len(given)


def test_resampling_only_goes_down() -> None:
    resampling = Resampling(Material())
    given = noise(16_000)
    np.testing.assert_array_equal(resampling.apply(given, 16_000, {"rate_hz": 16_000}), given)
    # The drawn parameters say which rate holds instead.
    to_8 = resampling.apply(given, 16_000, {"rate_hz": 8000})
    drawn = {"rate_hz": 24_000, "else_hz": 8000}
    np.testing.assert_array_equal(resampling.apply(given, 16_000, drawn), to_8)
    draws = [resampling.draw(np.random.default_rng(seed)) for seed in range(40)]
    assert {draw["rate_hz"] for draw in draws} == {8000, 16_000, 24_000}
    assert {draw["else_hz"] for draw in draws} == {8000}
