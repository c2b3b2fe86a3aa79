"""Opening the data set of a notebook."""

from pathlib import Path

from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.errors import DatasetError


def open_dataset(name: str) -> Dataset:
    """Open the data set that a notebook's first cell names.

    Parameters
    ----------
    name : str
        A folder; a relative one starts at the repository, wherever the notebook was opened.

    Raises
    ------
    DatasetError
        When it is not there.
    """
    root = ROOT / Path(name).expanduser()
    if not root.is_dir():
        raise DatasetError(
            f"no data set at {root}; run `make demo` first, or set DATASET to a folder of yours"
        )
    return Dataset.open(root)
