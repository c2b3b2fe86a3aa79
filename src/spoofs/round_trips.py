"""Round trips through a spectrum that keep one half of it: the phase, or the magnitudes."""

from typing import ClassVar

import numpy as np
import scipy.fft

from src.spoofs.attack import Attack
from src.spoofs.griffin_lim import BANDS
from src.spoofs.spectra import fft_size, invert, through_mel, transform
from src.utils.audio.augmentations.augmentation import Parameters, draw_seed

PHASES = ("zero", "random", "minimum")
_FLOOR = 1e-7


class MelRoundTrip(Attack):
    """Magnitudes from mel bands, with the phase that was there."""

    name = "mel"
    about: ClassVar[str] = "mel bands, with the phase of the source"

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the number of bands; see `Attack.draw`."""
        return {"bands": int(random.choice(BANDS))}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Smooth the magnitudes; see `Attack.apply`."""
        spectrum = transform(waveform, fft_size(sample_rate))
        magnitude = np.abs(spectrum)
        smooth = through_mel(magnitude, sample_rate, int(parameters["bands"]))
        return invert(spectrum / np.maximum(magnitude, _FLOOR) * smooth, len(waveform))


class PhaseReplaced(Attack):
    """The magnitudes that were there, with another phase."""

    name = "phase"
    about: ClassVar[str] = "phase replaced: zero, random or minimum"

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw which phase; see `Attack.draw`."""
        return {"phase": str(random.choice(PHASES)), "seed": draw_seed(random)}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Replace the phase; see `Attack.apply`."""
        spectrum = transform(waveform, fft_size(sample_rate))
        magnitude = np.abs(spectrum)
        if parameters["phase"] == "minimum":
            return invert(_minimum_phase(magnitude), len(waveform))
        if parameters["phase"] == "zero":
            return invert(_at_centre(magnitude.astype(np.complex64)), len(waveform))
        random = np.random.default_rng(int(parameters["seed"]))
        phase = random.uniform(0.0, 2.0 * np.pi, magnitude.shape).astype(np.float32)
        return invert(magnitude * np.exp(1j * phase), len(waveform))


def _minimum_phase(magnitude: np.ndarray) -> np.ndarray:
    """Give each spectrum, (bins, frames), its minimum phase, by folding the cepstrum.

    Oppenheim and Schafer (1989), "Discrete-time signal processing", ch. 12. The response begins
    in the middle of its frame, where the analysis has its time.
    """
    cepstrum = scipy.fft.irfft(np.log(np.maximum(magnitude, _FLOOR)), axis=0)
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2.0
    cepstrum[half + 1 :] = 0.0
    return _at_centre(np.exp(scipy.fft.rfft(cepstrum, axis=0)))


def _at_centre(spectrum: np.ndarray) -> np.ndarray:
    """Shift what begins at the start of its frame by half of it, where the window is 1."""
    spectrum[1::2] *= -1.0
    return spectrum
