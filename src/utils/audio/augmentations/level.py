"""Changes of level."""

from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import Augmentation, Parameters, Place

_GAIN_DB = (-12.0, 6.0)


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
