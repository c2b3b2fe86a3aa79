"""The recordings that babble is made of: those of one split are never heard in another."""

import pandas as pd

from src.utils.audio.augmentations.augmentation import Voice
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import BONA_FIDE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.store import assign_splits

_MADE_OF_VOICES = ("babble",)
"""Augmentations that other recordings of the data set are heard in."""


def needs_voices(recipe: Recipe) -> bool:
    """Say whether a chain may need voices, so that the data set is best split before.

    Parameters
    ----------
    recipe : Recipe
        How chains are drawn.
    """
    return any(map(recipe.may_draw, _MADE_OF_VOICES))


def voices_of(dataset: Dataset, files: pd.DataFrame) -> tuple[Voice, ...]:
    """Return the bona-fide recordings of some rows of the files table, whatever their order.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    files : pandas.DataFrame
        The rows, such as those of one split.
    """
    real = files[files["label"] == BONA_FIDE].sort_values("file")
    return tuple(
        Voice(file, dataset.path(file).absolute(), speaker)
        for file, speaker in zip(real["file"], real["speaker"], strict=True)
    )


def part_of_files(dataset: Dataset, files: pd.DataFrame) -> pd.Series:
    """Return of each row the part of the data set whose voices its babble may be made of.

    That is its split, which is empty for a clip in none, and for all where nothing is split yet.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    files : pandas.DataFrame
        Its files table.

    Raises
    ------
    DatasetError
        When a split's table is broken.
    """
    splits = assign_splits(dataset, files["file"])
    return pd.Series("", index=files.index) if splits is None else splits
