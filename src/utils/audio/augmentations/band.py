"""Limits of the band: what a channel lets through, and lower sample rates on the way."""

from typing import ClassVar

import numpy as np
import soxr
from scipy import signal

from src.utils.audio.augmentations.augmentation import Augmentation, Parameters, Place
from src.utils.audio.augmentations.length import fit

TELEPHONE_HZ = (300.0, 3400.0)
"""Narrow band, as of ITU-T G.712."""

WIDE_HZ = (50.0, 7000.0)
"""Wide band, as of ITU-T G.722."""

_STOP_DB = 60.0
_RATES = (8000, 16_000, 24_000)


class BandPass(Augmentation):
    """A band-pass filter without delay: half of the amplitude is left at its edges.

    By a window (Kaiser) of 60 dB; the transition at the lower edge is as wide as two thirds of its
    frequency, and at most 200 Hz, at either edge.
    """

    name: ClassVar[str] = "band-pass"
    place: ClassVar[Place] = Place.BAND
    about: ClassVar[str] = "the telephone's band, 300 to 3400 Hz"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Return the telephone's band, by no chance; see `Augmentation.draw`."""
        return {"low_hz": TELEPHONE_HZ[0], "high_hz": TELEPHONE_HZ[1]}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Filter it; an edge above half the rate is none; see `Augmentation.apply`."""
        low, high = float(parameters["low_hz"]), float(parameters["high_hz"])
        edges = [low, high] if high < sample_rate / 2 else [low]
        transition = min(200.0, 2 * low / 3)
        taps, beta = signal.kaiserord(_STOP_DB, 2 * transition / sample_rate)
        kernel = signal.firwin(
            taps | 1, edges, window=("kaiser", beta), pass_zero=False, fs=sample_rate
        )
        if not len(waveform):
            return waveform.copy()
        half = len(kernel) // 2
        filtered = signal.oaconvolve(waveform, kernel.astype(np.float32))
        return filtered[half : half + len(waveform)]


class Resampling(Augmentation):
    """A lower sample rate on the way, and back: what lies above half of it is lost."""

    name: ClassVar[str] = "resampling"
    place: ClassVar[Place] = Place.BAND
    about: ClassVar[str] = "to 8, 16 or 24 kHz and back"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the rate, and one for recordings of no higher rate; see `Augmentation.draw`."""
        return {"rate_hz": int(random.choice(_RATES)), "else_hz": _RATES[0]}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Resample it to `rate_hz`, else `else_hz`, else not at all; see `Augmentation.apply`."""
        for name in ("rate_hz", "else_hz"):
            rate = int(parameters.get(name, sample_rate))
            if rate < sample_rate:
                back = soxr.resample(soxr.resample(waveform, sample_rate, rate), rate, sample_rate)
                return fit(back, len(waveform))
        return waveform.copy()
