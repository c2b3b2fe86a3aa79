"""What an attack is: a way to make a spoof of a bona-fide clip, by parameters drawn for it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from src.spoofs.sentences import Sentence
from src.utils.audio.augmentations.augmentation import Parameters

NO_LIMIT = float("inf")


@dataclass(frozen=True)
class Material:
    """What attacks are made with, where they need more than a waveform.

    Attributes
    ----------
    sentences : tuple of Sentence
        What is spoken by text to speech.
    voices : pathlib.Path or None
        A folder of voices for the program `piper`.
    """

    sentences: tuple[Sentence, ...] = ()
    voices: Path | None = None


class Attack(ABC):
    """A way to make a spoof of a clip.

    Parameters
    ----------
    material : Material
        What it is made with.

    Attributes
    ----------
    name : str
        By which the command line and the column `attack` know it.
    about : str
        What is done, in a few words of the field, for help and documentation.
    speaks : bool
        Whether the spoof says something else than its source, at a length of its own.

    Raises
    ------
    ArgumentError
        When what it needs is not installed, or not in the material.
    """

    name: str
    about: ClassVar[str]
    speaks: ClassVar[bool] = False

    def __init__(self, material: Material) -> None:
        self.material = material

    @abstractmethod
    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the parameters for one clip.

        Parameters
        ----------
        random : numpy.random.Generator
            Of this clip and this attack alone.
        language : str
            The language of the clip, where that is known.
        """

    @abstractmethod
    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Return the spoof; equal parameters give equal samples.

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
            Floating point, shape (samples,), at the same rate and of any level. Unless the attack
            `speaks`, moments lie where they do in `waveform`, and it is about as long.

        Raises
        ------
        AudioError
            When no spoof can be made of this waveform, with the reason alone.
        """

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """Fail where it will work on no clip at all, before one is read.

        Raises
        ------
        ArgumentError
            With the remedy.
        """

    def highest(self, parameters: Parameters) -> float:
        """Return the highest frequency that a spoof can have, Hz; infinity for no limit.

        Parameters
        ----------
        parameters : dict
            As `draw` gives them.
        """
        return NO_LIMIT

    def identity(self) -> str:
        """Return what tells two attacks of one name apart, such as the hash of the weights."""
        return ""
