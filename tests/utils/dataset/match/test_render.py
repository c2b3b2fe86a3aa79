"""From a waveform to what a matched data set holds."""

from collections.abc import Callable

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import welch

from src.utils.audio.nuisances.activity import find_activity, frame_levels
from src.utils.dataset.match import MatchSettings
from src.utils.dataset.match.plan import ClipPlan
from src.utils.dataset.match.render import apply_low_pass, render, trim_silence
from src.utils.errors import AudioError

RATE = 16_000


@pytest.fixture
def said(speech: Callable) -> np.ndarray:
    return speech(words=(0.5, 0.5), lead=0.3, pause=0.4, trail=0.2, seed=3)


def rendered(wave: np.ndarray, plan: ClipPlan | None = None, seed: int = 0, **wanted):
    settings = MatchSettings(**wanted).decide([])
    return render(wave, settings, plan or ClipPlan(), np.random.default_rng(seed))


def rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))


def relative_floor(wave: np.ndarray) -> float:
    return find_activity(frame_levels(wave, 160)).noise_floor - 20 * np.log10(rms(wave))


@pytest.mark.parametrize("target", [0.02, 0.05, 0.1])
def test_rms(said: np.ndarray, target: float) -> None:
    wave, limited = rendered(said, target=target)
    assert rms(wave) == pytest.approx(target, rel=1e-4)
    assert not limited
    assert wave.dtype == np.float32
    # One gain, nothing bent.
    np.testing.assert_allclose(wave, (said - said.mean()) * wave.std() / said.std(), atol=1e-5)


@pytest.mark.parametrize("target", [-35.0, -26.0])
def test_lufs(said: np.ndarray, target: float) -> None:
    wave, limited = rendered(said, loudness="lufs", target=target)
    assert not limited
    assert pyloudnorm.Meter(RATE).integrated_loudness(wave) == pytest.approx(target, abs=0.01)


