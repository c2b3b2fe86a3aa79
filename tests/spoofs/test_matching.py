"""Spoofs and their sources do not differ in level, length, band, silence and noise."""

from collections.abc import Callable

import numpy as np
import pytest

from src.spoofs.attack import NO_LIMIT
from src.spoofs.matching import LOUDEST, dithered, make_model, match_spoof
from src.utils.audio.augmentations.mixing import rms
from src.utils.audio.nuisances.activity import find_activity, frame_levels
from src.utils.audio.nuisances.bandwidth import MeanSpectrum
from src.utils.errors import AudioError

RATE = 16_000


def band(waveform: np.ndarray) -> float:
    spectrum = MeanSpectrum(RATE)
    spectrum.add(waveform)
    return spectrum.bandwidth(16)


def test_level_and_length(clip: np.ndarray, speech: Callable) -> None:
    model = make_model(clip, RATE, NO_LIMIT)
    other = speech(words=(0.4,), seed=9)
    for spoof in (other * 5, other[:4_000] * 0.01):
        found, limited = match_spoof(spoof, model, speaks=False)
        assert len(found) == len(clip)
        assert not limited
        assert rms(found) == pytest.approx(rms(model.waveform), rel=1e-4)


def test_loud_sources_are_turned_down(clip: np.ndarray) -> None:
    assert rms(make_model(clip * 5, RATE, NO_LIMIT).waveform) == pytest.approx(LOUDEST, rel=1e-4)
    quiet = make_model(clip * 0.01, RATE, NO_LIMIT)
    assert rms(quiet.waveform) == pytest.approx(0.01 * rms(clip), rel=0.02)


def test_both_end_where_the_narrower_does(clip: np.ndarray) -> None:
    model = make_model(clip, RATE, 4_000.0)
    noise = np.random.default_rng(1).normal(size=len(clip)).astype(np.float32)
    spoof, _ = match_spoof(noise, model, speaks=False)
    assert 3_000 < band(model.waveform) < 4_000
    assert abs(band(spoof) - band(model.waveform)) < 200


def test_a_clean_spoof_gets_the_floor_of_its_source(clip: np.ndarray, speech: Callable) -> None:
    noisy = clip + 0.003 * np.random.default_rng(2).normal(size=len(clip)).astype(np.float32)
    model = make_model(noisy, RATE, NO_LIMIT)
    clean = speech(words=(0.25, 0.25), floor=-90.0, seed=4)
    spoof, _ = match_spoof(clean, model, speaks=False)
    floors = [find_activity(frame_levels(one, 160)).noise_floor for one in (model.waveform, spoof)]
    assert abs(floors[0] - floors[1]) < 2.0


def test_other_words_lie_where_the_source_speaks(speech: Callable) -> None:
    source = speech(words=(0.4,), lead=0.2, trail=0.3)
    model = make_model(source, RATE, NO_LIMIT)
    spoken = speech(words=(0.15, 0.15), lead=0.02, trail=0.02, seed=5)
    spoof, _ = match_spoof(spoken, model, speaks=True)
    one, other = (find_activity(frame_levels(x, 160)) for x in (model.waveform, spoof))
    assert len(spoof) == len(source)
    assert abs(one.first - other.first) <= 2
    assert abs(one.last - other.last) <= 2


def test_what_would_clip_is_quieter_and_said_so(clip: np.ndarray) -> None:
    click = np.zeros(len(clip), np.float32)
    click[5_000] = 1.0
    found, limited = match_spoof(click, make_model(clip * 3, RATE, NO_LIMIT), speaks=False)
    assert limited
    assert np.abs(found).max() <= 1.0


def test_silence_is_no_spoof(clip: np.ndarray) -> None:
    with pytest.raises(AudioError, match="silent"):
        match_spoof(np.zeros(100), make_model(clip, RATE, NO_LIMIT), speaks=False)


def test_dither_is_one_step() -> None:
    noise = dithered(np.zeros(50_000, np.float32), np.random.default_rng(1)) * 2**15
    assert np.abs(noise).max() <= 1.0
    assert noise.var() == pytest.approx(1 / 6, rel=0.05)
