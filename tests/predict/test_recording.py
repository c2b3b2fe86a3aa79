"""What can be judged, what is refused and why."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.predict import recording
from src.predict.recording import CLIPPING_WARNED, MAX_CLIPPING, Recording, read_channels
from src.utils.audio.io import read_waveform
from src.utils.errors import AudioError
from tests.utils.audio.encodings import write_video


def read_recording(path: Path, sample_rate: int, number: int | None = None) -> Recording:
    """Read a recording whose channels are one sound."""
    [heard] = read_channels(path, sample_rate, number)
    assert heard.channel is None
    assert isinstance(heard.recording, Recording)
    return heard.recording


SILENCE = np.zeros(48_000, np.float32)


def test_what_is_heard_is_what_training_heard(
    tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    wave = voice(1.2, 22_050)
    stereo = np.stack([wave, 0.5 * wave], axis=1)
    for name, samples in (("a.wav", wave), ("b.flac", stereo)):
        path = write_audio(tmp_path / name, samples, 22_050)
        found = read_recording(path, 16_000)
        np.testing.assert_array_equal(found.waveform, read_waveform(path, 16_000))
        assert found.nuisances.duration == pytest.approx(1.2, abs=0.01)
        assert found.nuisances.sample_rate == 22_050


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda wave: wave[:7_900], r"is too short: 0\.49 s, under 0\.5 s"),
        (lambda wave: 0 * wave, "is silent"),
        (lambda wave: np.r_[SILENCE, wave[:4_000], SILENCE], r"too little sound: 0\.2\d s"),
        (lambda wave: np.clip(60 * wave, -1, 1), r"is clipped to noise: \d\d% of its samples"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, write_audio: Callable, voice: Callable, make: Callable, reason: str
) -> None:
    path = write_audio(tmp_path / "a.wav", make(voice(1.0)))
    with pytest.raises(AudioError, match=reason):
        read_recording(path, 16_000)


def test_channels_that_cancel_each_other_are_not_silence(
    tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    wave = voice(1.0)
    path = write_audio(tmp_path / "a.wav", np.stack([0.5 * wave, -0.45 * wave], axis=1))
    [warning] = read_recording(path, 16_000).warnings
    assert warning == "its channels cancel each other; channel 1, the loudest, is heard"


def test_one_of_several_streams(tmp_path: Path, voice: Callable) -> None:
    path = write_video(tmp_path / "a.mp4", [voice(1.0, 48_000), voice(2.0, 48_000, seed=2)])
    first, second = read_recording(path, 16_000), read_recording(path, 16_000, 1)
    assert first.warnings == ("it has 2 audio streams, of which the first is heard",)
    assert [len(one.waveform) for one in (first, second)] == [16_000, 32_000]
    assert second.warnings == ()


def test_what_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(AudioError, match="is not audio"):
        read_recording(tmp_path / "a.wav", 16_000)
    with pytest.raises(AudioError, match="is missing"):
        read_recording(tmp_path / "b.wav", 16_000)


def test_a_word_in_a_long_silence_is_enough(
    tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    word = voice(0.5)
    noise = 1e-3 * np.random.default_rng(0).normal(size=160_000).astype(np.float32)
    for name, pause in (("a", np.tile(SILENCE, 3)), ("b", noise)):
        path = write_audio(tmp_path / f"{name}.wav", np.r_[pause, word, pause])
        assert read_recording(path, 16_000).nuisances.duration > 10


def test_windows_are_judged_where_there_is_sound(
    tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    wave = np.r_[voice(3.0), np.tile(SILENCE, 2)]
    found = read_recording(write_audio(tmp_path / "a.wav", wave), 16_000)
    assert found.waveform is not None
    assert found.holds_voice(found.waveform[:16_000], 16_000, 0.0, 1.0)
    assert not found.holds_voice(found.waveform[-32_000:], 16_000, 7.0, 9.0)
    # A tenth of a second of the voice is left in it.
    assert not found.holds_voice(found.waveform[46_400:64_000], 16_000, 2.9, 4.0)


def test_clipping_grows_with_the_gain(
    tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    """Some is told, much is refused."""
    shares = []
    for decibels in (0, 17, 19):
        loud = np.clip(voice(1.0) * 10 ** (decibels / 20), -1, 1)
        path = write_audio(tmp_path / f"{decibels}.wav", loud)
        shares.append(read_recording(path, 16_000).nuisances.clipping)
    assert shares[0] == 0 < shares[1] < shares[2] < MAX_CLIPPING
    assert shares[2] > CLIPPING_WARNED


def test_a_long_recording_is_not_held(
    tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch
) -> None:
    monkeypatch.setattr(recording, "PART_SECONDS", 2.0)
    assert read_recording(write_audio(tmp_path / "a.wav", voice(2.5)), 16_000).waveform is None
    assert read_recording(write_audio(tmp_path / "b.wav", voice(1.5)), 16_000).waveform is not None
