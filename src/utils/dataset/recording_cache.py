"""What was computed of recordings, kept as it comes, so that work that was stopped goes on.

A table of an SQLite file: a row a recording, with the state of the recording and the version of
what computed it. Plain numbers, text and bytes; nothing in it is executed, and it may be deleted.
"""

import sqlite3
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from src.utils.errors import DatasetError, StorageError
from src.utils.files import writing

BATCH_ROWS = 500
BATCH_SECONDS = 5.0
"""Rows, and time, between two transactions: a kill loses no more than these."""

_LOCK_SECONDS = 30.0
"""How long to wait while another process writes a batch."""

_VERSION = "version"
_STATE = ("file", "bytes", "mtime_ns", _VERSION)


class RecordingCache:
    """The values that are known of recordings, by recording, its state and a version.

    A row holds as long as the recording has the size and modification time that it had (see
    `file_identity`) and what computes the values has the same version. Several processes may read
    and write one file: of two rows of one recording the later stays.

    Made by `open_cache`, which also writes what is still waiting when it closes.

    Parameters
    ----------
    database : sqlite3.Connection
        With the table.
    columns : sequence of str
        Names of the values.
    version : int
        Of what computes the values.
    batch_rows : int
        See `open_cache`.
    batch_seconds : float
        See `open_cache`.
    is_sound : callable, optional
        See `open_cache`.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        columns: Sequence[str],
        version: int,
        batch_rows: int = BATCH_ROWS,
        batch_seconds: float = BATCH_SECONDS,
        is_sound: Callable[[tuple], bool] | None = None,
    ) -> None:
        self._database = database
        self._columns = tuple(columns)
        self._version = version
        self._batch_rows = batch_rows
        self._batch_seconds = batch_seconds
        self._is_sound = is_sound
        self._waiting: list[tuple] = []
        self._written = time.monotonic()

    def read(
        self, identities: Mapping[str, tuple[str, str]], columns: Sequence[str] | None = None
    ) -> dict[str, tuple]:
        """Return the values of the recordings that have not changed since, those added included.

        Parameters
        ----------
        identities : mapping of str to (str, str)
            Size and modification time of each recording wanted as they are now, by file (see
            `file_identity`); one that is absent has no values.
        columns : sequence of str, optional
            Names of the values wanted (default: all); none to ask only what is known.

        Returns
        -------
        dict of str to tuple
            The values by file, in the order of `columns`.
        """
        self.write()
        wanted = self._columns if columns is None else columns
        # What a row is worth is told by all of it.
        read = wanted if self._is_sound is None else self._columns
        rows = self._database.execute(
            f"SELECT {_quoted(['file', 'bytes', 'mtime_ns', *read])} FROM clips "
            f"WHERE {_VERSION} = ?",
            (self._version,),
        )
        places = [read.index(name) for name in wanted]
        return {
            row[0]: row[3:] if read is wanted else tuple(row[3 + place] for place in places)
            for row in rows
            if identities.get(row[0], ("", "")) == row[1:3] != ("", "")
            and (self._is_sound is None or self._is_sound(row[3:]))
        }

    def add(self, file: str, identity: tuple[str, str], values: Sequence[Any]) -> None:
        """Keep the values of a recording, from the next batch on.

        Parameters
        ----------
        file : str
            The recording, as the files table names it.
        identity : (str, str)
            Size and modification time of the recording that the values were computed of.
        values : sequence
            In the order of the cache's columns; int, float, str or bytes.
        """
        self._waiting.append((file, *identity, self._version, *values))
        is_late = time.monotonic() > self._written + self._batch_seconds
        if len(self._waiting) >= self._batch_rows or is_late:
            self.write()

    def write(self) -> None:
        """Write what is waiting, in one transaction."""
        if self._waiting:
            names = [*_STATE, *self._columns]
            marks = ", ".join("?" * len(names))
            with self._database:
                self._database.executemany(
                    f"INSERT OR REPLACE INTO clips ({_quoted(names)}) VALUES ({marks})",
                    self._waiting,
                )
            self._waiting.clear()
        self._written = time.monotonic()


@contextmanager
def open_cache(
    path: Path,
    columns: Sequence[str],
    version: int,
    done: str,
    batch_rows: int = BATCH_ROWS,
    batch_seconds: float = BATCH_SECONDS,
    is_sound: Callable[[tuple], bool] | None = None,
) -> Generator[RecordingCache]:
    """Open a cache, making its file if need be; a file with other columns is begun anew.

    Parameters
    ----------
    path : pathlib.Path
        The SQLite file.
    columns : sequence of str
        Names of the values that are kept of each recording.
    version : int
        Of what computes the values; rows of another version count as unknown.
    done : str
        What is done again once the file is removed, for messages: `measured`, `computed`.
    batch_rows : int
        How many rows may wait for a transaction.
    batch_seconds : float
        How long, in seconds, a row may wait for the next one.
    is_sound : callable, optional
        Says of the values of a row whether they can be what was computed; of one that is damaged
        the recording counts as unknown.

    Yields
    ------
    RecordingCache

    Raises
    ------
    DatasetError
        When the file is damaged.
    StorageError
        When it cannot be written to: what was computed and written before stays.
    """
    try:
        if not path.exists():
            # SQLite would give it a mode that only takes away from 0644.
            with writing(path):
                path.touch()
        with closing(sqlite3.connect(path, timeout=_LOCK_SECONDS)) as database:
            _require_table(database, columns)
            cache = RecordingCache(database, columns, version, batch_rows, batch_seconds, is_sound)
            try:
                yield cache
            finally:
                # Ctrl-C loses nothing, a kill what was not yet written.
                cache.write()
    except sqlite3.Error as error:
        if _is_of_storage(error):
            raise StorageError(f"cannot write {path}: {error}") from error
        raise DatasetError(
            f"cannot use {path}: {error}; remove it, and everything is {done} anew"
        ) from error


_OF_STORAGE = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY),
        *(sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS),
    }
)
"""Result codes (https://sqlite.org/rescode.html) of a file that is sound, on a disk that is not."""


def _is_of_storage(error: sqlite3.Error) -> bool:
    # The low byte is the code; what stands above it says more.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_STORAGE


def _require_table(database: sqlite3.Connection, columns: Sequence[str]) -> None:
    """Make the table, in place of one with other columns."""
    wanted = {*_STATE, *columns}
    if _columns_of(database) == wanted:
        return
    with database:
        # Locked first: another process that made the table meanwhile has perhaps filled it.
        database.execute("BEGIN IMMEDIATE")
        if _columns_of(database) != wanted:
            database.execute("DROP TABLE IF EXISTS clips")
            others = _quoted([*_STATE[1:], *columns])
            database.execute(f"CREATE TABLE clips (file TEXT PRIMARY KEY, {others})")


def _columns_of(database: sqlite3.Connection) -> set[str]:
    return {row[1] for row in database.execute("PRAGMA table_info(clips)")}


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
