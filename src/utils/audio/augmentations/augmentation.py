"""What an augmentation is: parameters drawn by chance, and a waveform changed by them.

Drawing and changing are apart. What was drawn says the whole change: it is kept in tables, makes
the same copy again, and a robustness test sets it instead of drawing it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import ClassVar

import numpy as np

Value = float | int | str
Parameters = dict[str, Value]
"""Of one augmentation of one clip; JSON values, the seed of what is drawn at random among them."""

SEED_LIMIT = 2**31
"""Seeds that are drawn lie below it, so that tables and JSON hold them exactly."""


class Place(IntEnum):
    """Where on the way from a mouth to a listener something happens; chains follow this order."""

    VOICE = 0
    ROOM = 1
    NOISE = 2
    MICROPHONE = 3
    LEVEL = 4
    BAND = 5
    CODEC = 6
    NETWORK = 7


@dataclass(frozen=True)
class Voice:
    """A bona-fide recording that babble may be made of.

    Attributes
    ----------
    file : str
        Its name in the files table.
    path : pathlib.Path
        Where it is.
    speaker : str
        Who speaks; empty where unknown.
    """

    file: str
    path: Path
    speaker: str


@dataclass(frozen=True)
class Material:
    """What augmentations are made with, where they need more than the waveform.

    Attributes
    ----------
    snr_db : (float, float)
        Lowest and highest signal-to-noise ratio of every noise, dB over the whole recording.
    noises : pathlib.Path or None
        A folder of noise recordings.
    rooms : pathlib.Path or None
        A folder of room impulse responses; None to simulate rooms.
    voices : tuple of Voice
        Bona-fide recordings of the same split, for babble.
    """

    snr_db: tuple[float, float] = (5.0, 20.0)
    noises: Path | None = None
    rooms: Path | None = None
    voices: tuple[Voice, ...] = ()


class Augmentation(ABC):
    """A way in which recordings are changed.

    Parameters
    ----------
    material : Material
        What it is made with.

    Attributes
    ----------
    name : str
        By which the command line, tables and figures know it.
    place : Place
        Its place in a chain.
    about : str
        What is done, in a few words of the field, for help and documentation.
    keeps_length : bool
        Whether the changed waveform has as many samples as the given one.

    Raises
    ------
    ArgumentError
        When what it needs is not in the material.
    """

    name: ClassVar[str]
    place: ClassVar[Place]
    about: ClassVar[str]
    keeps_length: ClassVar[bool] = True

    def __init__(self, material: Material) -> None:
        self.material = material

    @classmethod
    def suffices(cls, material: Material) -> bool:
        """Say whether there is something to make it with, else a family does without it.

        What is given but cannot be used, such as an empty folder, is an error all the same.

        Parameters
        ----------
        material : Material
            What there is.
        """
        return True

    @abstractmethod
    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the parameters for one clip.

        Parameters
        ----------
        random : numpy.random.Generator
            Of this clip alone.
        speaker : str
            Who speaks in the clip, where that is known.
        """

    @abstractmethod
    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Return the changed waveform; equal parameters give equal samples.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32, full scale at 1, shape (samples,); left as it is.
        sample_rate : int
            Hz, from 8,000 to 96,000.
        parameters : dict
            As `draw` gives them.

        Returns
        -------
        numpy.ndarray
            float32, shape (samples,), at the same rate; it may exceed full scale, and whoever
            writes or encodes it turns it down.

        Raises
        ------
        AudioError
            When this waveform cannot be changed so, with the reason alone.
        """


def draw_seed(random: np.random.Generator) -> int:
    """Draw the seed of an augmentation's own noise.

    Parameters
    ----------
    random : numpy.random.Generator
        Of the clip.
    """
    return int(random.integers(SEED_LIMIT))
