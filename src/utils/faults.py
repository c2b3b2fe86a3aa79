"""What a failure is of: the disk, on which the stage stops, or the one recording at work."""

import errno
import logging
import os
import re
from functools import lru_cache
from pathlib import Path

from src.utils.errors import AudioError, AudiosError, StorageError

log = logging.getLogger(__name__)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""Nothing can be written: no space, no quota, a limit on the size of files, a read-only disk."""

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})
"""Too many files are open, so that nothing more can be read either."""

GONE = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.EREMOTEIO),
        *(errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    }
)
"""A disk does not answer; for a single file it may be a bad sector."""

NAMES = frozenset({errno.ENAMETOOLONG, errno.EILSEQ})
"""The name of one file is none for this file system; others may be."""

_LONGEST = 200
"""Characters of an exception's own text that are told."""

_OF_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust, such as safetensors, tell of an error of the system."""


def system_error(error: BaseException) -> OSError | None:
    """Return the error of the system that an exception tells of, None if it tells of none.

    Parameters
    ----------
    error : BaseException
        What was raised, by a library perhaps in its own words.
    """
    if isinstance(error, OSError):
        return error
    found = _OF_RUST.search(str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else None


def cannot(do: str, path: Path, error: OSError) -> StorageError:
    """Return the failure that stops a stage, in one line with the path and the cause.

    Parameters
    ----------
    do : str
        What cannot be done: `write`, `read`.
    path : pathlib.Path
        The file or folder.
    error : OSError
        Its cause.
    """
    return StorageError(f"cannot {do} {path}: {error.strerror or one_line(error)}")


def rejection(error: Exception) -> AudioError:
    """Return why a recording is set aside whose reading raised an exception of any kind.

    Parameters
    ----------
    error : Exception
        What was raised while the recording was read, decoded or measured.

    Returns
    -------
    AudioError
        With the type and the text of the exception, in one line.

    Raises
    ------
    AudiosError
        When the failure is not the recording's: `error` itself where it says what is wrong, or a
        `StorageError` for a full disk or too many open files.
    """
    if isinstance(error, AudioError):
        return error
    if isinstance(error, AudiosError):
        raise error
    if isinstance(error, OSError):
        if error.errno in FULL | EXHAUSTED:
            raise cannot("go on at", Path(str(error.filename or "this file")), error) from error
        return AudioError(f"cannot be read: {error.strerror or one_line(error)}")
    text = one_line(error)
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # Perhaps a fault of ours: its traceback is kept from nobody who looks for it.
    _tell(told)
    log.debug("a recording is set aside", exc_info=error)
    return AudioError(f"raised {told} while it was read")


def one_line(error: BaseException) -> str:
    """Return the text of an exception in one line, cut where it is long.

    Parameters
    ----------
    error : BaseException
        Any.
    """
    try:
        text = " ".join(str(error).split())
    except Exception:  # what cannot even say what it is must not end a stage either
        return ""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@lru_cache(maxsize=1000)
def _tell(what: str) -> None:
    """Warn once of each kind: of ten thousand recordings all may raise the same."""
    log.warning("reading a recording raised %s; such recordings are set aside", what)
