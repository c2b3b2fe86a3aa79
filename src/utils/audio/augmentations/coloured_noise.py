"""Noise of a given colour at a signal-to-noise ratio."""

from typing import ClassVar

import numpy as np
from scipy import fft

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.mixing import add_at_snr

LOWEST_HZ = 20.0
"""Noise whose power rises towards low frequencies has none below: nobody hears it, and most of the
power, by which the ratio is set, would be a drift."""


class ColouredNoise(Augmentation):
    """Gaussian noise whose power falls with frequency by a power law."""

    place: ClassVar[Place] = Place.NOISE
    exponent: ClassVar[int]
    """Power falls as 1 / frequency to it, that is by 3 dB an octave for each."""

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the ratio and the seed; see `Augmentation.draw`."""
        return {"snr_db": float(random.uniform(*self.material.snr_db)), "seed": draw_seed(random)}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Add it; see `Augmentation.apply`."""
        random = np.random.default_rng(int(parameters["seed"]))
        noise = make_coloured(len(waveform), sample_rate, self.exponent, random)
        return add_at_snr(waveform, noise, float(parameters["snr_db"]))


class WhiteNoise(ColouredNoise):
    """White Gaussian noise: equal power at all frequencies."""

    name: ClassVar[str] = "white"
    about: ClassVar[str] = "white noise"
    exponent: ClassVar[int] = 0


class PinkNoise(ColouredNoise):
    """Pink noise: equal power in every octave, about as rooms and streets have it."""

    name: ClassVar[str] = "pink"
    about: ClassVar[str] = "pink noise, 3 dB less an octave"
    exponent: ClassVar[int] = 1


class BrownNoise(ColouredNoise):
    """Brown noise: the rumble of wind and of engines."""

    name: ClassVar[str] = "brown"
    about: ClassVar[str] = "brown noise, 6 dB less an octave"
    exponent: ClassVar[int] = 2


def make_coloured(
    count: int, sample_rate: int, exponent: int, random: np.random.Generator
) -> np.ndarray:
    """Make Gaussian noise whose power spectrum falls as 1 / frequency to a power.

    The spectrum of white noise is shaped, so that the slope is exact up to half the rate (Timmer
    and Koenig, 1995, "On generating power law noise", Astronomy and Astrophysics 300).

    Parameters
    ----------
    count : int
        Samples.
    sample_rate : int
        Hz.
    exponent : int
        0 for white, 1 for pink, 2 for brown; of others than white, nothing is below `LOWEST_HZ`.
    random : numpy.random.Generator
        Of the noise.

    Returns
    -------
    numpy.ndarray
        Shape (samples,), of any level.
    """
    if not exponent:
        return random.standard_normal(count)
    # Longer than asked for: a length that transforms fast, and that has frequencies to shape
    # where the waveform is a few samples.
    size = fft.next_fast_len(max(count, round(4 * sample_rate / LOWEST_HZ)), real=True)
    spectrum = fft.rfft(random.standard_normal(size))
    hertz = fft.rfftfreq(size, 1 / sample_rate)
    heard = hertz >= LOWEST_HZ
    spectrum[~heard] = 0
    spectrum[heard] *= (hertz[heard] / LOWEST_HZ) ** (-exponent / 2)
    return fft.irfft(spectrum, size)[:count]
