"""How far a spectrum reaches."""

import numpy as np
import pytest
import soxr
from scipy.signal import firwin, oaconvolve

from src.utils.audio.nuisances.bandwidth import MeanSpectrum


def noise(count: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def bandwidth(wave: np.ndarray, rate: int, bits: int = 24, block: int | None = None) -> float:
    spectrum = MeanSpectrum(rate)
    for start in range(0, len(wave), block or len(wave)):
        spectrum.add(wave[start : start + (block or len(wave))])
    return spectrum.bandwidth(bits)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_known_low_pass(rate: int, share: float) -> None:
    edge = share * rate / 2
    kernel = firwin(2001, edge, fs=rate, window=("kaiser", 12.0))
    wave = oaconvolve(noise(3 * rate), kernel, mode="same").astype(np.float32)
    assert bandwidth(wave, rate) == pytest.approx(edge, abs=0.02 * rate / 2)


def test_full_band_and_silence() -> None:
    assert bandwidth(noise(16_000), 16_000) == pytest.approx(8000, abs=20)
    assert bandwidth(np.zeros(16_000, np.float32), 16_000) == 0


def test_resampled_audio_gives_its_old_rate_away() -> None:
    telephone = noise(3 * 8000)
    wave = soxr.resample(telephone, 8000, 16_000, quality="VHQ")
    assert bandwidth(wave, 16_000) == pytest.approx(4000, rel=0.05)


def test_quantisation_noise_is_no_band() -> None:
    """In 8 bits the steps' noise reaches up to half the rate; it must not count."""
    kernel = firwin(801, 2000, fs=16_000, window=("kaiser", 12.0))
    wave = oaconvolve(noise(48_000), kernel, mode="same")
    coarse = (np.round(wave * 128) / 128).astype(np.float32)
    assert bandwidth(coarse, 16_000, bits=8) == pytest.approx(2000, rel=0.1)
    assert bandwidth(coarse, 16_000, bits=24) > 7000


def test_a_single_line_is_taken_out() -> None:
    time = np.arange(48_000) / 16_000
    kernel = firwin(801, 3000, fs=16_000, window=("kaiser", 12.0))
    wave = oaconvolve(noise(48_000), kernel, mode="same")
    wave += 1e-5 * np.sin(2 * np.pi * 7000 * time)
    assert bandwidth(wave.astype(np.float32), 16_000) == pytest.approx(3000, rel=0.1)


def test_the_spectrum_does_not_depend_on_blocks() -> None:
    wave = noise(8 * 2048 + 100)
    whole = MeanSpectrum(44_100)
    whole.add(wave[: 8 * 2048])
    parts = MeanSpectrum(44_100)
    for start in range(0, 8 * 2048, 2 * 2048):
        parts.add(wave[start : start + 2 * 2048])
    assert parts.bandwidth(24) == whole.bandwidth(24)
    np.testing.assert_allclose(parts._sum, whole._sum, rtol=1e-6)
    # White noise of variance v has the value v in every bin.
    np.testing.assert_allclose((whole._sum / whole._frames)[1:-1].mean(), 0.01, rtol=0.05)


def test_shorter_than_a_frame() -> None:
    assert 0 <= bandwidth(noise(1), 16_000) <= 8000
    assert 0 < bandwidth(noise(300), 16_000) <= 8000
