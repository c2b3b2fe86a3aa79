"""The recordings that babble is made of: those of one split are never heard in another."""

import pandas as pd

from src.utils.audio.augmentations.augmentation import Voice
from src.utils.config import BONA_FIDE
from src.utils.dataset.dataset import Dataset


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
