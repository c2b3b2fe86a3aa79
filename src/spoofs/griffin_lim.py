"""Griffin-Lim: magnitudes from mel bands, their phase found by iteration."""

from typing import ClassVar

import librosa
import numpy as np

from src.spoofs.attack import Attack
from src.spoofs.spectra import fft_size, through_mel, transform
from src.utils.audio.augmentations.augmentation import Parameters, draw_seed

BANDS = (40, 60, 80, 128)
ITERATIONS = (8, 16, 32, 60)
_MOMENTA = (0.0, 0.99)
"""The algorithm as published, and its fast form."""


class GriffinLim(Attack):
    """Mel bands, and phase by the algorithm of Griffin and Lim.

    Griffin and Lim (1984), "Signal estimation from modified short-time Fourier transform", IEEE
    Trans. ASSP 32(2); with momentum Perraudin, Balazs and Søndergaard (2013), "A fast Griffin-Lim
    algorithm", WASPAA.
    """

    name = "griffinlim"
    about: ClassVar[str] = "mel bands, phase by Griffin and Lim"

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the number of bands and of iterations; see `Attack.draw`."""
        return {
            "bands": int(random.choice(BANDS)),
            "iterations": int(random.choice(ITERATIONS)),
            "momentum": float(random.choice(_MOMENTA)),
            "seed": draw_seed(random),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Find the phase anew; see `Attack.apply`."""
        size = fft_size(sample_rate)
        magnitude = np.abs(transform(waveform, size))
        return librosa.griffinlim(
            through_mel(magnitude, sample_rate, int(parameters["bands"])),
            n_iter=int(parameters["iterations"]),
            momentum=float(parameters["momentum"]),
            n_fft=size,
            length=len(waveform),
            pad_mode="constant",
            random_state=int(parameters["seed"]),
        )
