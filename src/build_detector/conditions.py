"""The conditions that detectors are measured under, and those that copies for training are of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.augmentation import Augmentation, Material
from src.utils.audio.augmentations.chain import Step, apply_chain
from src.utils.audio.augmentations.conditions import Condition as Way
from src.utils.config import SAMPLE_RATE


@dataclass(frozen=True)
class Condition:
    """A way that recordings may have gone.

    Attributes
    ----------
    name : str
        By which figures are told.
    about : str
        What is done, in the words of a card.
    steps : tuple of Step
        The augmentations; what they do not set is drawn for each clip.
    is_trained : bool
        Whether copies of the training's clips go through it, too; else it is only measured, as
        what the detector has never heard.
    """

    name: str
    about: str
    steps: tuple[Step, ...]
    is_trained: bool = True

    def change(self, waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Send a waveform this way.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).
        random : numpy.random.Generator
            Of this clip alone.

        Returns
        -------
        numpy.ndarray
            float32, shape (samples,).
        """
        chain = Way(self.name, "", self.steps).draw(random, self._by)
        return apply_chain(chain, waveform, SAMPLE_RATE, self._by)

    @cached_property
    def _by(self) -> Mapping[str, Augmentation]:
        return {step.kind: AUGMENTATIONS.load(step.kind)(Material()) for step in self.steps}


_ALL = (
    Condition(
        "telephone",
        "300 to 3,400 Hz, 8 kHz, mu-law",
        (Step("band-pass", {"low_hz": 300.0, "high_hz": 3400.0}), Step("mu-law", {})),
    ),
    Condition("MP3", "48 kbit/s", (Step("mp3", {"rate": SAMPLE_RATE, "bit_rate": 48_000}),)),
    Condition(
        "Opus",
        "16 kbit/s, as voice messages",
        (Step("opus", {"rate": 48_000, "bit_rate": 16_000}),),
    ),
    Condition("noise", "white, 20 dB below the voice", (Step("white", {"snr_db": 20.0}),)),
    Condition(
        "room", "0.5 s of reverberation, in a simulated room", (Step("room", {"rt60_s": 0.5}),)
    ),
    Condition(
        "AAC",
        "48 kbit/s",
        (Step("aac", {"rate": SAMPLE_RATE, "bit_rate": 48_000}),),
        is_trained=False,
    ),
    Condition(
        "AMR",
        "narrow-band, 12.2 kbit/s, as mobile calls",
        (Step("amr", {"rate": 8_000, "bit_rate": 12_200}),),
        is_trained=False,
    ),
)

CONDITIONS = {one.name: one for one in _ALL}
"""By name, what the detector is measured under."""
TRAINED = [one for one in _ALL if one.is_trained]
