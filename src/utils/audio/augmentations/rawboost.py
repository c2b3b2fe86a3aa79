"""RawBoost: distortion and noise of telephony, made of nothing but chance.

Tak, Kamble, Patino, Todisco and Evans, "RawBoost: A raw data boosting and augmentation method
applied to automatic speaker verification anti-spoofing", ICASSP 2022, with the paper's values:

1. linear and non-linear convolutive noise: the powers 1 to 5 of the waveform, each through a
   cascade of five notch filters of its own, added up; the powers from 2 on are 5 to 20 dB lower;
2. impulsive, signal-dependent additive noise: up to 10 % of the samples, anywhere, change in
   proportion to themselves;
3. stationary, signal-independent additive noise: white noise through such a cascade, 10 to 40 dB
   below the voice.

Algorithms 4 to 8 combine them. Where a result exceeds full scale it is turned down to it, as by the
authors. Frequencies are in Hz up to 8 kHz, or half the rate of a recording where that is lower.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.mixing import add_at_snr
from src.utils.audio.augmentations.notch_filters import draw_notches, filter_powers

POWERS = (2, 3, 4, 5)
"""Of the waveform, besides itself, in convolutive noise."""

POWER_DB = (-20.0, -5.0)
"""Gain of these."""

IMPULSES = (0.0, 0.1)
"""Share of the samples that impulsive noise changes."""

IMPULSE_GAIN = 2.0

SNR_DB = (10.0, 40.0)
"""Of stationary noise."""

Part = Callable[[np.ndarray, int, Parameters], np.ndarray]


def convolve(waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
    """Return a waveform with linear and non-linear convolutive noise.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, full scale at 1, shape (samples,).
    sample_rate : int
        Hz.
    parameters : dict
        `seed`, and of each power its gain in dB: `power2_db` and so on.
    """
    gains = [0.0, *(float(parameters[f"power{power}_db"]) for power in POWERS)]
    responses = draw_notches(_random(parameters, 1), np.array(gains), sample_rate)
    mixed = filter_powers(waveform, responses, sample_rate)
    # Even powers are positive, and so have a mean.
    return _within_scale(mixed - mixed.mean(dtype=np.float64).astype(np.float32))


def add_impulses(waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
    """Return a waveform with impulsive, signal-dependent noise.

    Parameters
    ----------
    waveform, sample_rate
        See `convolve`.
    parameters : dict
        `seed` and `impulses`, the share of samples that change.
    """
    random = _random(parameters, 2)
    count = int(float(parameters["impulses"]) * len(waveform))
    at = random.choice(len(waveform), count, replace=False, shuffle=False)
    first, second = random.uniform(-1, 1, (2, count)).astype(np.float32)
    changed = waveform.copy()
    changed[at] *= 1 + np.float32(IMPULSE_GAIN) * first * second
    return _within_scale(changed)


def add_stationary(waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
    """Return a waveform with stationary, signal-independent noise.

    Parameters
    ----------
    waveform, sample_rate
        See `convolve`.
    parameters : dict
        `seed` and `snr_db`, the signal-to-noise ratio.
    """
    random = _random(parameters, 3)
    response = draw_notches(random, np.zeros(1), sample_rate)
    white = random.standard_normal(len(waveform), np.float32)
    noise = filter_powers(white, response, sample_rate)
    return add_at_snr(waveform, noise, float(parameters["snr_db"]))


def _random(parameters: Parameters, part: int) -> np.random.Generator:
    """Return a part's own generator, so that a seed means the same in every combination."""
    return np.random.default_rng([int(parameters["seed"]), part])


def _within_scale(waveform: np.ndarray) -> np.ndarray:
    peak = np.abs(waveform).max(initial=0.0)
    return waveform / peak if peak > 1 else waveform


class _RawBoost(Augmentation):
    """An algorithm of RawBoost: its parts, one after the other.

    Attributes
    ----------
    parts : tuple of callable
        Of `convolve`, `add_impulses` and `add_stationary`.
    """

    place: ClassVar[Place] = Place.MICROPHONE
    parts: ClassVar[tuple[Part, ...]]

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw gains, share and ratio of its parts, and a seed; see `Augmentation.draw`."""
        drawn: Parameters = {"seed": draw_seed(random)}
        if convolve in self.parts:
            drawn |= {f"power{power}_db": float(random.uniform(*POWER_DB)) for power in POWERS}
        if add_impulses in self.parts:
            drawn["impulses"] = float(random.uniform(*IMPULSES))
        if add_stationary in self.parts:
            drawn["snr_db"] = float(random.uniform(*SNR_DB))
        return drawn

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Apply its parts; see `Augmentation.apply`."""
        for part in self.parts:
            waveform = part(waveform, sample_rate, parameters)
        return waveform


class RawBoost1(_RawBoost):
    """Linear and non-linear convolutive noise."""

    name: ClassVar[str] = "rawboost1"
    about: ClassVar[str] = "RawBoost 1: linear and non-linear convolutive noise"
    parts: ClassVar[tuple[Part, ...]] = (convolve,)


class RawBoost2(_RawBoost):
    """Impulsive, signal-dependent noise."""

    name: ClassVar[str] = "rawboost2"
    about: ClassVar[str] = "RawBoost 2: impulsive signal-dependent noise"
    parts: ClassVar[tuple[Part, ...]] = (add_impulses,)


class RawBoost3(_RawBoost):
    """Stationary, signal-independent noise."""

    name: ClassVar[str] = "rawboost3"
    about: ClassVar[str] = "RawBoost 3: stationary signal-independent noise"
    parts: ClassVar[tuple[Part, ...]] = (add_stationary,)


class RawBoost4(_RawBoost):
    """All three in series."""

    name: ClassVar[str] = "rawboost4"
    about: ClassVar[str] = "RawBoost 4: 1, 2 and 3 in series"
    parts: ClassVar[tuple[Part, ...]] = (convolve, add_impulses, add_stationary)


class RawBoost5(_RawBoost):
    """The first and the second in series."""

    name: ClassVar[str] = "rawboost5"
    about: ClassVar[str] = "RawBoost 5: 1 and 2 in series"
    parts: ClassVar[tuple[Part, ...]] = (convolve, add_impulses)


class RawBoost6(_RawBoost):
    """The first and the third in series."""

    name: ClassVar[str] = "rawboost6"
    about: ClassVar[str] = "RawBoost 6: 1 and 3 in series"
    parts: ClassVar[tuple[Part, ...]] = (convolve, add_stationary)


class RawBoost7(_RawBoost):
    """The second and the third in series."""

    name: ClassVar[str] = "rawboost7"
    about: ClassVar[str] = "RawBoost 7: 2 and 3 in series"
    parts: ClassVar[tuple[Part, ...]] = (add_impulses, add_stationary)


class RawBoost8(_RawBoost):
    """The first and the second in parallel: their results added up."""

    name: ClassVar[str] = "rawboost8"
    about: ClassVar[str] = "RawBoost 8: 1 and 2 in parallel"
    parts: ClassVar[tuple[Part, ...]] = (convolve, add_impulses)

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Add up its parts, each of the waveform itself; see `Augmentation.apply`."""
        both = [part(waveform, sample_rate, parameters) for part in self.parts]
        return _within_scale(both[0] + both[1])
