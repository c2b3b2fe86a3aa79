"""Where a study's trials are kept: a journal in its folder, or a database that machines share."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from src.utils.errors import ArgumentError, AudiosError, RunError, StorageError
from src.utils.files import writing
from src.utils.runs import Run
from src.utils.shown_text import without_password
from src.utils.strict_json import parse_json
from src.utils.tensor_file import first_line

JOURNAL = "optuna-journal.log"

NAME = "study_name"
"""Entry of a study's manifest: its name where its trials are kept."""
STORAGE = "storage"
"""Entry of a study's manifest: the database that its trials are kept in, without a password."""

BEAT_SECONDS = 20
GRACE_SECONDS = 90
"""How often a worker tells a database that it is alive, and how long it may be silent."""

LOCK_GRACE_SECONDS = 30
"""How long the journal's lock may be held: one that a killed worker has left is taken away then."""

_SCHEMES = ("postgresql", "postgresql+psycopg")
_BEGINNING = 0x41554449
"""The lock in a database of those who make its tables."""


class Journal(JournalFileBackend):
    """Optuna's journal, of which a full disk or a kill leaves no torn line.

    Parameters
    ----------
    path : pathlib.Path
        The file of lines.
    """

    def __init__(self, path: Path) -> None:
        # In full: the lock is a link to it, whose age nobody could tell if it led nowhere.
        self._path = path = path.resolve()
        lock = JournalFileSymlinkLock(str(path), LOCK_GRACE_SECONDS)
        with writing(path):
            super().__init__(str(path), lock)
            if path.stat().st_size:
                self._cut_torn_line()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines, or none of them.

        Parameters
        ----------
        logs : list of dict
            As Optuna gives them.
        """
        try:
            with writing(self._path):
                super().append_logs(logs)
        except StorageError:
            # What is appended later would end in the same line.
            with suppress(OSError, RuntimeError):
                self._cut_torn_line()
            raise

    def _cut_torn_line(self) -> None:
        """Cut off what a kill has left of a line; not while another process writes one."""
        content = self._path.read_bytes()
        if content.endswith(b"\n") or not content:
            return
        self._lock.acquire()
        try:
            content = self._path.read_bytes()
            os.truncate(self._path, content.rfind(b"\n") + 1)
        finally:
            self._lock.release()


def connect(run: Run, url: str | None, name: str, is_new: bool) -> optuna.Study:
    """Open the study of a run, or begin it.

    Parameters
    ----------
    run : Run
        The study's folder.
    url : str or None
        Of a database; None for the journal in the folder.
    name : str
        The study's name in it.
    is_new : bool
        Whether it may be begun.

    Raises
    ------
    ArgumentError
        When there is no such kind of database, or its driver is not installed.
    RunError
        When it cannot be reached, or is damaged.
    """
    where = str(run.folder / JOURNAL) if url is None else without_password(url)
    try:
        storage = _journal(run) if url is None else _database(url)
        names = {summary.study_name for summary in storage.get_all_studies()}
        if name not in names:
            if not is_new and url is not None:
                raise RunError(f"{where} holds no study {name}")
            # Another process may begin it at the same moment.
            return optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        # Not by `load_if_exists`, which would write into the journal of a finished study.
        return optuna.load_study(storage=storage, study_name=name)
    except AudiosError:
        raise
    except OSError as error:
        raise RunError(f"cannot use {where}: {error.strerror or error}") from error
    except Exception as error:  # Optuna raises whatever it meets in a damaged journal
        if url is not None:
            raise _unusable(url, error) from error
        raise damaged(run, error) from error


@contextmanager
def told_of(url: str | None) -> Iterator[None]:
    """Tell in one line of a database that fails while it is used.

    Parameters
    ----------
    url : str or None
        Of the database; None for a journal, which tells of its faults itself.

    Raises
    ------
    RunError
        In place of what Optuna and SQLAlchemy raise.
    """
    if url is None:
        yield
        return
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise _unusable(url, error) from error


def damaged(run: Run, error: Exception) -> RunError:
    """Return what is said of a study whose journal is damaged.

    Parameters
    ----------
    run : Run
        The study.
    error : Exception
        What was raised on it.
    """
    return RunError(
        f"{run.folder / JOURNAL} is damaged: {first_line(error)}; start a new study by leaving "
        f"--study-number out"
    )


def studies_of(url: str) -> list[optuna.study.StudySummary]:
    """Return the studies that a database holds.

    Parameters
    ----------
    url : str
        Its address.

    Raises
    ------
    ArgumentError
        When its driver is not installed.
    RunError
        When it cannot be reached, or is none of Optuna's.
    """
    try:
        return optuna.get_all_study_summaries(_database(url), include_best_trial=False)
    except AudiosError:
        raise
    except Exception as error:  # whatever the driver, SQLAlchemy or Optuna raise
        raise _unusable(url, error) from error


def check_url(url: str) -> str:
    """Return the address of a database as SQLAlchemy takes it.

    Parameters
    ----------
    url : str
        As `--storage` gives it: `postgresql://user@host:port/database`. The password is better
        kept in `~/.pgpass` or `PGPASSWORD`.

    Raises
    ------
    ArgumentError
        When it is none of PostgreSQL.
    """
    fault = ArgumentError(
        f"--storage={without_password(url)} is no postgresql://user@host:port/database"
    )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise fault from None
    if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
        raise fault
    return urlunsplit(parts._replace(scheme=_SCHEMES[-1]))


def _journal(run: Run) -> BaseStorage:
    path = run.folder / JOURNAL
    # First, since it cuts off a line that a kill has torn.
    storage = JournalStorage(Journal(path))
    whole = path.read_bytes()
    # Without a line that another process is writing now.
    for number, line in enumerate(whole[: whole.rfind(b"\n") + 1].splitlines(), 1):
        if not isinstance(parse_json(line), dict):
            raise ValueError(f"line {number} is no entry")
    return storage


def _database(url: str) -> BaseStorage:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ArgumentError(
            "--storage needs the package psycopg: pip install -r requirements-database.txt"
        ) from error
    from sqlalchemy import create_engine, text

    address, options = check_url(url), {"connect_args": {"connect_timeout": 10}}
    engine = create_engine(address, **options)
    try:
        # Two that make its tables at once would be in each other's way.
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BEGINNING})
            with warnings.catch_warnings():
                # Of heartbeats, which are experimental to Optuna.
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return RDBStorage(
                    address,
                    engine_kwargs={"pool_pre_ping": True, **options},
                    heartbeat_interval=BEAT_SECONDS,
                    grace_period=GRACE_SECONDS,
                )
    finally:
        engine.dispose()


def _unusable(url: str, error: Exception) -> RunError:
    cause: BaseException = error
    while not hasattr(cause, "orig") and cause.__cause__ is not None:
        cause = cause.__cause__
    # What the driver says, without what SQLAlchemy adds.
    said = first_line(Exception(str(getattr(cause, "orig", None) or cause)))
    password = urlsplit(url).password
    said = without_password(said)
    said = said.replace(password, "***") if password else said
    return RunError(f"cannot use {without_password(url)}: {said}")
