"""Where a study's trials are kept: a journal in its folder, or a database that machines share."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from src.search.crews import is_alive
from src.utils.errors import ArgumentError, AudiosError, RunError, StorageError
from src.utils.files import writing
from src.utils.runs import Run
from src.utils.shown_text import without_password
from src.utils.strict_json import parse_json
from src.utils.tensor_file import first_line

JOURNAL = "optuna-journal.log"

WORKER = "worker"
"""Set on a trial: who works at it."""
DRAWN = "drawn"
"""Set on a trial when all that it tries is drawn."""
RETRY_OF = "retry_of"
"""Set on a trial that makes one anew whose worker was killed: that one's number."""

BEAT_SECONDS = 20
GRACE_SECONDS = 90
"""How often a worker tells a database that it is alive, and how long it may be silent."""

_SCHEMES = ("postgresql", "postgresql+psycopg")


class Journal(JournalFileBackend):
    """Optuna's journal, of which a full disk or a kill leaves no torn line.

    Parameters
    ----------
    path : pathlib.Path
        The file of lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            super().__init__(str(path))
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
            return optuna.create_study(storage=storage, study_name=name)
        # Not by `load_if_exists`, which would write into the journal of a finished study.
        return optuna.load_study(storage=storage, study_name=name)
    except AudiosError:
        raise
    except OSError as error:
        raise RunError(f"cannot use {where}: {error.strerror or error}") from error
    except Exception as error:  # Optuna raises whatever it meets in a damaged journal
        if url is not None:
            raise RunError(f"cannot use {where}: {_told(error, url)}") from error
        raise damaged(run, error) from error


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
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
        raise ArgumentError(
            f"--storage={without_password(url)} is no postgresql://user@host:port/database"
        )
    return urlunsplit(parts._replace(scheme=_SCHEMES[-1]))


def _journal(run: Run) -> BaseStorage:
    path = run.folder / JOURNAL
    # First, since it cuts off a line that a kill has torn.
    storage = JournalStorage(Journal(path))
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
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
    return RDBStorage(
        check_url(url),
        engine_kwargs={"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}},
        heartbeat_interval=BEAT_SECONDS,
        grace_period=GRACE_SECONDS,
        heartbeat_stale_trial_callback=make_again,
    )


def _told(error: Exception, url: str) -> str:
    password = urlsplit(url).password
    told = without_password(first_line(error))
    return told.replace(password, "***") if password else told


def close_lost(study: optuna.Study, folder: Path) -> None:
    """Mark trials as failed whose workers are gone, and queue each of them once more.

    Parameters
    ----------
    study : optuna.Study
        The study.
    folder : pathlib.Path
        Its own, where the locks of workers lie.
    """
    if isinstance(study._storage, JournalStorage):
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if not is_alive(folder, trial.user_attrs.get(WORKER)):
                # Another worker may have seen it as well.
                with suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError):
                    study.tell(trial.number, state=TrialState.FAIL)
                    make_again(study, trial)
    else:
        optuna.storages.fail_stale_trials(study)


@contextmanager
def beating(study: optuna.Study, trial: optuna.Trial) -> Iterator[None]:
    """Tell a database that a trial's worker is alive, as long as the block takes.

    Parameters
    ----------
    study : optuna.Study
        The study.
    trial : optuna.trial.Trial
        The trial at work.
    """
    storage = study._storage
    if isinstance(storage, JournalStorage):
        yield
        return
    is_done = threading.Event()

    def beat() -> None:
        # Where the database cannot be reached now, the next step of the trial says so.
        while not is_done.wait(BEAT_SECONDS):
            with suppress(Exception):
                storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]

    storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def make_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue the trial of a killed worker once more, but none that was killed twice.

    Parameters
    ----------
    study : optuna.Study
        The study.
    trial : optuna.trial.FrozenTrial
        The trial, which has been marked as failed.
    """
    if RETRY_OF not in trial.user_attrs:
        # What was drawn in part is drawn anew: the rest would not be what it had been.
        params = trial.params if DRAWN in trial.user_attrs else {}
        study.enqueue_trial(params, user_attrs={RETRY_OF: trial.number})
