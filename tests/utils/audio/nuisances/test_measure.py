"""Every figure against an independent value."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import firwin, oaconvolve

from src.utils.audio.nuisances import measure
from src.utils.audio.nuisances.measure import NAMES, measure_nuisances
from src.utils.errors import AudioError

RATE = 16_000


def sine(amplitude: float = 0.5, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def noise(seconds: float = 1.0, sigma: float = 0.1, rate: int = RATE, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return (sigma * chance.standard_normal(round(seconds * rate))).astype(np.float32)


@pytest.fixture
def measured(tmp_path: Path, write_audio: Callable) -> Callable:
    def of(wave: np.ndarray, rate: int = RATE, subtype: str | None = None, name: str = "a.wav"):
        return measure_nuisances(write_audio(tmp_path / name, wave, rate, subtype))

    return of


def test_a_sine(measured: Callable) -> None:
    found = measured(sine(0.5))
    assert found.duration == 1.0
    assert found.peak == pytest.approx(0.5, abs=1e-3)
    assert found.rms == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=1e-2)
    assert found.dc_offset < 2e-5  # half a step: libsndfile rounds down
    assert (found.leading_silence, found.trailing_silence, found.silence_ratio) == (0, 0, 0)
    assert (found.sample_rate, found.channels, found.bit_depth) == (RATE, 1, 16)
    assert found.format == "WAV PCM_16"
    assert found.encoder == ""


def test_silence(measured: Callable) -> None:
    found = measured(np.zeros(RATE, np.float32))
    assert (found.peak, found.rms, found.noise_floor) == pytest.approx((0, -120, -120))
    assert (found.digital_silence, found.clipping, found.bandwidth) == (1, 0, 0)
    assert found.bit_depth == 16
    assert (found.leading_silence, found.trailing_silence) == (0, 0)


@pytest.mark.parametrize("offset", [0.02, -0.02])
def test_dc_offset(measured: Callable, offset: float) -> None:
    found = measured(sine(0.2) + np.float32(offset), subtype="FLOAT")
    assert found.dc_offset == pytest.approx(0.02, rel=1e-3)
    assert found.noise_floor == pytest.approx(20 * np.log10(0.2 / np.sqrt(2)), abs=0.5)


def test_silence_at_both_ends_and_between(measured: Callable) -> None:
    sound, quiet = sine(0.3, 0.5), noise(2.0, 1e-3)
    wave = np.concatenate([quiet[:4800], sound, quiet[4800:8000], sound, quiet[8000:9600]])
    found = measured(wave, subtype="FLOAT")
    assert found.leading_silence == pytest.approx(0.3)
    assert found.trailing_silence == pytest.approx(0.1)
    assert found.silence_ratio == pytest.approx(0.6 / 1.6, abs=0.01)
    assert found.noise_floor == pytest.approx(-60, abs=1)
    assert found.digital_silence < 0.01


def test_digital_silence(measured: Callable) -> None:
    wave = noise()
    wave[:4000] = 0
    assert measured(wave, subtype="FLOAT").digital_silence == 0.25


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 48_000])
def test_rates(measured: Callable, rate: int) -> None:
    found = measured(noise(1.0, rate=rate), rate)
    assert found.sample_rate == rate
    assert found.duration == pytest.approx(1.0)
    assert found.bandwidth == pytest.approx(rate / 2, rel=0.01)


def test_resampled_and_low_passed(measured: Callable) -> None:
    resampled = soxr.resample(noise(2.0, rate=8000), 8000, RATE, quality="VHQ")
    assert measured(resampled).bandwidth == pytest.approx(4000, rel=0.05)
    kernel = firwin(801, 5000, fs=RATE, window=("kaiser", 12.0))
    assert measured(oaconvolve(noise(2.0), kernel, mode="same")).bandwidth == pytest.approx(
        5000, rel=0.05
    )


@pytest.mark.parametrize(
    ("name", "subtype", "bits", "form"),
    [
        ("a.wav", "PCM_U8", 8, "WAV PCM_U8"),
        ("a.wav", "PCM_16", 16, "WAV PCM_16"),
        ("a.wav", "PCM_24", 24, "WAV PCM_24"),
        ("a.wav", "PCM_32", 24, "WAV PCM_32"),  # float32 samples hold no more
        ("a.wav", "FLOAT", 0, "WAV FLOAT"),
        ("a.wav", "ULAW", 0, "WAV ULAW"),
        ("a.flac", "PCM_S8", 8, "FLAC PCM_S8"),
        ("a.flac", "PCM_16", 16, "FLAC PCM_16"),
        ("a.flac", "PCM_24", 24, "FLAC PCM_24"),
        ("a.ogg", "VORBIS", 0, "OGG VORBIS"),
        ("a.mp3", "MPEG_LAYER_III", 0, "MP3 MPEG_LAYER_III"),
    ],
)
def test_formats(measured: Callable, name: str, subtype: str, bits: int, form: str) -> None:
    found = measured(noise(0.5), subtype=subtype, name=name)
    assert (found.bit_depth, found.format) == (bits, form)
    assert found.rms == pytest.approx(-20, abs=1)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("bits", [8, 12])
def test_bits_that_are_really_used(measured: Callable, subtype: str, bits: int) -> None:
    steps = 2 ** (bits - 1)
    coarse = np.round(noise() * steps) / steps
    assert measured(coarse, subtype=subtype).bit_depth == bits


def test_channels(measured: Callable) -> None:
    left, right = sine(0.4), np.zeros(RATE, np.float32)
    found = measured(np.stack([left, right], axis=1), subtype="FLOAT")
    assert found.channels == 2
    assert found.duration == 1.0
    # Over both channels: half the energy, a whole channel of zeros.
    assert found.rms == pytest.approx(10 * np.log10(0.16 / 4), abs=0.01)
    assert found.digital_silence == pytest.approx(0.5, abs=0.01)
    assert found.peak == pytest.approx(0.4, abs=1e-3)


def test_clipping(measured: Callable) -> None:
    wave = sine(0.9, hertz=100.0)
    assert measured(wave).clipping == 0
    cut = wave.clip(-0.6, 0.6)
    at_top = (np.abs(cut) >= 0.6).sum()
    flat = ((np.abs(cut[1:]) >= 0.6) & (cut[1:] == cut[:-1])).sum()
    found = measured(cut)
    assert 0 < flat < at_top
    assert found.clipping == flat / len(cut)
    # At the very top only: a flat stretch further down is none.
    assert measured(np.r_[wave, np.full(100, 0.5, np.float32)]).clipping == 0
    # A whole gain keeps it.
    assert measured((0.2 * cut).astype(np.float32)).clipping == found.clipping


def test_few_steps_are_no_clipping(measured: Callable) -> None:
    slow = sine(0.5, hertz=50.0)
    coarse = np.round(slow * 128) / 128
    assert (np.diff(coarse)[np.abs(coarse[1:]) == np.abs(coarse).max()] == 0).any()
    assert measured(coarse).clipping == 0
    assert measured(slow, subtype="PCM_U8").clipping == 0
    assert measured(0.02 * slow).clipping == 0


def test_one_pass_or_many_blocks(tmp_path: Path, write_audio: Callable, monkeypatch) -> None:
    quiet = noise(1.0, 1e-3, seed=3)
    wave = np.concatenate([quiet[:8000], sine(0.5, 1.2), 0.9 * noise(1.0, seed=4), quiet[8000:]])
    path = write_audio(tmp_path / "a.wav", wave + np.float32(0.01), subtype="PCM_16")
    whole = asdict(measure_nuisances(path))
    # Blocks of whole frames of 10 ms and of 1024 samples: everything is as before.
    monkeypatch.setattr(measure, "BLOCK_SECONDS", 5 * 1024 / RATE)
    parts = asdict(measure_nuisances(path))
    assert whole["leading_silence"] == 0.5
    for name in NAMES:
        if isinstance(whole[name], str):
            assert parts[name] == whole[name]
        else:
            assert parts[name] == pytest.approx(whole[name], rel=1e-5), name


def test_the_top_of_a_later_block_decides(measured: Callable, monkeypatch) -> None:
    """A flat top of a soft block is no clipping when another block is louder."""
    flat = sine(0.9, 0.5, hertz=100.0).clip(-0.3, 0.3)
    wave = np.r_[flat, sine(0.8, 0.5, hertz=100.0)]
    monkeypatch.setattr(measure, "BLOCK_SECONDS", 0.5)
    assert measured(wave).clipping == 0
    assert measured(wave[::-1]).clipping == 0
    assert measured(wave[:8000]).clipping > 0


@pytest.mark.parametrize("count", [1, 2, 159, 160, 161])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_few_samples(measured: Callable, count: int, subtype: str) -> None:
    found = measured(np.full(count, 0.25, np.float32), subtype=subtype)
    assert found.peak == found.dc_offset == 0.25
    assert found.duration == count / RATE
    assert 0 <= found.silence_ratio <= 1
    assert all(np.isfinite(v) for v in asdict(found).values() if not isinstance(v, str))


def test_what_cannot_be_measured(tmp_path: Path, write_audio: Callable) -> None:
    with pytest.raises(AudioError, match="is missing"):
        measure_nuisances(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="no samples"):
        measure_nuisances(write_audio(tmp_path / "empty.wav", np.zeros(0, np.float32)))
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(AudioError, match="is not audio"):
        measure_nuisances(tmp_path / "text.wav")
    wave = sine()
    wave[50] = np.nan
    with pytest.raises(AudioError, match="not finite"):
        measure_nuisances(write_audio(tmp_path / "nan.wav", wave, subtype="FLOAT"))


def test_full_scale_integers(tmp_path: Path) -> None:
    """The most negative sample of every width, which has no positive twin."""
    for subtype, bits in (("PCM_16", 16), ("PCM_24", 24), ("PCM_32", 24)):
        path = tmp_path / f"{subtype}.wav"
        lowest, step = -(2**31), 2**31 >> (bits - 1)
        samples = np.array([lowest, lowest + step, 2**31 - step, 0] * 400, np.int64)
        soundfile.write(path, samples.astype(np.int32), RATE, subtype=subtype)
        found = measure_nuisances(path)
        assert found.peak == 1.0
        assert found.bit_depth == bits
