"""WORLD: pitch, spectral envelope and aperiodicity, and speech of them again."""

from typing import Any, ClassVar

import numpy as np

from src.spoofs.attack import Attack, Material
from src.utils.audio.augmentations.augmentation import Parameters
from src.utils.errors import ArgumentError

_PERIODS = (5.0, 10.0)
_TRACKERS = ("harvest", "dio")
_ENVELOPES = (0, 24, 40, 60)
"""Mel-cepstral coefficients that the envelope is reduced to; 0 for none."""


class World(Attack):
    """The vocoder WORLD.

    Morise, Yokomori and Ozawa (2016), "WORLD: a vocoder-based high-quality speech synthesis system
    for real-time applications", IEICE Trans. Inf. Syst. E99-D(7).

    Parameters
    ----------
    material : Material
        Not used.
    """

    name = "world"
    about: ClassVar[str] = "the vocoder WORLD (pyworld)"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._world = _load()

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the pitch tracker, the hop and the detail of the envelope; see `Attack.draw`."""
        return {
            "tracker": str(random.choice(_TRACKERS)),
            "period_ms": float(random.choice(_PERIODS)),
            "envelope": int(random.choice(_ENVELOPES)),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Analyse and resynthesise; see `Attack.apply`."""
        world, period = self._world, float(parameters["period_ms"])
        samples = waveform.astype(np.float64)
        track = getattr(world, str(parameters["tracker"]))
        pitch, times = track(samples, sample_rate, frame_period=period)
        pitch = world.stonemask(samples, pitch, times, sample_rate)
        envelope = world.cheaptrick(samples, pitch, times, sample_rate)
        aperiodicity = world.d4c(samples, pitch, times, sample_rate)
        if detail := int(parameters["envelope"]):
            coded = world.code_spectral_envelope(envelope, sample_rate, detail)
            size = 2 * (envelope.shape[1] - 1)
            envelope = world.decode_spectral_envelope(coded, sample_rate, size)
        spoof: np.ndarray = world.synthesize(pitch, envelope, aperiodicity, sample_rate, period)
        return spoof


def _load() -> Any:
    try:
        import pyworld
    except ImportError:
        raise ArgumentError(
            "--attacks=world needs pyworld: pip install -r requirements-spoofs.txt"
        ) from None
    return pyworld
