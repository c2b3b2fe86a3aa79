"""Stage 1: from a folder of recordings to the two tables."""

from dataclasses import replace
from pathlib import Path

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.schema import NUMERIC, OPTIONAL
from src.utils.errors import DatasetError

STAGE = "GenerateDatasetCSV"


def generate_tables(root: Path, layout: str = "auto", audio: Path | None = None) -> Scan:
    """Scan recordings and write `people-metadata.csv` and `files-metadata.csv`.

    What is left out is listed in `rejected.csv`. Recordings are not opened; what was measured of
    them before stays, unless they have changed since.

    Parameters
    ----------
    root : pathlib.Path
        Where the tables go.
    layout : str
        See `scan_folder`.
    audio : pathlib.Path, optional
        Where the recordings are, if not in `root`; nothing is written there.

    Returns
    -------
    Scan

    Raises
    ------
    DatasetError
        As `scan_folder` does, or when a folder is absent.
    """
    dataset = Dataset.open(root) if audio is None else None
    folder = audio if dataset is None else dataset.audio
    if folder is None or not folder.is_dir():
        raise DatasetError(f"no folder of recordings at {folder}")
    scan = scan_folder(folder, layout)
    dataset = Dataset.create(root, folder, scan.mounts)
    # The measured columns are ours to measure: a table's own claims are not taken over.
    measured = dataset.read_measurements(scan.files["file"].tolist())
    files = scan.files.assign(**{name: measured[name].to_numpy() for name in NUMERIC})
    for column in OPTIONAL:
        if column not in files:
            files[column] = ""
    dataset.write_tables(files)
    dataset.write_rejected(STAGE, scan.problems)
    return replace(scan, files=files)
