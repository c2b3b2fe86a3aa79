"""The stand-in voice: repeatable, in range, and shaped like speech."""

import numpy as np
import pytest

from src.demo.level import rms
from src.demo.voice import SAMPLE_RATE, SPEECH_RMS, Speaker, make_speakers, speak


def measured_f0(waveform: np.ndarray) -> float:
    """Median pitch of the loud frames by plain autocorrelation, in Hz."""
    size, found = 800, []
    shortest, longest = SAMPLE_RATE // 350, SAMPLE_RATE // 70
    pieces = np.lib.stride_tricks.sliding_window_view(waveform, size)[::400]
    loudness = np.sqrt(np.mean(pieces**2, axis=1))
    for piece in pieces[loudness > rms(waveform)]:
        correlation = np.correlate(piece, piece, "full")[size - 1 :] / np.arange(size, 0, -1)
        lag = shortest + int(np.argmax(correlation[shortest:longest]))
        if correlation[lag] > 0.6 * correlation[0]:
            found.append(SAMPLE_RATE / lag)
    assert len(found) > 10, "hardly anything is voiced"
    return float(np.median(found))


def frame_levels(waveform: np.ndarray) -> np.ndarray:
    """Level of each 20 ms relative to the whole, in dB."""
    pieces = waveform[: len(waveform) // 320 * 320].reshape(-1, 320)
    levels: np.ndarray = 20 * np.log10(np.sqrt(np.mean(pieces**2, axis=1)) / rms(waveform))
    return levels


@pytest.fixture(scope="module")
def cast() -> list[Speaker]:
    return make_speakers(8, seed=7)


@pytest.fixture(scope="module")
def recordings(cast: list[Speaker]) -> list[np.ndarray]:
    return [speak(who, 3.0, np.random.default_rng(k)) for k, who in enumerate(cast)]


def test_speakers_alternate_and_carry_their_gender_in_the_id(cast: list[Speaker]) -> None:
    assert [who.id for who in cast[:4]] == ["F001", "M002", "F003", "M004"]
    assert all(who.id[0] == who.gender for who in cast)
    assert all(who.name.isascii() and who.name.isalpha() for who in cast)


def test_asking_for_more_speakers_keeps_the_first_ones(cast: list[Speaker]) -> None:
    assert make_speakers(3, seed=7) == cast[:3]
    assert make_speakers(3, seed=8) != cast[:3]
    assert len({who.id for who in make_speakers(60, seed=1)}) == 60


def test_same_chance_gives_the_same_recording(cast: list[Speaker]) -> None:
    first, second, other = (speak(cast[0], 1.5, np.random.default_rng(s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_recordings_are_finite_unclipped_and_at_the_stated_level(
    recordings: list[np.ndarray],
) -> None:
    for waveform in recordings:
        assert waveform.dtype == np.float32
        assert waveform.shape == (3 * SAMPLE_RATE,)
        assert np.isfinite(waveform).all()
        assert np.abs(waveform).max() < 0.98
        assert rms(waveform) == pytest.approx(SPEECH_RMS, rel=1e-3)


def test_measured_pitch_fits_the_gender(cast: list[Speaker], recordings: list[np.ndarray]) -> None:
    for who, waveform in zip(cast, recordings, strict=True):
        low, high = (160, 270) if who.gender == "F" else (80, 155)
        assert low < measured_f0(waveform) < high, who.id


def test_speech_has_pauses_that_are_quiet_but_never_silent(recordings: list[np.ndarray]) -> None:
    for waveform in recordings:
        levels = frame_levels(waveform)
        assert 0.08 < np.mean(levels < -25) < 0.7, "part of the clip is pause"
        assert np.mean(levels > -6) > 0.2, "part of the clip is loud"
        assert levels.min() > -70, "no digital silence"


def test_spectrum_falls_and_moves_like_speech(recordings: list[np.ndarray]) -> None:
    for waveform in recordings:
        spectra = np.abs(np.fft.rfft(waveform[: 117 * 400].reshape(-1, 400) * np.hanning(400)))
        power = np.mean(spectra**2, axis=0)
        assert power[5:25].mean() > 20 * power[125:].mean(), "vowels dominate below 1 kHz"
        loud = spectra[spectra.sum(axis=1) > np.median(spectra.sum(axis=1))]
        centroid = loud @ np.arange(201) * 40 / loud.sum(axis=1)
        assert centroid.max() > 2 * centroid.min(), "fricatives differ from vowels"


@pytest.mark.parametrize("seconds", [0.5, 0.731, 2.0])
def test_any_length_from_half_a_second(cast: list[Speaker], seconds: float) -> None:
    waveform = speak(cast[1], seconds, np.random.default_rng(0))
    assert len(waveform) == round(seconds * SAMPLE_RATE)
    assert np.isfinite(waveform).all()


def test_other_sample_rates_keep_level_and_pitch(cast: list[Speaker]) -> None:
    waveform = speak(cast[0], 2.0, np.random.default_rng(3), sample_rate=32_000)
    assert len(waveform) == 64_000
    assert 160 < measured_f0(waveform[::2]) < 270


def test_nonsense_is_refused(cast: list[Speaker]) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="half a second"):
        speak(cast[0], 0.1, rng)
    with pytest.raises(ValueError, match="half a second"):
        speak(cast[0], float("nan"), rng)
    with pytest.raises(ValueError, match="sample rate"):
        speak(cast[0], 1.0, rng, sample_rate=8000)
    with pytest.raises(ValueError, match="speaker"):
        make_speakers(0, seed=1)
