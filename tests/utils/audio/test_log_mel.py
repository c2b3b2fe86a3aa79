"""YAMNet's front end, against its published parameters computed slowly and apart."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from src.networks.back_ends.yamnet.tflite import FULLY_CONNECTED, MUL, read_operators
from src.utils.audio import log_mel
from src.utils.audio.log_mel import compute_log_mel, hann_window, mel_weights
from src.utils.config import ROOT

WEIGHTS = ROOT.parent / "shared" / "weights" / "yamnet.tflite"


def mel(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


def slow_log_mel(samples: np.ndarray, frame: int) -> list[float]:
    """One frame by the definitions: a sum for each bin, a loop over bins for each band."""
    start = frame * 160
    windowed = [
        float(samples[start + n]) * 0.5 * (1 - math.cos(2 * math.pi * n / 400)) for n in range(400)
    ]
    magnitudes = []
    for k in range(257):
        real = sum(x * math.cos(2 * math.pi * k * n / 512) for n, x in enumerate(windowed))
        imaginary = sum(x * math.sin(2 * math.pi * k * n / 512) for n, x in enumerate(windowed))
        magnitudes.append(math.hypot(real, imaginary))
    step = (mel(7500) - mel(125)) / 65
    bands = []
    for band in range(64):
        low = mel(125) + band * step
        total = 0.0
        for k, magnitude in enumerate(magnitudes):
            place = (mel(k * 16_000 / 512) - low) / step
            if 0 < place < 2:
                total += magnitude * (place if place <= 1 else 2 - place)
        bands.append(math.log(total + 0.001))
    return bands


def test_frames_are_those_of_the_definitions(voice: Callable) -> None:
    samples = voice(0.2)
    found = compute_log_mel(samples)
    assert found.shape == (1 + (3_200 - 400) // 160, 64)
    assert found.dtype == np.float32
    for frame in (0, 7, len(found) - 1):
        np.testing.assert_allclose(found[frame], slow_log_mel(samples, frame), atol=2e-4)


def test_silence_is_the_logarithm_of_the_offset() -> None:
    found = compute_log_mel(np.zeros(800, np.float32))
    np.testing.assert_allclose(found, np.full((3, 64), math.log(0.001)), rtol=1e-6)


def test_a_tone_is_loudest_in_the_band_that_it_lies_in() -> None:
    for hertz in (200.0, 1_000.0, 6_000.0):
        wave = np.sin(2 * np.pi * hertz * np.arange(4_000) / 16_000).astype(np.float32)
        band = (mel(hertz) - mel(125)) / ((mel(7500) - mel(125)) / 65) - 1
        assert np.abs(compute_log_mel(wave).argmax(axis=1) - band).max() < 1.5


def test_long_recordings_are_computed_part_by_part(
    voice: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = voice(0.5)
    whole = compute_log_mel(samples)
    monkeypatch.setattr(log_mel, "_FRAMES_AT_ONCE", 7)
    np.testing.assert_allclose(compute_log_mel(samples), whole, atol=1e-5)


def test_too_little_for_a_frame_is_no_frame() -> None:
    assert compute_log_mel(np.zeros(399, np.float32)).shape == (0, 64)


@pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"needs Google's file {WEIGHTS}")
def test_window_and_bands_are_google_s_own() -> None:
    operators = read_operators(WEIGHTS)
    window = next(one.constants[1] for one in operators if one.code == MUL)
    np.testing.assert_allclose(hann_window(), window, atol=1e-6)
    _, bands, offset = next(one.constants for one in operators if one.code == FULLY_CONNECTED)
    # Kept in 8 bits there, of which one is 1/127.
    np.testing.assert_allclose(mel_weights(), bands.T, atol=0.5 / 127 + 1e-6)
    np.testing.assert_allclose(offset, log_mel.LOG_OFFSET)
