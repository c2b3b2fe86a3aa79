"""Noise of our own at a signal-to-noise ratio."""

from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.mixing import add_at_snr


class WhiteNoise(Augmentation):
    """White Gaussian noise: equal power at all frequencies."""

    name: ClassVar[str] = "white"
    place: ClassVar[Place] = Place.NOISE
    about: ClassVar[str] = "white noise"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the ratio and the seed; see `Augmentation.draw`."""
        return {"snr_db": float(random.uniform(*self.material.snr_db)), "seed": draw_seed(random)}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Add it; see `Augmentation.apply`."""
        noise = np.random.default_rng(int(parameters["seed"])).standard_normal(len(waveform))
        return add_at_snr(waveform, noise, float(parameters["snr_db"]))
