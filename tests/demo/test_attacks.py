"""The vocoder attacks: same length, same loudness, different signal."""

import numpy as np
import pytest

from src.demo.attacks import ATTACKS, SAMPLE_RATE
from src.demo.level import PEAK_LIMIT, rms, set_rms
from src.demo.voice import make_speakers, speak
from src.utils.audio.pitch import pulse_train, track_pitch


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    cast = make_speakers(2, seed=7)
    return [speak(who, 2.2, np.random.default_rng(k)) for k, who in enumerate(cast)]


def log_spectrogram(waveform: np.ndarray) -> np.ndarray:
    """Log power of 32 ms frames, shape (frames, bins), floored well below speech."""
    pieces = np.lib.stride_tricks.sliding_window_view(waveform, 512)[::256] * np.hanning(512)
    return np.log10(np.abs(np.fft.rfft(pieces)) ** 2 + 1e-6)


def floor_db(waveform: np.ndarray) -> float:
    """Level of the quietest tenth of the 20 ms frames, in dB."""
    pieces = waveform[: len(waveform) // 320 * 320].reshape(-1, 320)
    return float(20 * np.log10(np.percentile(np.sqrt(np.mean(pieces**2, axis=1)), 10)))


@pytest.mark.parametrize("name", ATTACKS)
def test_length_level_and_peak(name: str, clips: list[np.ndarray]) -> None:
    for clip in clips:
        before = clip.copy()
        spoof = ATTACKS[name](clip, np.random.default_rng(1))
        np.testing.assert_array_equal(clip, before, err_msg="the input was changed")
        assert spoof.dtype == np.float32
        assert spoof.shape == clip.shape
        assert np.isfinite(spoof).all()
        assert np.abs(spoof).max() <= PEAK_LIMIT
        assert rms(spoof) == pytest.approx(rms(clip), rel=1e-3)


@pytest.mark.parametrize("name", ATTACKS)
def test_repeatable_and_driven_by_the_given_chance(name: str, clips: list[np.ndarray]) -> None:
    one, two, other = (ATTACKS[name](clips[0], np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_spoof_says_the_same_but_is_not_the_same(name: str, clips: list[np.ndarray]) -> None:
    for clip in clips:
        spoof = ATTACKS[name](clip, np.random.default_rng(1))
        model, copy = log_spectrogram(clip), log_spectrogram(spoof)
        assert np.corrcoef(model.ravel(), copy.ravel())[0, 1] > 0.75, "speech was lost"
        assert np.mean(np.abs(model - copy)) > 0.15, "nothing changed"
        assert abs(np.corrcoef(clip, spoof)[0, 1]) < 0.95, "the waveform came back"


@pytest.mark.parametrize("name", ATTACKS)
def test_no_trivial_cue_in_pauses_or_offset(name: str, clips: list[np.ndarray]) -> None:
    for clip in clips:
        spoof = ATTACKS[name](clip, np.random.default_rng(1))
        assert floor_db(spoof) == pytest.approx(floor_db(clip), abs=2.0)
        assert abs(spoof.mean()) < 0.01 * rms(spoof)


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("length", [1, 79, 801])
def test_silence_noise_and_short_input(name: str, length: int) -> None:
    rng = np.random.default_rng(0)
    silence = ATTACKS[name](np.zeros(length, dtype=np.float32), rng)
    assert silence.shape == (length,)
    assert rms(silence) < 1e-3
    noise = 0.1 * rng.standard_normal(length, dtype=np.float32)
    assert np.isfinite(ATTACKS[name](noise, rng)).all()


def test_pitch_of_a_pulse_train_is_found_again() -> None:
    pitch = np.full(200, 125.0)
    pulses, voiced = pulse_train(pitch, SAMPLE_RATE, 80, 15_000)
    assert voiced.all()
    assert np.mean(pulses.astype(float) ** 2) == pytest.approx(1.0, rel=0.02)
    found = track_pitch(pulses, SAMPLE_RATE, 80)
    assert np.median(found[10:-10]) == pytest.approx(125.0, rel=0.01)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(16_000)
    assert np.mean(track_pitch(noise, SAMPLE_RATE, 80) > 0) < 0.05


def test_level_gives_way_only_to_the_peak() -> None:
    tone = np.sin(np.arange(1000) / 7.0)
    assert rms(set_rms(tone, 0.1)) == pytest.approx(0.1, rel=1e-4)
    assert np.abs(set_rms(tone, 5.0)).max() == pytest.approx(PEAK_LIMIT, rel=1e-4)
    assert not set_rms(np.zeros(8), 0.1).any()
