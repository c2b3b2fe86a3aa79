"""The processes that work at one study: who they are, who is alive, and what killed ones leave."""

import os
import platform
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from src.search import storage as kept
from src.search.space import Space
from src.utils.files import is_locked, locked

WORKER = "worker"
"""Set on a trial: who works at it."""
RETRY_OF = "retry_of"
"""Set on a trial that makes one anew whose worker was killed: that one's number."""

_LOCK = ".worker-{}.lock"
_TURN = ".asking.lock"
_TURN_SECONDS = 120.0
"""How long one waits for its turn at most, which takes each a part of a second."""

_HOLD = """SELECT set_config('lock_timeout', :wait, true),
    set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true)
"""
"""The database notices a machine that is gone within minutes, and not within hours."""
_KEY = 0x41554449
"""Of AUDIOS' locks in a database; the other half of a lock's name is the study."""


@contextmanager
def joined(folder: Path) -> Iterator[str]:
    """Be one of those who work at a study, as long as the block takes.

    Parameters
    ----------
    folder : pathlib.Path
        The study's.

    Yields
    ------
    str
        By which the others know this one.
    """
    token = uuid.uuid4().hex[:12]
    with locked(folder / _LOCK.format(token), str(folder)):
        yield f"{platform.node()}/{os.getpid()}/{token}"


def is_alive(folder: Path, worker: str | None) -> bool:
    """Say whether a worker is at work; of one on another machine that is not known, and taken for.

    Parameters
    ----------
    folder : pathlib.Path
        The study's.
    worker : str or None
        As `joined` gave it; None for a trial of before workers were told apart.
    """
    host, _, token = (worker or "").partition("/")
    if not token:
        return False
    if host != platform.node():
        return True
    return is_locked(folder / _LOCK.format(token.rpartition("/")[2]))


@contextmanager
def turn(study: optuna.Study, folder: Path) -> Iterator[None]:
    """Be the only one to begin trials of a study, on this machine and on all others at it.

    Parameters
    ----------
    study : optuna.Study
        The study.
    folder : pathlib.Path
        Its own.

    Raises
    ------
    AudiosError
        When others hold it for two minutes.
    """
    with locked(folder / _TURN, str(folder), _TURN_SECONDS):
        if _is_journal(study):
            yield
            return
        from sqlalchemy import text

        engine = study._storage._backend.engine  # type: ignore[attr-defined]
        # Of a transaction, so that it is freed by whatever ends the connection.
        with engine.connect() as connection:
            connection.execute(text(_HOLD), {"wait": f"{int(_TURN_SECONDS)}s"})
            one = {"key": _KEY, "study": study._study_id}
            connection.execute(text("SELECT pg_advisory_xact_lock(:key, :study)"), one)
            yield


def sign(study: optuna.Study, trial: optuna.Trial, me: str) -> None:
    """Write onto a trial that was just begun who works at it; in one's turn.

    Parameters
    ----------
    study : optuna.Study
        The study.
    trial : optuna.trial.Trial
        The trial.
    me : str
        As `joined` gave it.
    """
    if not _is_journal(study):
        # First: a trial with a worker is one whose heart has beaten.
        _beat(study, trial)
    trial.set_user_attr(WORKER, me)


def close_lost(study: optuna.Study, folder: Path, space: Space) -> None:
    """Mark trials as failed whose workers are gone, and queue each once more; in one's turn.

    Parameters
    ----------
    study : optuna.Study
        The study.
    folder : pathlib.Path
        Its own, where the locks of workers lie.
    space : Space
        What its trials are drawn from.
    """
    running = _running(study)
    if _is_journal(study):
        lost = [one for one in running if not is_alive(folder, one.user_attrs.get(WORKER))]
    else:
        # Whose worker was killed right after it was begun, before a heart has beaten.
        lost = [one for one in running if WORKER not in one.user_attrs]
        stale = set(study._storage._get_stale_trial_ids(study._study_id))  # type: ignore[attr-defined]
        lost += [one for one in running if one._trial_id in stale]
    for trial in lost:
        # Its worker, only slow, may have ended it in this moment.
        with suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError):
            study.tell(trial.number, state=TrialState.FAIL)
            _make_again(study, trial, space)


def others_at_work(study: optuna.Study, folder: Path) -> bool:
    """Say whether trials are at work whose end, or whose worker's, would be known here.

    Parameters
    ----------
    study : optuna.Study
        The study.
    folder : pathlib.Path
        Its own.
    """
    if not _is_journal(study):
        return bool(_running(study))
    here = f"{platform.node()}/"
    return any(str(one.user_attrs.get(WORKER, here)).startswith(here) for one in _running(study))


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
    if _is_journal(study):
        yield
        return
    is_done = threading.Event()

    def beat() -> None:
        # Where the database cannot be reached now, the next step of the trial says so.
        while not is_done.wait(kept.BEAT_SECONDS):
            with suppress(Exception):
                _beat(study, trial)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _beat(study: optuna.Study, trial: optuna.Trial) -> None:
    storage: Any = study._storage
    storage.record_heartbeat(trial._trial_id)


def _make_again(study: optuna.Study, trial: FrozenTrial, space: Space) -> None:
    """Queue the trial of a killed worker once more, but none that was killed twice."""
    if RETRY_OF in trial.user_attrs:
        return
    try:
        space.draw(FixedTrial(trial.params))  # type: ignore[arg-type]
    except ValueError:
        # Killed before all was proposed, which the next trial in its place is anew.
        return
    study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number})


def _running(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def _is_journal(study: optuna.Study) -> bool:
    return isinstance(study._storage, JournalStorage)
