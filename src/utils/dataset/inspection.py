"""Measuring the nuisances and fingerprints of a data set's recordings, each once."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import Resampler, read_info
from src.utils.audio.nuisances import fingerprint
from src.utils.audio.nuisances.measure import NAMES, VERSION, Nuisances, measure_nuisances
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.errors import AudioError, DatasetError
from src.utils.files import file_identity, sha256_file
from src.utils.parallel import attempt, map_ahead

DATABASE = "inspection.sqlite"
"""What was measured, and of which state of each recording; safe to delete."""

_AT_ONCE = 500
_SECONDS = 5.0
"""Rows, and time, between two transactions: a kill loses no more than these."""

_COLUMNS = ("file", "bytes", "mtime_ns", "version", *NAMES, "sha256", "fingerprint")


@dataclass(frozen=True)
class Inspection:
    """What is known of recordings, a row a clip in one order.

    Attributes
    ----------
    files : pandas.DataFrame
        The files table without the rejected, with the columns of `Nuisances` and `sha256` in place
        of columns of those names.
    fingerprints : list of numpy.ndarray
        uint32, shape (frames,), see `compute_fingerprint`.
    rejected : dict of str to str
        The reason by file.
    n_measured : int
        How many were measured now; the rest was known.
    """

    files: pd.DataFrame
    fingerprints: list[np.ndarray]
    rejected: dict[str, str]
    n_measured: int


def inspect_dataset(dataset: Dataset, stage: str) -> Inspection:
    """Measure every recording that has changed since it was measured last.

    What is measured is kept in the data set's folder as it comes, so that a stage that was
    stopped goes on.

    Parameters
    ----------
    dataset : Dataset
    stage : str
        The task's name, for the progress bar and `rejected.csv`.

    Raises
    ------
    DatasetError
        When there is no table, not one recording can be used, or the database is damaged.
    """
    files = dataset.read_files()
    path = dataset.root / DATABASE
    identities = {file: file_identity(dataset.path(file)) for file in files["file"]}
    with _opened(path) as database:
        known = _unchanged(database, identities)
        todo = [file for file in files["file"] if file not in known]
        rejected = _measure(dataset, database, todo, identities, stage)
        dataset.write_rejected(stage, rejected)
        require_some(len(files) - len(rejected), rejected)
        rows = _read(database, set(files["file"]) - set(rejected))
    kept = files[files["file"].isin(rows.index)].reset_index(drop=True)
    rows = rows.loc[kept["file"]].reset_index(drop=True)
    measured = {name: rows[name] for name in (*NAMES, "sha256")}
    prints = [np.frombuffer(blob, np.uint32) for blob in rows["fingerprint"]]
    return Inspection(kept.assign(**measured), prints, rejected, len(todo))


def inspect_recording(dataset: Dataset, file: str) -> tuple[Nuisances, str, np.ndarray]:
    """Return a recording's nuisances, SHA-256 and fingerprint.

    Raises
    ------
    AudioError
        As `measure_nuisances` does.
    """
    path = dataset.path(file)
    resampler = Resampler(read_info(path).sample_rate, fingerprint.SAMPLE_RATE)
    nuisances = measure_nuisances(path, resampler.add)
    return nuisances, sha256_file(path), fingerprint.compute_fingerprint(resampler.finish())


def _measure(
    dataset: Dataset,
    database: sqlite3.Connection,
    files: Sequence[str],
    identities: dict[str, tuple[str, str]],
    stage: str,
) -> dict[str, str]:
    rejected = {}
    waiting: list[tuple] = []
    written = time.monotonic()
    statement = f"INSERT OR REPLACE INTO clips VALUES ({','.join('?' * len(_COLUMNS))})"
    outcomes = map_ahead(partial(attempt, partial(inspect_recording, dataset)), files)
    # A bar over nothing would flash past whenever a data set is inspected again.
    progress = tqdm(outcomes, stage, len(files), unit="clip", leave=False) if files else outcomes
    try:
        for file, outcome in zip(files, progress, strict=True):
            if isinstance(outcome, AudioError):
                rejected[file] = str(outcome)
                continue
            nuisances, sha256, prints = outcome
            about = (file, *identities[file], VERSION)
            waiting.append((*about, *astuple(nuisances), sha256, prints.tobytes()))
            if len(waiting) >= _AT_ONCE or time.monotonic() > written + _SECONDS:
                _insert(database, statement, waiting)
                written = time.monotonic()
    finally:
        # Ctrl-C loses nothing, a kill what was not yet written.
        _insert(database, statement, waiting)
    return rejected


def _insert(database: sqlite3.Connection, statement: str, rows: list[tuple]) -> None:
    with database:
        database.executemany(statement, rows)
    rows.clear()


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database; one of another version of AUDIOS is begun anew."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(clips)")]
            if columns != [*_COLUMNS]:
                with database:
                    database.execute("DROP TABLE IF EXISTS clips")
                    names = ", ".join(f'"{name}"' for name in _COLUMNS[1:])
                    database.execute(f"CREATE TABLE clips (file TEXT PRIMARY KEY, {names})")
            yield database
    except sqlite3.Error as error:
        raise DatasetError(
            f"cannot use {path}: {error}; remove it, and everything is measured anew"
        ) from error


def _unchanged(
    database: sqlite3.Connection, identities: dict[str, tuple[str, str]]
) -> frozenset[str]:
    rows = database.execute("SELECT file, bytes, mtime_ns FROM clips WHERE version = ?", (VERSION,))
    return frozenset(
        file
        for file, size, time in rows
        if identities.get(file, ("", "")) == (size, time) != ("", "")
    )


def _read(database: sqlite3.Connection, wanted: set[str]) -> pd.DataFrame:
    columns = ("file", *NAMES, "sha256", "fingerprint")
    names = ", ".join(f'"{name}"' for name in columns)
    cursor = database.execute(f"SELECT {names} FROM clips WHERE version = ?", (VERSION,))
    rows = [row for row in cursor if row[0] in wanted]
    return pd.DataFrame(rows, columns=columns).set_index("file")