def test_lufs_of_the_standard_s_own_tone() -> None:
    """BS.1770: a sine of 997 Hz at 0 dBFS in one channel has -3.01 LUFS."""
    time = np.arange(5 * 48_000) / 48_000
    tone = (0.1 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    wave, _ = rendered(tone, loudness="lufs", target=-23.01, sample_rate=48_000)
    assert np.abs(wave).max() == pytest.approx(0.1, rel=0.01)


def test_level_is_kept_when_asked(said: np.ndarray) -> None:
    wave, limited = rendered(said, loudness="keep")
    np.testing.assert_allclose(wave, said - said.mean(), atol=1e-7)
    assert not limited


def test_nothing_clips(said: np.ndarray) -> None:
    wave, limited = rendered(said, target=0.9)
    assert limited
    assert np.abs(wave).max() == pytest.approx(1 - 2**-15, abs=1e-6)
    wave, limited = rendered(10 * said, loudness="keep")
    assert limited
    assert np.abs(wave).max() <= 1


def test_offset_is_taken_out(said: np.ndarray) -> None:
    wave, _ = rendered(said + np.float32(0.05))
    plain, _ = rendered(said)
    assert abs(wave.mean()) < 1e-6
    np.testing.assert_allclose(wave, plain, atol=1e-5)


def test_ends_are_trimmed(said: np.ndarray) -> None:
    wave = trim_silence(said, RATE)
    # 0.3 s, two words around a pause of 0.4 s, 0.2 s.
    assert len(wave) / RATE == pytest.approx(1.4, abs=0.03)
    at = int(np.argmax(np.abs(said))) - int(np.argmax(np.abs(wave)))
    assert at / RATE == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(wave, said[at : at + len(wave)])


def test_pauses_are_shortened(said: np.ndarray) -> None:
    wave = trim_silence(said, RATE, shorten=True)
    assert len(wave) / RATE == pytest.approx(1.1, abs=0.04)
    quiet = ~find_activity(frame_levels(wave, 160)).active
    runs = np.diff(np.flatnonzero(np.diff(np.r_[0, quiet, 0])))[::2]
    assert max(runs) <= 11
    # No click where it is joined: no step is larger than those that were there.
    assert np.abs(np.diff(wave)).max() <= np.abs(np.diff(said)).max() + 1e-6


def test_short_pauses_stay(speech: Callable) -> None:
    wave = speech(words=(0.4, 0.4), lead=0.0, pause=0.08, trail=0.0, seed=1)
    assert abs(len(trim_silence(wave, RATE, shorten=True)) - len(wave)) <= 320


def test_many_pauses(speech: Callable) -> None:
    wave = speech(words=(0.3,) * 6, pause=0.3, lead=0.1, trail=0.1, seed=2)
    short = trim_silence(wave, RATE, shorten=True)
    assert len(short) / RATE == pytest.approx(6 * 0.3 + 5 * 0.1, abs=0.1)


def test_a_sound_without_silence_stays_whole() -> None:
    wave = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    for shorten in (False, True):
        np.testing.assert_array_equal(trim_silence(wave, RATE, shorten), wave)


def test_length_is_cut_somewhere(said: np.ndarray) -> None:
    starts = set()
    for seed in range(8):
        wave, _ = rendered(said, ClipPlan(seconds=0.7), seed, loudness="keep")
        assert len(wave) == 11_200
        plain = said - said.mean()
        [start] = [
            at
            for at in np.flatnonzero(np.abs(plain - wave[0]) < 1e-7)
            if at <= len(plain) - len(wave)
            and np.allclose(plain[at : at + len(wave)], wave, atol=1e-6)
        ]
        starts.add(start)
    assert len(starts) == 8
    whole, _ = rendered(said, ClipPlan(seconds=99.0))
    assert len(whole) == len(said)


@pytest.mark.parametrize("floor", [-20.0, -30.0])
def test_noise_is_added_up_to_the_floor(said: np.ndarray, floor: float) -> None:
    wave, _ = rendered(said, ClipPlan(floor=floor))
    assert relative_floor(wave) == pytest.approx(floor, abs=1)


def test_no_noise_where_there_is_enough(said: np.ndarray) -> None:
    wave, _ = rendered(said, ClipPlan(floor=relative_floor(said) - 3), loudness="keep")
    np.testing.assert_allclose(wave, said - said.mean(), atol=1e-7)


@pytest.mark.parametrize("edge", [1000.0, 3500.0, 7600.0])
def test_band_is_cut(edge: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32)
    hertz, before = welch(noise, RATE, nperseg=2048)
    _, after = welch(apply_low_pass(noise, RATE, edge), RATE, nperseg=2048)
    gain = 10 * np.log10(after / before)
    assert (gain[hertz > edge + 20] < -70).all()
    passed = (hertz > 30) & (hertz < edge - 0.03 * RATE / 2 - 20)
    assert np.abs(gain[passed]).max() < 0.5
    # Linear phase without a delay.
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE).astype(np.float32)
    np.testing.assert_allclose(
        apply_low_pass(tone, RATE, edge)[4000:-4000], tone[4000:-4000], atol=2e-3
    )


def test_noise_is_cut_as_well(said: np.ndarray) -> None:
    wave, _ = rendered(said, ClipPlan(low_pass=3000.0, floor=-20.0))
    hertz, power = welch(wave, RATE, nperseg=1024)
    assert power[hertz > 3100].max() < 1e-7 * power.max()


def test_what_is_left_must_be_judged(said: np.ndarray) -> None:
    with pytest.raises(AudioError, match=r"leaves less than 0\.4 s"):
        rendered(said[:6000])
    with pytest.raises(AudioError, match=r"leaves less than 0\.4 s"):
        rendered(said, ClipPlan(seconds=0.39))
    with pytest.raises(AudioError, match="is silent"):
        rendered(np.full(RATE, 0.3, np.float32))
    with pytest.raises(AudioError, match=r"too quiet for a loudness"):
        quiet = 2e-4 * np.sin(np.arange(RATE)).astype(np.float32)
        rendered(quiet, loudness="lufs")


def test_everything_at_once(said: np.ndarray) -> None:
    plan = ClipPlan(low_pass=5000.0, seconds=0.8, floor=-30.0)
    one, _ = rendered(said + np.float32(0.1), plan, silence="shorten")
    same, _ = rendered(said + np.float32(0.1), plan, silence="shorten")
    np.testing.assert_array_equal(one, same)
    assert len(one) == 12_800
    assert rms(one) == pytest.approx(0.05, rel=1e-3)
