"""A data set on disk: where its tables and its recordings are."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from src.utils.dataset.schema import NUMERIC, people_of, read_files_table, write_files_table
from src.utils.errors import DatasetError, shorten
from src.utils.files import file_identity, locked, write_json
from src.utils.shapes import Shape, read_shaped
from src.utils.tables import read_csv, write_csv

FILES_TABLE = "files-metadata.csv"
PEOPLE_TABLE = "people-metadata.csv"
REJECTED_TABLE = "rejected.csv"
WARNINGS_TABLE = "warnings.csv"
MEASUREMENTS = "measurements.csv"
"""What was measured, and of which state of each recording: the measured columns of the files
table, written with it as a whole, so no `RecordingCache`, which is filled while stages run."""
LOCK = ".tables.lock"
"""There while a stage changes the tables, which may rest on what they held before."""
LOCK_SECONDS = 60.0
"""How long to wait for another one, which needs a moment."""
POINTER = "dataset.json"
"""Present only when recordings lie elsewhere, or speakers are not told by the layout; says where
and how."""


@dataclass(frozen=True)
class Dataset:
    """A data set's two folders.

    Attributes
    ----------
    root : pathlib.Path
        Where the tables and splits are written.
    audio : pathlib.Path
        What the `file` column is relative to; only ever read. The same as `root` unless the
        recordings are kept apart (read-only evidence, a shared disk).
    mounts : mapping of str to pathlib.Path
        Folders elsewhere whose recordings belong to the data set too, by the first part of
        their `file`: with `bona-fide` mounted on `/data/m-ailabs`, `bona-fide/a/b.wav` is
        `/data/m-ailabs/a/b.wav`.
    """

    root: Path
    audio: Path
    mounts: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path) -> "Dataset":
        """Open an existing data set.

        Parameters
        ----------
        root : pathlib.Path
            The data set's own folder, in which the tables lie.

        Raises
        ------
        DatasetError
            When the folder, or the folder of recordings it points to, is absent.
        """
        if not root.is_dir():
            raise DatasetError(
                f"no data set at {root}; put recordings there or name another with --dataset"
            )
        audio, mounts = read_pointer(root)
        for folder in (audio, *mounts.values()):
            if not folder.is_dir():
                raise DatasetError(
                    f"the recordings of {root} are gone: {root / POINTER} names {folder}"
                )
        return cls(root, audio, mounts)

    @classmethod
    def create(
        cls,
        root: Path,
        audio: Path | None = None,
        mounts: Mapping[str, Path] | None = None,
        speaker_from: str | None = None,
    ) -> "Dataset":
        """Open a data set some of whose recordings lie elsewhere, making `root` if need be.

        Parameters
        ----------
        root : pathlib.Path
            The data set's own folder.
        audio : pathlib.Path, optional
            Where the recordings are, if not in `root`.
        mounts : mapping of str to pathlib.Path, optional
            See `Dataset`.
        speaker_from : str, optional
            How speakers are found, where the layout alone does not tell them.

        Raises
        ------
        DatasetError
            When a folder is absent, or `root` would write into one.
        """
        about: dict[str, object] = {}
        if audio is not None and audio.resolve() != root.resolve():
            _require_apart(root, audio, "--audio")
            about["audio"] = str(audio.resolve())
        for name, folder in (mounts or {}).items():
            _require_apart(root, folder, f"--{name}")
        if mounts:
            about["mounts"] = {name: str(folder.resolve()) for name, folder in mounts.items()}
        if speaker_from is not None:
            about["speaker_from"] = speaker_from
        if about:
            write_json(root / POINTER, about)
        else:
            (root / POINTER).unlink(missing_ok=True)
        return cls.open(root)

    def updating(self) -> AbstractContextManager[None]:
        """Hold the tables and splits for oneself, to read, change and write them.

        Several stages may be at one data set at once: each waits for its turn, which is short.

        Raises
        ------
        AudiosError
            On entering, when another one holds them for a minute, or nothing can be written here.
        """
        return locked(self.root / LOCK, f"the tables of {self.root}", LOCK_SECONDS)

    @property
    def folders(self) -> list[Path]:
        """Every folder that recordings are read from."""
        return [self.audio, *self.mounts.values()]

    def path(self, file: str) -> Path:
        """Return where a recording of the files table lies.

        Parameters
        ----------
        file : str
            The recording, as the `file` column names it.
        """
        if self.mounts:
            first, _, rest = file.partition("/")
            if first in self.mounts:
                return self.mounts[first] / rest
        return self.audio / file

    def read_files(self) -> pd.DataFrame:
        """Read the files table (see `read_files_table`).

        Raises
        ------
        DatasetError
            When there is none yet, or it is broken.
        """
        path = self.root / FILES_TABLE
        if not path.is_file():
            raise DatasetError(
                f"no {FILES_TABLE} in {self.root}; run first: "
                f"fab GenerateDatasetCSV --dataset={shlex.quote(str(self.root))}"
            )
        return read_files_table(path)

    def write_tables(self, files: pd.DataFrame) -> None:
        """Write the files table and the people table that follows from it.

        Parameters
        ----------
        files : pandas.DataFrame
            The files table, see `write_files_table`.
        """
        people = people_of(files)
        write_files_table(self.root / FILES_TABLE, files)
        write_csv(self.root / PEOPLE_TABLE, people)

    def read_measurements(self, files: Sequence[str]) -> pd.DataFrame:
        """Return what was measured of recordings that have not changed since.

        Parameters
        ----------
        files : sequence of str
            Recordings, as the `file` column names them.

        Returns
        -------
        pandas.DataFrame
            The columns of `schema.NUMERIC` as floats, NaN where nothing is known, one row a file.
        """
        table = pd.DataFrame(index=pd.Index(files), columns=list(NUMERIC), dtype="float64")
        path = self.root / MEASUREMENTS
        if not path.is_file():
            return table
        known = read_csv(path)
        known = known.drop_duplicates("file").set_index("file") if "file" in known else table[:0]
        if not {"bytes", "mtime_ns", *NUMERIC} <= set(known):
            # Measured again, as if nothing were known.
            return table
        known = known[known.index.isin(table.index)]
        same = [
            file_identity(self.path(file)) == (size, time)
            for file, size, time in zip(known.index, known["bytes"], known["mtime_ns"], strict=True)
        ]
        numbers = known.loc[same, list(NUMERIC)].apply(pd.to_numeric, errors="coerce")
        # First, since of no row at all pandas makes a column of objects.
        numbers = numbers.astype("float64")
        numbers = numbers.where(np.isfinite(numbers) & (numbers >= 0))
        table.loc[numbers.index] = numbers
        return table

    def write_measurements(
        self, files: pd.DataFrame, identities: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        """Keep the measured columns with the size and time of the recordings they are of.

        Parameters
        ----------
        files : pandas.DataFrame
            The files table, with the columns of `schema.NUMERIC`.
        identities : mapping of str to (str, str), optional
            The state in which recordings were read, by file (see `file_identity`); of the others
            it is what they are in now.
        """
        known = identities or {}
        table = files[["file", *NUMERIC]].copy()
        table[["bytes", "mtime_ns"]] = [
            known.get(file) or file_identity(self.path(file)) for file in table["file"]
        ]
        write_csv(self.root / MEASUREMENTS, table)

    def read_rejected(self, stage: str) -> dict[str, str]:
        """Return the reason by file of what a stage set aside.

        Parameters
        ----------
        stage : str
            The name of the task.
        """
        path = self.root / REJECTED_TABLE
        if not path.is_file():
            return {}
        table = _read_told(path, "reason")
        table = table[table["stage"] == stage]
        return dict(zip(table["file"], table["reason"], strict=True))

    def write_rejected(self, stage: str, rejected: dict[str, str]) -> None:
        """Replace this stage's rows in `rejected.csv` (`file,stage,reason`).

        Parameters
        ----------
        stage : str
            The name of the task.
        rejected : dict of str to str
            The reason by file; may be empty.
        """
        self._replace_told(REJECTED_TABLE, "reason", stage, rejected)

    def write_warnings(self, stage: str, warnings: dict[str, str]) -> None:
        """Replace this stage's rows in `warnings.csv` (`file,stage,warning`).

        Parameters
        ----------
        stage : str
            The name of the task.
        warnings : dict of str to str
            What is odd about a file that is used even so; may be empty.
        """
        self._replace_told(WARNINGS_TABLE, "warning", stage, warnings)

    def _replace_told(self, name: str, column: str, stage: str, told: dict[str, str]) -> None:
        path = self.root / name
        if not told and not path.is_file():
            return  # nothing is written, as where nothing can be
        columns = ["file", "stage", column]
        rows = pd.DataFrame([(file, stage, text) for file, text in told.items()], columns=columns)
        with locked(self.root / f".{name}.lock", str(path), LOCK_SECONDS):
            if path.is_file():
                kept = _read_told(path, column)
                rows = pd.concat([kept[kept["stage"] != stage][columns], rows])
            if len(rows) or path.is_file():
                write_csv(path, rows)


def _read_told(path: Path, column: str) -> pd.DataFrame:
    table = read_csv(path)
    if not {"file", "stage", column} <= set(table):
        raise DatasetError(
            f"{path} is damaged: it has not the columns file, stage and {column}; remove it"
        )
    return table


def read_pointer(root: Path) -> tuple[Path, dict[str, Path]]:
    """Return the folder of recordings and the mounts of a data set, there or not.

    Parameters
    ----------
    root : pathlib.Path
        The data set's own folder; it need not exist.

    Raises
    ------
    AudiosError
        When the file that names them is no JSON.
    """
    about = _read_about(root)
    audio = (root / about["audio"]).resolve() if "audio" in about else root
    return audio, {name: Path(folder) for name, folder in about.get("mounts", {}).items()}


def read_speaker_from(root: Path) -> str | None:
    """Return how speakers were found when the tables were made, None where by the layout alone.

    Parameters
    ----------
    root : pathlib.Path
        The data set's own folder; it need not exist.

    Raises
    ------
    AudiosError
        As `read_pointer` does.
    """
    found: str | None = _read_about(root).get("speaker_from")
    return found


class _Pointer(Shape):
    audio: str = ""
    mounts: dict[str, str] = Field(default_factory=dict)
    speaker_from: str | None = None


def _read_about(root: Path) -> dict[str, Any]:
    pointer = root / POINTER
    if not pointer.is_file():
        return {}
    remedy = "remove it, and run GenerateDatasetCSV with its flags again"
    return read_shaped(pointer, _Pointer, remedy, DatasetError)


def _require_apart(root: Path, folder: Path, flag: str) -> None:
    """Fail when `folder` is absent or the tables would be written into it."""
    if not folder.is_dir():
        raise DatasetError(f"no folder of recordings at {folder}")
    if root.resolve().is_relative_to(folder.resolve()):
        raise DatasetError(f"--dataset={root} lies in {flag}={folder}; name one beside it")


def require_some(accepted: int, rejected: dict[str, str]) -> None:
    """Fail a stage that has nothing left.

    Parameters
    ----------
    accepted : int
        How many recordings can be used.
    rejected : dict of str to str
        The reason by file of those that cannot.

    Raises
    ------
    DatasetError
        When no file was accepted; tells why the first were not, or that there are none.
    """
    if not accepted and not rejected:
        raise DatasetError(
            f"the {FILES_TABLE} lists no recording; run GenerateDatasetCSV on a folder with some"
        )
    if not accepted:
        reasons = shorten((f"{file} {reason}" for file, reason in rejected.items()), 3)
        raise DatasetError(f"not one of {len(rejected):,} recordings can be used: {reasons}")
