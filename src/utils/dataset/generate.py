"""Stage 1: from a folder of recordings to the two tables."""

from dataclasses import replace
from pathlib import Path

from src.utils.dataset.dataset import Dataset, read_pointer
from src.utils.dataset.layouts import recognise, scan_folder
from src.utils.dataset.layouts.layout import BONA_FIDE_MOUNT
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.schema import NUMERIC, OPTIONAL
from src.utils.dataset.speakers import describe_near_names, describe_two_genders
from src.utils.errors import DatasetError

STAGE = "GenerateDatasetCSV"


def generate_tables(
    root: Path, layout: str = "auto", audio: Path | None = None, bona_fide: Path | None = None
) -> Scan:
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
    bona_fide : pathlib.Path, optional
        Where the bona-fide recordings are, for a layout that has them elsewhere. Both folders
        are remembered.

    Returns
    -------
    Scan

    Raises
    ------
    ArgumentError, DatasetError
        As `scan_folder` does, or when a folder is absent.
    """
    if audio is None and (bona_fide is None or not root.is_dir()):
        Dataset.open(root)
    remembered, mounts = read_pointer(root)
    folder = audio or remembered
    _require_folder(folder)
    chosen = recognise(folder, layout)
    if bona_fide is None and chosen.scan_with_bona_fide is not None:
        bona_fide = mounts.get(BONA_FIDE_MOUNT)
    if bona_fide is not None:
        _require_folder(bona_fide)
    scan = scan_folder(folder, chosen.name, bona_fide)
    dataset = Dataset.create(root, folder, scan.mounts)
    with dataset.updating():
        # The measured columns are ours to measure: a table's own claims are not taken over.
        measured = dataset.read_measurements(scan.files["file"].tolist())
        files = scan.files.assign(**{name: measured[name].to_numpy() for name in NUMERIC})
        for column in OPTIONAL:
            if column not in files:
                files[column] = ""
        dataset.write_tables(files)
    dataset.write_rejected(STAGE, scan.problems)
    doubts = (*describe_two_genders(files), *describe_near_names(files))
    return replace(scan, files=files, warnings=(*scan.warnings, *doubts))


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DatasetError(f"no folder of recordings at {folder}")
