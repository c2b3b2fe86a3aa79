"""Compression of loudness."""

import math
from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import Augmentation, Parameters, Place
from src.utils.audio.augmentations.mixing import rms

_THRESHOLD_DB = (-20.0, 0.0)
_RATIO = (2.0, 10.0)
_ATTACK_MS = (1.0, 20.0)
_RELEASE_MS = (50.0, 300.0)
_KNEE_DB = 6.0
_BLOCK_SECONDS = 0.001
"""Of one level; gains are interpolated between blocks."""

_FLOOR = 1e-6
"""Level of what is silent: -120 dBFS."""


class Compression(Augmentation):
    """A feed-forward compressor of dynamic range.

    Gain computer with a soft knee, then a smooth, decoupled peak detector in dB (Giannoulis,
    Massberg and Reiss, "Digital dynamic range compressor design: a tutorial and analysis", Journal
    of the Audio Engineering Society 60(6), 2012), on the peaks of 1 ms each. The threshold is
    relative to the level of the recording, which is restored behind it.
    """

    name: ClassVar[str] = "compression"
    place: ClassVar[Place] = Place.LEVEL
    about: ClassVar[str] = "loud and quiet brought closer by a compressor"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw threshold, ratio and times; see `Augmentation.draw`."""
        return {
            "threshold_db": float(random.uniform(*_THRESHOLD_DB)),
            "ratio": float(np.exp(random.uniform(*np.log(_RATIO)))),
            "attack_ms": float(random.uniform(*_ATTACK_MS)),
            "release_ms": float(random.uniform(*_RELEASE_MS)),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Compress it; see `Augmentation.apply`."""
        level = rms(waveform) if len(waveform) else 0.0
        if level <= _FLOOR:
            return waveform.copy()
        threshold = 20 * math.log10(level) + float(parameters["threshold_db"])
        length = round(_BLOCK_SECONDS * sample_rate)
        starts = np.arange(0, len(waveform), length)
        peaks = np.maximum.reduceat(np.abs(waveform), starts)
        levels = 20 * np.log10(np.maximum(peaks, _FLOOR))
        reduction = _reductions(levels - threshold, float(parameters["ratio"]))
        smooth = _follow(
            reduction,
            length / sample_rate,
            float(parameters["attack_ms"]) / 1000,
            float(parameters["release_ms"]) / 1000,
        )
        # A block's gain holds at its middle.
        middles = (starts + (length - 1) / 2).astype(np.float32)
        gains = 10 ** (-smooth / 20)
        at = np.arange(len(waveform), dtype=np.float32)
        compressed = waveform * np.interp(at, middles, gains).astype(np.float32)
        return (compressed * (level / rms(compressed))).astype(np.float32)


def _reductions(over: np.ndarray, ratio: float) -> np.ndarray:
    """Return by how many dB levels are turned down, from how far they lie over the threshold."""
    in_knee = np.clip(over + _KNEE_DB / 2, 0, _KNEE_DB) ** 2 / (2 * _KNEE_DB)
    above = np.maximum(over - _KNEE_DB / 2, 0)
    return (1 - 1 / ratio) * (in_knee + above)


def _follow(reductions: np.ndarray, step: float, attack: float, release: float) -> np.ndarray:
    """Smooth reductions: they come with the attack's time constant and go with the release's."""
    rise, fall = math.exp(-step / attack), math.exp(-step / release)
    held = smoothed = 0.0
    followed = []
    for value in reductions.tolist():
        held = max(value, fall * held + (1 - fall) * value)
        smoothed = rise * smoothed + (1 - rise) * held
        followed.append(smoothed)
    return np.array(followed)
