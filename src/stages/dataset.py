"""Stages 1 to 6: from the recordings of a corpus to a data set that is divided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from src.utils.dataset import measure
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.measure import Measured
from src.utils.dataset.noise import add_noise as add_noise_to
from src.utils.dataset.normalize import normalize_dataset
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.split import Split, SplitSettings, split_dataset
from src.utils.errors import choose

if TYPE_CHECKING:
    from src.utils.audio.augmentations.chain import Recipe
    from src.utils.dataset.prepare.checksums import Checksum
    from src.utils.dataset.prepare.prepare import Prepared

__all__ = [
    "add_amplitudes",
    "add_durations",
    "add_noise",
    "generate_tables",
    "normalize",
    "prepare",
    "split",
]


def prepare(
    dataset: Path, corpus: str, archives: Path | None = None, checksum: Checksum | None = None
) -> Prepared:
    """Unpack a public corpus, checked, into a data set.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder; made if need be.
    corpus : str
        A name of `corpora.CORPORA`.
    archives : pathlib.Path, optional
        A folder of archives or clones, or one archive; only read.
    checksum : Checksum, optional
        Of the one archive there is, in place of a published one.

    Raises
    ------
    ArgumentError
        For an unknown corpus, or archives that must be named.
    ArchiveError
        As `prepare.prepare_dataset` does.
    """
    # Here, since the readers of archives take as long to import as all other stages together.
    from src.utils.dataset.prepare.prepare import prepare_dataset

    return prepare_dataset(
        dataset, CORPORA[choose("--corpus", corpus, CORPORA)], archives, checksum
    )


def add_durations(dataset: Path) -> Measured:
    """Add the durations of all recordings to the files table.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.

    Returns
    -------
    Measured

    Raises
    ------
    DatasetError
        As `measure.add_durations` does.
    """
    return measure.add_durations(Dataset.open(dataset))


def add_amplitudes(dataset: Path) -> Measured:
    """Add the peak amplitudes of all recordings to the files table.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.

    Returns
    -------
    Measured

    Raises
    ------
    DatasetError
        As `measure.add_amplitudes` does.
    """
    return measure.add_amplitudes(Dataset.open(dataset))


def normalize(dataset: Path, output: Path, method: str = "rms", target_rms: float = 0.1) -> Derived:
    """Write a copy of a data set in which all recordings have one level.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    output : pathlib.Path
        The new data set's folder.
    method : {'rms', 'peak'}
        What is made equal.
    target_rms : float
        For `rms`: the level to reach, full scale at 1.

    Raises
    ------
    ArgumentError, DatasetError
        As `normalize_dataset` does.
    """
    return normalize_dataset(Dataset.open(dataset), output, method, target_rms)


def add_noise(dataset: Path, output: Path, recipe: Recipe | None = None, seed: int = 7) -> Derived:
    """Write a copy of a data set in which all recordings have gone through augmentations.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    output : pathlib.Path
        The new data set's folder.
    recipe : Recipe, optional
        How the chain of each is drawn; by default white noise at 5 to 20 dB.
    seed : int
        Of the chains.

    Raises
    ------
    ArgumentError, DatasetError
        As `noise.add_noise` does.
    """
    return add_noise_to(Dataset.open(dataset), output, recipe, seed)


def split(dataset: Path, settings: SplitSettings | None = None, seed: int = 7) -> Split:
    """Divide a data set into pretext and downstream splits.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    settings : SplitSettings, optional
        How it is divided; by default by speaker.
    seed : int
        Of the dealing.

    Raises
    ------
    ArgumentError, DatasetError
        As `split_dataset` does.
    """
    return split_dataset(Dataset.open(dataset), settings, seed)
