"""Noise that was recorded."""

from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Material,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.mixing import add_at_snr
from src.utils.audio.augmentations.recordings import (
    draw_readable,
    list_recordings,
    mix_recordings,
    read_names,
    write_names,
)
from src.utils.errors import ArgumentError, AudioError

_OTHER = "noise"
_CATEGORIES = ("music", "speech")
"""Folders of MUSAN that are told from noise (Snyder, Chen and Povey, 2015, arXiv 1510.08484)."""

_AT_ONCE = {"speech": (3, 7)}
"""Fewest and most that are mixed, as Kaldi's recipes for x-vectors do; one of what is not named."""


class Noises(Augmentation):
    """A recording of any folder of noise, at a signal-to-noise ratio; of talk, several at once.

    In MUSAN's layout, the folders `noise`, `music` and `speech`, the category is drawn first, so
    that each is as frequent as the others; of `speech`, 3 to 7 recordings are mixed to babble.
    Whatever does not lie in `music` or `speech` is noise.

    Parameters
    ----------
    material : Material
        With a folder of noises.
    """

    name: ClassVar[str] = "noises"
    place: ClassVar[Place] = Place.NOISE
    about: ClassVar[str] = "recorded noise of a folder"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        if material.noises is None:
            raise ArgumentError(f"--kind={self.name} needs --noises=DIR, a folder of recordings")
        self._folder = material.noises
        self._files: dict[str, list[str]] = {}
        for file in list_recordings(self._folder, "--noises"):
            top = file.partition("/")[0]
            is_category = top in _CATEGORIES and top != file
            self._files.setdefault(top if is_category else _OTHER, []).append(file)

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw category, recordings, where each begins, and the ratio; see `Augmentation.draw`."""
        category = str(random.choice(sorted(self._files)))
        low, high = _AT_ONCE.get(category, (1, 1))
        files = self._files[category]
        paths = [self._folder / file for file in files]
        drawn = draw_readable(paths, int(random.integers(low, high + 1)), random)
        if not drawn:
            raise AudioError("cannot be mixed with noise: none of the folder's can be read")
        return {
            "category": category,
            "noises": write_names([files[at] for at in drawn]),
            "snr_db": float(random.uniform(*self.material.snr_db)),
            "seed": draw_seed(random),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Add them; see `Augmentation.apply`."""
        paths = [self._folder / name for name in read_names(parameters["noises"])]
        noise = mix_recordings(paths, len(waveform), sample_rate, int(parameters["seed"]))
        return add_at_snr(waveform, noise, float(parameters["snr_db"]))
