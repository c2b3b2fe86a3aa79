"""Spoofs made of the real recordings of a data set."""

from pathlib import Path

from src.spoofs.make import Spoofs, SpoofSettings
from src.spoofs.make import make_spoofs as make_spoofs_of
from src.utils.dataset.dataset import Dataset


def make_spoofs(dataset: Path, output: Path, settings: SpoofSettings) -> Spoofs:
    """Write a data set of real clips and of spoofs made of them.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    output : pathlib.Path
        The new data set's folder.
    settings : SpoofSettings
        By which attacks, and how many of each clip.

    Raises
    ------
    AudiosError
        As `make.make_spoofs` does.
    """
    return make_spoofs_of(Dataset.open(dataset), output, settings)
