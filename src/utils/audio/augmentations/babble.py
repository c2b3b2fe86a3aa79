"""Other people who talk at the same time."""

from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Material,
    Parameters,
    Place,
    Voice,
    draw_seed,
)
from src.utils.audio.augmentations.mixing import add_at_snr
from src.utils.audio.augmentations.recordings import (
    draw_readable,
    mix_recordings,
    read_names,
    write_names,
)
from src.utils.errors import ArgumentError, AudioError

FEWEST, MOST = 3, 8
"""Voices that talk at once; of fewer, one could follow each."""


class Babble(Augmentation):
    """Babble of 3 to 8 bona-fide voices, all at one level, none of them the clip's own speaker's.

    Each voice is another speaker's. Who speaks in a recording without a speaker is not known, so
    such voices are drawn only for clips whose speaker is not known either.

    Parameters
    ----------
    material : Material
        With voices of four speakers or more.
    """

    name: ClassVar[str] = "babble"
    place: ClassVar[Place] = Place.NOISE
    about: ClassVar[str] = "babble of other bona-fide speakers"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._paths = {voice.file: voice.path for voice in material.voices}
        self._by_speaker = _by_speaker(material)
        if not self.suffices(material):
            raise ArgumentError(
                f"--kind={self.name} needs bona-fide recordings of at least {FEWEST + 1} speakers, "
                f"found {len(self._by_speaker)}"
            )

    @classmethod
    def suffices(cls, material: Material) -> bool:
        """Say whether there are enough speakers for any clip; see `Augmentation.suffices`."""
        # One more than are heard: the clip's own may be among them.
        return len(_by_speaker(material)) > FEWEST

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the voices, where each begins, and the ratio; see `Augmentation.draw`."""
        others = [
            voices
            for (who, _), voices in self._by_speaker.items()
            if not speaker or who not in ("", speaker)
        ]
        count = int(random.integers(FEWEST, MOST + 1))
        shares = random.random(len(others))
        offered = [
            voices[int(share * len(voices))] for voices, share in zip(others, shares, strict=True)
        ]
        drawn = draw_readable([voice.path for voice in offered], count, random)
        if len(drawn) < FEWEST:
            raise AudioError(
                f"cannot be mixed with babble: fewer than {FEWEST} other speakers are known"
            )
        return {
            "voices": write_names([offered[at].file for at in drawn]),
            "snr_db": float(random.uniform(*self.material.snr_db)),
            "seed": draw_seed(random),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Add them; see `Augmentation.apply`."""
        names = read_names(parameters["voices"])
        if missing := [name for name in names if name not in self._paths]:
            raise AudioError(f"cannot be mixed with {missing[0]}: it is not among the voices")
        paths = [self._paths[name] for name in names]
        babble = mix_recordings(paths, len(waveform), sample_rate, int(parameters["seed"]))
        return add_at_snr(waveform, babble, float(parameters["snr_db"]))


def _by_speaker(material: Material) -> dict[tuple[str, str], list[Voice]]:
    """Return the voices by who speaks; without a speaker, each recording stands for itself."""
    found: dict[tuple[str, str], list[Voice]] = {}
    for voice in material.voices:
        found.setdefault((voice.speaker, "" if voice.speaker else voice.file), []).append(voice)
    return found
