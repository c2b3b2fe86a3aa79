"""Log-mel spectra and LFCC of batches against those of single recordings, and their settings."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from src.networks.front_ends.lfcc import Lfcc
from src.networks.front_ends.log_mel import LogMel
from src.networks.front_ends.spectral import SpectralFrontEnd
from src.utils.audio.io import read_waveform
from src.utils.audio.log_mel import compute_log_mel
from src.utils.config import ROOT
from src.utils.embeddings.backbones.lfcc.cepstra import compute_lfcc
from src.utils.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("one_thread")

CORPUS = ROOT.parent / "shared" / "corpora" / "modern" / "audio"


def frames_of(front_end: SpectralFrontEnd, waveform: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = front_end(torch.from_numpy(waveform)[None])[0, 0].numpy()
    return found


def check_both(waveform: np.ndarray) -> None:
    # Natural logarithms of magnitudes, and common ones of powers in a DCT.
    expected = compute_log_mel(waveform)
    np.testing.assert_allclose(frames_of(LogMel({}), waveform), expected, rtol=0, atol=2e-3)
    expected = compute_lfcc(waveform)
    np.testing.assert_allclose(frames_of(Lfcc({}), waveform), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("samples", [400, 401, 560, 4_799, 16_000])
def test_frames_are_those_of_single_recordings(voice: Callable, samples: int) -> None:
    check_both(voice(1.0)[:samples])


def test_frames_of_real_recordings() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus {CORPUS} is not here")
    for path in sorted(CORPUS.rglob("*.*"))[::40][:5]:
        check_both(read_waveform(path)[:32_000])


def test_silence(voice: Callable) -> None:
    check_both(np.zeros(2_000, np.float32))
    check_both(np.concatenate([np.zeros(1_600, np.float32), voice(0.1)]))


@pytest.mark.parametrize("samples", [1, 319, 321])
def test_windows_shorter_than_a_frame(voice: Callable, samples: int) -> None:
    waveform = voice(0.1)[:samples]
    expected = compute_lfcc(waveform)
    np.testing.assert_allclose(frames_of(Lfcc({}), waveform), expected, rtol=0, atol=1e-3)
    padded = np.pad(waveform, (0, 400 - samples))
    expected = compute_log_mel(padded)
    np.testing.assert_allclose(frames_of(LogMel({}), waveform), expected, rtol=0, atol=2e-3)


def test_energy_takes_the_place_of_the_first_coefficient(voice: Callable) -> None:
    """The common logarithm of a frame's energy, of the pre-emphasised and windowed samples."""
    waveform = voice(0.1)
    settings = {"fft_size": 1024, "highest_hz": 4000}
    plain = frames_of(Lfcc(settings), waveform)
    told = frames_of(Lfcc(settings | {"energy": True}), waveform)
    np.testing.assert_array_equal(told[:, 1:20], plain[:, 1:20])
    emphasised = np.append(waveform[:1], waveform[1:] - 0.97 * waveform[:-1])
    frame = (emphasised[160:480] * np.hamming(320)).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(frame, 1024)) ** 2
    np.testing.assert_allclose(told[1, 0], np.log10(spectrum.sum() / 1024), atol=1e-4)
    # Deltas of it, too: the next frame less the one before.
    np.testing.assert_allclose(told[1, 20], told[2, 0] - told[0, 0], atol=1e-5)


def test_the_highest_frequency_is_kept_out() -> None:
    """A tone above it is not heard."""
    time = np.arange(8_000) / 16_000
    quiet = 1e-3 * np.random.default_rng(7).normal(size=8_000)
    tone = (quiet + 0.5 * np.sin(2 * np.pi * 6_000 * time)).astype(np.float32)
    for kind, hears in ((Lfcc, {}), (LogMel, {})):
        low, high = (frames_of(kind(hears | {"highest_hz": hz}), tone) for hz in (4_000, 8_000))
        plain = frames_of(kind(hears | {"highest_hz": 4_000}), quiet.astype(np.float32))
        assert np.abs(low.mean(0) - plain.mean(0)).max() < 1.0
        assert np.abs(high.mean(0) - plain.mean(0)).max() > 2.0


@pytest.mark.parametrize("kind", [LogMel, Lfcc])
def test_frames_are_exact_under_autocast(kind: type, voice: Callable) -> None:
    windows = torch.from_numpy(voice(0.3))[None]
    with torch.autocast("cpu", torch.bfloat16):
        found = kind({})(windows)
    assert torch.equal(found, kind({})(windows))
    assert list(kind({}).parameters()) == []
    assert kind({}).state_dict() == {}


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        (LogMel, {"bogus": 1}, "--front-end=log-mel=bogus is not one of bands"),
        (LogMel, {"bands": 0}, "bands=0 is not above 0"),
        (LogMel, {"bands": "many"}, "bands=many is not of the kind of 64"),
        (LogMel, {"lowest_hz": 7500}, "highest_hz=7500 is not above 7500 and at most 8000 Hz"),
        (Lfcc, {"highest_hz": 8001}, "highest_hz=8001 is not above 0 and at most 8000 Hz"),
        (Lfcc, {"fft_size": 319}, "fft_size=319 is not between a window's 320 and"),
        (Lfcc, {"energy": 1}, "energy=1 is not of the kind of False"),
    ],
)
def test_settings_that_cannot_be(kind: type, settings: dict, says: str) -> None:
    with pytest.raises(ArgumentError, match=says) as raised:
        kind.make(settings)
    assert "\n" not in str(raised.value)
