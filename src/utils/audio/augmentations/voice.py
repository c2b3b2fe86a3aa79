"""Changes of the voice: how fast and how high it speaks."""

import math
from typing import ClassVar

import numpy as np
import soxr

from src.utils.audio.augmentations.augmentation import Augmentation, Parameters, Place
from src.utils.audio.augmentations.length import fit
from src.utils.audio.augmentations.mixing import rms

_FACTOR = (0.9, 1.1)
_SEMITONES = (-3.0, 3.0)
_WINDOW_SECONDS = 0.064


class Speed(Augmentation):
    """Played faster or slower: length and pitch change together."""

    name: ClassVar[str] = "speed"
    place: ClassVar[Place] = Place.VOICE
    about: ClassVar[str] = "played faster or slower"
    keeps_length: ClassVar[bool] = False

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the factor, above 1 for faster; see `Augmentation.draw`."""
        return {"factor": float(random.uniform(*_FACTOR))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Resample it, as if recorded at so much higher a rate; see `Augmentation.apply`."""
        return soxr.resample(waveform, sample_rate * float(parameters["factor"]), sample_rate)


class Tempo(Augmentation):
    """Spoken faster or slower at the same pitch, by a phase vocoder."""

    name: ClassVar[str] = "tempo"
    place: ClassVar[Place] = Place.VOICE
    about: ClassVar[str] = "spoken faster or slower at the same pitch"
    keeps_length: ClassVar[bool] = False

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the factor, above 1 for faster; see `Augmentation.draw`."""
        return {"factor": float(random.uniform(*_FACTOR))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Stretch it; see `Augmentation.apply`."""
        return _stretch(waveform, sample_rate, float(parameters["factor"]))


class Pitch(Augmentation):
    """Higher or lower at the same tempo: stretched by a phase vocoder, then resampled."""

    name: ClassVar[str] = "pitch"
    place: ClassVar[Place] = Place.VOICE
    about: ClassVar[str] = "higher or lower at the same tempo"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the semitones, above 0 for higher; see `Augmentation.draw`."""
        return {"semitones": float(random.uniform(*_SEMITONES))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Shift it; see `Augmentation.apply`."""
        factor = 2 ** (float(parameters["semitones"]) / 12)
        longer = _stretch(waveform, sample_rate, 1 / factor)
        shifted = soxr.resample(longer, sample_rate * factor, sample_rate)
        return fit(shifted, len(waveform))


def _stretch(waveform: np.ndarray, sample_rate: int, factor: float) -> np.ndarray:
    """Return a waveform that is faster by a factor, its pitch and level kept."""
    # Imported here: it takes two seconds, which only those pay who use it.
    from librosa.effects import time_stretch

    window = 2 ** round(math.log2(_WINDOW_SECONDS * sample_rate))
    length = round(len(waveform) / factor)
    # What is shorter than a window is stretched amid silence.
    padded = fit(waveform, max(window, len(waveform)))
    stretched = time_stretch(padded, rate=factor, n_fft=window)[:length]
    # Phases that no longer fit cancel: 3 dB on average, and levels must not tell copies apart.
    lost = rms(waveform) / max(rms(stretched), np.finfo(np.float64).tiny)
    return (stretched * lost).astype(np.float32)
