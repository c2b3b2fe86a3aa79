"""Augmented copies of the clips of a split: how each is drawn, and how its store tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd

from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Chain, Recipe
from src.utils.config import SPLITS
from src.utils.dataset.babble_voices import needs_voices, voices_of
from src.utils.dataset.dataset import Dataset
from src.utils.seeding import file_generator

COPY, DEGRADED = "copy", "degraded"
"""What copies to train on are called, and those that a calibration may be fitted on."""
TRAINING_SPLITS = tuple(split for split in SPLITS if split.endswith("_train"))
"""The splits that are augmented: whatever is validated or tested on stays as it was recorded."""


@dataclass(frozen=True)
class Copy:
    """One augmented copy of every clip of a split.

    Attributes
    ----------
    recipe : Recipe
        How the chain of a clip is drawn.
    seed : int
        Of all chains.
    number : int
        Which copy it is, from 1 on.
    kind : {'copy', 'degraded'}
        What it is for.
    """

    recipe: Recipe
    seed: int = 7
    number: int = 1
    kind: str = COPY

    @property
    def name(self) -> str:
        """What its chains are drawn by, and its store is called."""
        return f"{self.kind}{self.number}"

    def store_name(self, split: str) -> str:
        """Return the name of the store of these copies of a split, such as `pretext_train.copy1`.

        Parameters
        ----------
        split : str
            The split.
        """
        return f"{split}.{self.name}"

    def draw(self, file: str, speaker: str) -> Chain:
        """Draw the chain of a clip, whatever the other clips are.

        Parameters
        ----------
        file : str
            Its name in the files table.
        speaker : str
            Who speaks in it; empty where unknown.
        """
        return self.recipe.draw(file_generator(self.seed, f"{self.name}/{file}"), speaker)

    def describe(self) -> dict[str, Any]:
        """Return what makes the copies what they are, as the manifest of their store keeps it."""
        return self.recipe.describe() | {"seed": self.seed, "copy": self.number}

    def with_voices(self, dataset: Dataset, files: pd.DataFrame) -> Self:
        """Return this copy with the bona-fide recordings of a split as the voices of babble.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        files : pandas.DataFrame
            The files table of the split.
        """
        if not needs_voices(self.recipe):
            return self
        material = replace(self.recipe.material, voices=voices_of(dataset, files))
        return replace(self, recipe=replace(self.recipe, material=material))


@dataclass(frozen=True)
class Copies:
    """How many augmented copies are made of each training clip, and how.

    Attributes
    ----------
    recipe : Recipe
        How the chain of a clip is drawn.
    count : int
        Copies of each clip.
    seed : int
        Of all chains.
    """

    recipe: Recipe
    count: int = 1
    seed: int = 7

    def each(self) -> list[Copy]:
        """Return the copies, the first one first."""
        return [Copy(self.recipe, self.seed, number) for number in range(1, self.count + 1)]


def degraded_as(augmentation: Mapping[str, Any]) -> Copy:
    """Return what degrades validation clips as training clips were augmented, by other chances.

    Parameters
    ----------
    augmentation : mapping
        As the manifest of a store of copies has it.

    Raises
    ------
    ArgumentError
        When an augmentation is of a name that is none any more.
    """
    noises, rooms = (
        None if path is None else Path(path)
        for path in (augmentation.get("noises"), augmentation.get("rooms"))
    )
    low, high = augmentation["snr_db"]
    material = Material(snr_db=(float(low), float(high)), noises=noises, rooms=rooms)
    fewest, most = augmentation["steps"]
    recipe = Recipe(tuple(augmentation["kinds"]), (fewest, most), material)
    return Copy(recipe, augmentation["seed"], kind=DEGRADED)


def recipe_of(augmentation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what copies of one recipe have in common, of what the manifest of a store says.

    Parameters
    ----------
    augmentation : mapping
        See `Copy.describe`.
    """
    return {name: value for name, value in augmentation.items() if name != "copy"}
