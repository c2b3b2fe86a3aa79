"""Speed, tempo and pitch, measured on a tone."""

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Augmentation, Material
from src.utils.audio.augmentations.mixing import rms
from src.utils.audio.augmentations.voice import Pitch, Speed, Tempo


def tone(rate: int, hz: float = 440.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(rate) / rate)).astype(np.float32)


def frequency(waveform: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), 1 << 19))
    return float(np.argmax(spectrum) * rate / (1 << 19))


def change(kind: type[Augmentation], waveform: np.ndarray, rate: int, **value: float) -> np.ndarray:
    return kind(Material()).apply(waveform, rate, dict(value))


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("factor", [0.9, 1.07])
def test_speed_changes_length_and_pitch_by_its_factor(rate: int, factor: float) -> None:
    faster = change(Speed, tone(rate), rate, factor=factor)
    assert len(faster) == pytest.approx(rate / factor, abs=1)
    assert frequency(faster, rate) == pytest.approx(440 * factor, rel=1e-3)


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("factor", [0.9, 1.07])
def test_tempo_changes_length_alone(rate: int, factor: float) -> None:
    faster = change(Tempo, tone(rate), rate, factor=factor)
    assert len(faster) == pytest.approx(rate / factor, abs=1)
    assert frequency(faster, rate) == pytest.approx(440, rel=1e-3)


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("semitones", [-3.0, 2.0])
def test_pitch_is_shifted_by_its_semitones_alone(rate: int, semitones: float) -> None:
    higher = change(Pitch, tone(rate), rate, semitones=semitones)
    assert len(higher) == rate
    assert frequency(higher, rate) == pytest.approx(440 * 2 ** (semitones / 12), rel=2e-3)
    # To the very end.
    assert np.abs(higher[-rate // 10 :]).max() > 0.1


@pytest.mark.parametrize("kind", [Tempo, Pitch])
def test_a_voice_stays_as_loud(kind: type[Augmentation], voice) -> None:
    changed = change(kind, voice(0.5), 16_000, factor=0.9, semitones=-2.0)
    assert rms(changed) == pytest.approx(rms(voice(0.5)), rel=0.03)


@pytest.mark.parametrize("kind", [Speed, Tempo, Pitch])
def test_a_clip_of_a_few_samples_is_changed_too(kind: type[Augmentation]) -> None:
    short = tone(16_000)[:50]
    changed = change(kind, short, 16_000, factor=1.1, semitones=2.0)
    assert len(changed) == (50 if kind is Pitch else 45)
    assert np.isfinite(changed).all()


def test_drawn_values_lie_where_voices_stay_voices() -> None:
    random = np.random.default_rng(0)
    for kind, name, low, high in (
        (Speed, "factor", 0.9, 1.1),
        (Tempo, "factor", 0.9, 1.1),
        (Pitch, "semitones", -3, 3),
    ):
        values = [float(kind(Material()).draw(random)[name]) for _ in range(200)]
        near = 0.05 * (high - low)
        assert low <= min(values) < low + near and high - near < max(values) <= high
