"""The attacks that need nothing but a waveform: what is kept, and what is not."""

import sys
from collections.abc import Callable

import librosa
import numpy as np
import pytest

from src.spoofs import ATTACKS, WITHOUT_MORE
from src.spoofs.attack import Attack, Material
from src.spoofs.griffin_lim import BANDS, GriffinLim
from src.spoofs.resampling import at_length
from src.spoofs.round_trips import MelRoundTrip, PhaseReplaced
from src.spoofs.spectra import fft_size, through_mel, transform
from src.utils.errors import ArgumentError

OF_WAVEFORMS = (*WITHOUT_MORE, "world")
PROGRAMS = ("espeak", "festival", "flite", "pico", "piper")


@pytest.fixture(params=OF_WAVEFORMS)
def attack(request: pytest.FixtureRequest) -> Attack:
    if request.param == "world":
        pytest.importorskip("pyworld", reason="needs pyworld (requirements-spoofs.txt)")
    return ATTACKS.load(request.param)(Material())


def mel_distance(one: np.ndarray, other: np.ndarray, rate: int) -> float:
    """The mean difference of log-mel spectra, in dB, over what is loud."""
    spectra = [
        librosa.power_to_db(librosa.feature.melspectrogram(y=x, sr=rate, n_mels=30, fmax=3500))
        for x in (one, other)
    ]
    loud = spectra[0] > spectra[0].max() - 40
    return float(np.abs(spectra[0] - spectra[1])[loud].mean())


def test_every_attack_is_tried() -> None:
    assert {*OF_WAVEFORMS, *PROGRAMS} == set(ATTACKS)


def test_spoofs_sound_alike_and_are_none_the_less_others(attack: Attack, clip: np.ndarray) -> None:
    before = clip.copy()
    drawn = attack.draw(np.random.default_rng(1))
    spoof = at_length(attack.apply(clip, 16_000, drawn), len(clip)).astype(np.float32)
    assert np.array_equal(clip, before)
    assert np.isfinite(spoof).all()
    # Nearer than the same clip is to itself a word later.
    other = mel_distance(clip, np.roll(clip, 6_000), 16_000)
    assert mel_distance(clip, spoof * (clip.std() / spoof.std()), 16_000) < 0.7 * other
    assert np.square(spoof - clip).mean() > 1e-4 * np.square(clip).mean()
    again = at_length(attack.apply(clip, 16_000, drawn), len(clip)).astype(np.float32)
    assert np.array_equal(spoof, again)


@pytest.mark.parametrize("rate", [8_000, 11_025, 96_000])
def test_any_rate(attack: Attack, rate: int, speech: Callable) -> None:
    waveform = speech(words=(0.3,), rate=rate)
    spoof = attack.apply(waveform, rate, attack.draw(np.random.default_rng(2)))
    assert abs(len(spoof) - len(waveform)) <= 0.02 * rate
    assert np.isfinite(spoof).all()


def test_parameters_vary(attack: Attack) -> None:
    drawn = {str(attack.draw(np.random.default_rng(seed))) for seed in range(12)}
    assert len(drawn) > 2


def test_griffin_lim_finds_a_phase(clip: np.ndarray) -> None:
    attack = GriffinLim(Material())
    errors = []
    target = through_mel(np.abs(transform(clip, 1024)), 16_000, 80)
    for iterations in (1, 30):
        drawn = {"bands": 80, "iterations": iterations, "momentum": 0.0, "seed": 1}
        found = np.abs(transform(attack.apply(clip, 16_000, drawn), 1024))
        errors.append(np.linalg.norm(found - target) / np.linalg.norm(target))
    assert errors[1] < 0.7 * errors[0]


def test_more_bands_are_nearer(clip: np.ndarray) -> None:
    magnitude = np.abs(transform(clip, fft_size(16_000)))
    errors = [np.linalg.norm(through_mel(magnitude, 16_000, n) - magnitude) for n in BANDS]
    assert errors == sorted(errors, reverse=True)


def test_the_mel_round_trip_keeps_the_phase(clip: np.ndarray) -> None:
    spoof = MelRoundTrip(Material()).apply(clip, 16_000, {"bands": 128})
    one, other = transform(clip, 1024), transform(spoof, 1024)
    loud = np.abs(one) > 0.05 * np.abs(one).max()
    assert np.median(np.abs(np.angle(other[loud] / one[loud]))) < 0.1


@pytest.mark.parametrize("phase", ["zero", "random", "minimum"])
def test_the_phase_is_another(clip: np.ndarray, phase: str) -> None:
    spoof = PhaseReplaced(Material()).apply(clip, 16_000, {"phase": phase, "seed": 3})
    one, other = transform(clip, 1024), transform(spoof, 1024)
    loud = np.abs(one) > 0.05 * np.abs(one).max()
    assert np.median(np.abs(np.angle(other[loud] / one[loud]))) > 0.5


def test_world_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(ArgumentError, match=r"pip install -r requirements-spoofs\.txt"):
        ATTACKS.load("world")(Material())
