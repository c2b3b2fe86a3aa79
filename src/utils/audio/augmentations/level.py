"""Changes of level."""

from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import Augmentation, Parameters, Place

_GAIN_DB = (-12.0, 6.0)
_CLIPPED = (0.001, 0.1)


class Gain(Augmentation):
    """One gain over the whole recording."""

    name: ClassVar[str] = "gain"
    place: ClassVar[Place] = Place.LEVEL
    about: ClassVar[str] = "louder or quieter"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the gain in dB; see `Augmentation.draw`."""
        return {"gain_db": float(random.uniform(*_GAIN_DB))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Apply it; see `Augmentation.apply`."""
        return (waveform * 10 ** (float(parameters["gain_db"]) / 20)).astype(np.float32)


class Clipping(Augmentation):
    """Hard clipping of the loudest samples, as by an amplifier that was turned up too far."""

    name: ClassVar[str] = "clipping"
    place: ClassVar[Place] = Place.MICROPHONE
    about: ClassVar[str] = "the loudest samples clipped"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the share of samples, uniform in its logarithm; see `Augmentation.draw`."""
        return {"clipped": float(np.exp(random.uniform(*np.log(_CLIPPED))))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Clip so many samples, at the level of the loudest left; see `Augmentation.apply`."""
        sizes = np.abs(waveform)
        count = round(float(parameters["clipped"]) * len(waveform))
        if not 0 < count < len(waveform):
            return waveform.copy()
        last = len(waveform) - count - 1
        limit = np.partition(sizes, last)[last]
        return np.clip(waveform, -limit, limit)
