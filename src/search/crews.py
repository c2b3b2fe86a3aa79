"""The processes that work at one study: who they are, and which of them are alive."""

import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src.utils.files import is_locked, locked

_LOCK = ".worker-{}.lock"


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
