"""Stage 1: from a folder of recordings to the two tables."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from src.utils.dataset.dataset import Dataset, read_pointer, read_speaker_from
from src.utils.dataset.layouts import recognise, scan_folder
from src.utils.dataset.layouts.layout import BONA_FIDE_MOUNT
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.schema import NUMERIC, OPTIONAL
from src.utils.dataset.speaker_names import LAYOUT_ALONE, VOICE, Named, check_way, name_speakers
from src.utils.dataset.speakers import describe_near_names, describe_two_genders
from src.utils.errors import DatasetError

STAGE = "GenerateDatasetCSV"


def generate_tables(
    root: Path,
    layout: str = "auto",
    audio: Path | None = None,
    bona_fide: Path | None = None,
    speaker_from: str | None = None,
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
    speaker_from : str, optional
        How speakers are found that the layout does not tell: a regular expression, or one of
        `speaker_names.WAYS`. It is remembered too, until `layout` takes it back.

    Returns
    -------
    Scan

    Raises
    ------
    ArgumentError, DatasetError
        As `scan_folder` does, or when a folder is absent.
    """
    if speaker_from is not None:
        check_way(speaker_from)
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
    way = speaker_from or read_speaker_from(root) or LAYOUT_ALONE
    dataset = Dataset.create(root, folder, scan.mounts, None if way == LAYOUT_ALONE else way)
    named = _name(dataset, scan.files, way)
    with dataset.updating():
        # The measured columns are ours to measure: a table's own claims are not taken over.
        measured = dataset.read_measurements(named.files["file"].tolist())
        files = named.files.assign(**{name: measured[name].to_numpy() for name in NUMERIC})
        for column in OPTIONAL:
            if column not in files:
                files[column] = ""
        dataset.write_tables(files)
    dataset.write_rejected(STAGE, scan.problems)
    doubts = (*describe_two_genders(files), *describe_near_names(files))
    notes = list(named.notes)
    if way != LAYOUT_ALONE and speaker_from is None:
        notes.append(f"(as before; --speaker-from={LAYOUT_ALONE} takes it back)")
    warnings = (*scan.warnings, *named.warnings, *doubts)
    return replace(scan, files=files, warnings=warnings, notes=(*scan.notes, *notes))


def _name(dataset: Dataset, files: pd.DataFrame, way: str) -> Named:
    """Find the speakers of clips by what `--speaker-from` says."""
    if way == LAYOUT_ALONE:
        return Named(files, [], [])
    if way == VOICE:
        # Here, since it imports torch.
        from src.utils.dataset.voices.guess import guess_speakers

        return guess_speakers(dataset, files)
    return name_speakers(files, way)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DatasetError(f"no folder of recordings at {folder}")
