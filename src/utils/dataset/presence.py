"""Whether the recordings of a data set are still there, or their disk has gone."""

import os
from collections.abc import Sequence
from pathlib import Path

from src.utils.dataset.dataset import Dataset
from src.utils.errors import StorageError
from src.utils.faults import EXHAUSTED, GONE, cannot

MOST_IN_A_ROW = 3
"""Recordings that a sound disk may fail to give one after the other: it has bad sectors."""


class Presence:
    """Tells a recording that is bad from a disk that has gone, on which a stage stops.

    Parameters
    ----------
    dataset : Dataset
        The data set, as it is before its recordings are read.

    Raises
    ------
    StorageError
        When a folder of recordings is not there.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._identities = {folder: self._identity(folder) for folder in dataset.folders}
        self._in_a_row = 0

    def note(self, file: str, was_rejected: bool) -> None:
        """Look, after a recording was rejected, whether it is the recording that is at fault.

        Parameters
        ----------
        file : str
            The recording, as the files table names it.
        was_rejected : bool
            Whether it was set aside.

        Raises
        ------
        StorageError
            When the folder of recordings is gone or another one now, when the disk gives none of
            several recordings in a row, or when too many files are open.
        """
        if not was_rejected:
            self._in_a_row = 0
            return
        for folder, then in self._identities.items():
            if self._identity(folder) != then:
                raise StorageError(
                    f"the folder of recordings {folder} was taken away while it was read; run "
                    f"this again when it is back"
                )
        path = self._dataset.path(file)
        error = _fault(path)
        if error is not None and error.errno in EXHAUSTED:
            raise cannot("read", path, error) from error
        is_gone = error is not None and error.errno in GONE
        self._in_a_row = self._in_a_row + 1 if is_gone else 0
        if error is not None and self._in_a_row >= MOST_IN_A_ROW:
            raise StorageError(
                f"the disk gives no recording any more: {path}: {error.strerror}; run this again "
                f"when it does"
            ) from error

    @staticmethod
    def _identity(folder: Path) -> tuple[int, int]:
        try:
            about = folder.stat()
        except OSError as error:
            raise StorageError(
                f"the folder of recordings {folder} is gone ({error.strerror}); run this again "
                f"when it is back"
            ) from error
        return about.st_dev, about.st_ino


def require_present(dataset: Dataset, files: Sequence[str]) -> None:
    """Fail where not one recording of a table is there, before all are listed as missing.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    files : sequence of str
        Recordings, as the files table names them.

    Raises
    ------
    StorageError
        When there are some in the table and none on the disk.
    """
    # As a rule the first is there, so that this costs one look.
    if files and not any(os.path.lexists(dataset.path(file)) for file in files):
        raise StorageError(
            f"not one of {len(files):,} recordings is in {dataset.audio}; mount its disk, or run "
            f"GenerateDatasetCSV if they were moved"
        )


def _fault(path: Path) -> OSError | None:
    """Return what the system says of reading a file, None where it reads."""
    try:
        with path.open("rb", buffering=0) as stream:
            stream.read(1)
    except OSError as error:
        return error
    return None
