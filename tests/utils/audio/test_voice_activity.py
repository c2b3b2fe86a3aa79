"""Speech and other sound."""

import csv
import sys

import numpy as np
import pytest

from src.demo.voice import make_speakers, speak
from src.utils.audio import voice_activity
from src.utils.audio.io import read_waveform
from src.utils.audio.voice_activity import FRAME, RATE, VoiceActivity, speech_seconds
from src.utils.config import ROOT
from src.utils.errors import AudiosError

MIXED = ROOT.parent / "shared" / "corpora" / "mixed"


def hear(wave: np.ndarray, rate: int = RATE, block: int = 30 * RATE) -> np.ndarray:
    activity = VoiceActivity(rate)
    for start in range(0, len(wave), block):
        activity.add(wave[start : start + block].astype(np.float32))
    return activity.finish()


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """The demonstration's babble."""
    [speaker] = make_speakers(1, 7)
    return speak(speaker, 3.0, np.random.default_rng(0)).astype(np.float32)


def test_babble_is_speech_and_noise_is_none(spoken: np.ndarray) -> None:
    assert speech_seconds(hear(spoken)) > 1.5
    chance, time = np.random.default_rng(0), np.arange(3 * RATE) / RATE
    for wave in (
        0.1 * chance.normal(size=len(time)),
        0.5 * np.sin(2 * np.pi * 440 * time),
        0 * time,
    ):
        assert speech_seconds(hear(wave)) == 0


@pytest.mark.skipif(not MIXED.is_dir(), reason="needs ../shared/corpora/mixed")
def test_voices_of_both_classes_are_speech() -> None:
    with (MIXED / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for label in ("bona-fide", "spoof"):
        for row in [row for row in rows if row["label"] == label][:: len(rows) // 20]:
            assert speech_seconds(hear(read_waveform(MIXED / row["path"]))) > 0.5, row["path"]


def test_where_speech_is(spoken: np.ndarray) -> None:
    """By seconds, with silence before and behind."""
    silence = np.zeros(2 * RATE, np.float32)
    found = hear(np.concatenate([silence, spoken, silence]))
    assert speech_seconds(found, 0, 1.9) == 0
    assert speech_seconds(found, 2, 5) > 1.5
    assert speech_seconds(found, 5.5, 7) == 0
    assert speech_seconds(found) == pytest.approx(speech_seconds(found, 0, 7))


@pytest.mark.parametrize("block", [100, 4_001, RATE])
def test_blocks_leave_no_seam(spoken: np.ndarray, monkeypatch, block: int) -> None:
    """Nor does what the network is given at once."""
    whole = hear(spoken)
    monkeypatch.setattr(voice_activity, "_FRAMES_AT_ONCE", 7)
    parts = hear(spoken, block=block)
    assert len(whole) == len(parts) == -(-len(spoken) // FRAME)
    np.testing.assert_allclose(parts, whole, atol=1e-4)


def test_another_rate_is_heard_alike(spoken: np.ndarray) -> None:
    twice = np.repeat(spoken, 3)
    assert speech_seconds(hear(twice, 3 * RATE)) == pytest.approx(
        speech_seconds(hear(spoken)), abs=0.3
    )


def test_hardly_a_sound() -> None:
    assert len(hear(np.zeros(0))) == 0
    assert hear(np.zeros(3)).shape == (1,)


def test_weights_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_activity, "_WEIGHTS", "data/none.onnx")
    voice_activity._load.cache_clear()
    try:
        with pytest.raises(AudiosError, match="silero-vad is not installed"):
            VoiceActivity(RATE)
    finally:
        voice_activity._load.cache_clear()


def test_its_package_is_not_imported(spoken: np.ndarray) -> None:
    """Whose code would load torch."""
    hear(spoken[:RATE])
    assert "silero_vad" not in sys.modules
