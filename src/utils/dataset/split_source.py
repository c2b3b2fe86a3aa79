"""Where the clips of a split are from, as tests and trainings keep it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import read_recipe


@dataclass(frozen=True)
class SplitSource:
    """A split of a data set whose recordings are there.

    Attributes
    ----------
    source : Dataset
        The data set whose split it is.
    """

    source: Dataset

    @property
    def dataset(self) -> str:
        """The folder that the recordings lie in."""
        return str(self.source.audio.resolve())

    @property
    def dataset_name(self) -> str:
        """The name of the data set's own folder."""
        return self.root.name

    @property
    def root(self) -> Path:
        """The data set's own folder."""
        return self.source.root.resolve()

    @property
    def split_recipe(self) -> dict[str, Any] | None:
        """How the data set is split."""
        return read_recipe(self.root)
