"""Copies of a sound keep its fingerprint, other sounds do not."""

from collections.abc import Callable

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import firwin, oaconvolve

from src.audit.duplicates import MAX_ERROR_RATE, find_near_duplicates
from src.utils.audio.io import read_waveform
from src.utils.audio.nuisances.fingerprint import HOP_SECONDS, SAMPLE_RATE, compute_fingerprint


@pytest.fixture(scope="module")
def said(speech: Callable) -> np.ndarray:
    return speech(words=(1.0, 0.8), seed=5)


def printed(wave: np.ndarray, rate: int = 16_000) -> np.ndarray:
    return compute_fingerprint(soxr.resample(wave, rate, SAMPLE_RATE).astype(np.float32))


def as_ogg(wave: np.ndarray, folder) -> np.ndarray:
    soundfile.write(folder / "a.ogg", wave, 16_000)
    return read_waveform(folder / "a.ogg", 16_000)


def with_noise(wave: np.ndarray, snr: float) -> np.ndarray:
    sigma = np.sqrt(np.mean(wave**2)) / 10 ** (snr / 20)
    return (wave + sigma * np.random.default_rng(1).standard_normal(len(wave))).astype(np.float32)


COPIES: dict[str, Callable] = {
    "gain": lambda wave, _: 0.1 * wave,
    "polarity": lambda wave, _: -wave,
    "8 kHz": lambda wave, _: soxr.resample(soxr.resample(wave, 16_000, 8000), 8000, 16_000),
    "ogg": as_ogg,
    "noise": lambda wave, _: with_noise(wave, 20),
    "cut by 1": lambda wave, _: wave[1:],
    "cut by 1001": lambda wave, _: wave[1001:-777],
    "cut by 0.3 s": lambda wave, _: wave[4801:],
    "low-pass": lambda wave, _: oaconvolve(wave, firwin(201, 3400, fs=16_000), mode="same"),
    "high-pass": lambda wave, _: oaconvolve(
        wave, firwin(801, 250, fs=16_000, pass_zero=False), mode="same"
    ),
    "silence around": lambda wave, _: np.r_[np.zeros(5000), wave, np.zeros(3000)],
    "float offset": lambda wave, _: wave + 0.01,
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_found(said: np.ndarray, tmp_path, copy: str) -> None:
    other = COPIES[copy](said, tmp_path)
    assert find_near_duplicates([printed(said), printed(other)]).tolist() == [[0, 1]]


def test_a_part_is_found_in_the_whole(speech: Callable, said: np.ndarray) -> None:
    longer = np.r_[speech(seed=8), said, speech(seed=9)]
    assert find_near_duplicates([printed(longer), printed(said)]).tolist() == [[0, 1]]
    # 1.2 s out of the middle are enough.
    assert find_near_duplicates([printed(longer), printed(said[3000:22_200])]).tolist() == [[0, 1]]


def test_other_sentences_of_one_voice_differ(speech: Callable) -> None:
    prints = [printed(speech(words=(0.9, 0.6), seed=seed)) for seed in range(40)]
    assert find_near_duplicates(prints).tolist() == []


def test_bits_of_strangers_differ_in_half(speech: Callable) -> None:
    one, other = (printed(speech(words=(2.0,), seed=seed))[20:100] for seed in (1, 2))
    heard = (one != 0) & (other != 0)
    rate = np.bitwise_count(one ^ other)[heard].mean() / 32
    assert 0.4 < rate < 0.6
    assert rate > MAX_ERROR_RATE


def test_frames() -> None:
    wave = np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    prints = compute_fingerprint(wave)
    assert prints.dtype == np.uint32
    assert len(prints) == pytest.approx((3 - 2048 / SAMPLE_RATE) / HOP_SECONDS, abs=1)
    # Shifted by a frame, the bits are the very same, shifted by a frame.
    later = compute_fingerprint(wave[round(HOP_SECONDS * SAMPLE_RATE) :])
    np.testing.assert_array_equal(later, prints[1:])


def test_many_frames_are_as_few(monkeypatch) -> None:
    from src.utils.audio.nuisances import fingerprint

    wave = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    whole = compute_fingerprint(wave)
    monkeypatch.setattr(fingerprint, "_FRAMES_AT_ONCE", 7)
    np.testing.assert_array_equal(compute_fingerprint(wave), whole)


def test_quiet_frames_are_zero(said: np.ndarray) -> None:
    wave = np.r_[said, 1e-4 * np.random.default_rng(0).standard_normal(32_000)]
    prints = printed(wave.astype(np.float32))
    assert (prints[-100:] == 0).all()
    assert (prints[:100] != 0).mean() > 0.5


@pytest.mark.parametrize("count", [0, 1, 2047, 2048, 2048 + 127])
def test_too_short(count: int) -> None:
    assert compute_fingerprint(np.ones(count, np.float32)).shape == (0,)


def test_silence() -> None:
    assert not compute_fingerprint(np.zeros(SAMPLE_RATE, np.float32)).any()
