"""Atomic writing of files, file locks, JSON and checksums."""

import errno
import fcntl
import hashlib
import itertools
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import isnan, nan
from pathlib import Path
from typing import Any

from src.utils.errors import AudioError, AudiosError, InUseError
from src.utils.faults import cannot, system_error
from src.utils.strict_json import parse_json

PARTIAL = ".partial"
"""Suffix of unfinished files and folders, which `Clean` may remove."""

_STEM_BYTES = 100
"""Of a name that are kept in a temporary one, which must not be too long where the name is not."""

_WAIT_STEP = 0.05
_PATIENCE = 0.2
"""Seconds between two attempts at a lock, and at least so long: who looks holds it briefly."""

_NOT_FOR_FOLDERS = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EACCES})
"""Of `fsync`, on file systems that put no folder on the disk, or for one that cannot be read."""

_counter = itertools.count()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write atomically: give a temporary path, renamed to `path` if the block succeeds.

    The temporary name keeps the suffix, since writers choose a format by it, and is no other
    process's or thread's, so that two writing the same file do not mix their bytes. The file is on
    the disk (fsync) before it has its name, and has the mode that any new file has (umask),
    whatever its writer has made of it.

    Parameters
    ----------
    path : pathlib.Path
        The file's final name; its folder is made if it is missing.

    Yields
    ------
    pathlib.Path
        The temporary file beside it, to write to.

    Raises
    ------
    StorageError
        When the folder cannot be made or written to, or the disk is full.
    """
    stem = os.fsencode(path.stem)[:_STEM_BYTES].decode("utf-8", "ignore")
    unique = f"{os.getpid()}-{next(_counter)}"
    temporary = path.with_name(f".{stem}.{unique}{PARTIAL}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = _mode_of_new(temporary)
        yield temporary
        _settle(temporary, mode)
        temporary.replace(path)
    except AudiosError:
        raise
    except Exception as error:
        cause = system_error(error)
        if cause is None:
            raise
        raise cannot("write", path, cause) from error
    finally:
        # Where not even this can be done, what was raised says why.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell of an error of the system in the block as one of writing to `path`.

    For what is not written in one step: journals, arrays. Errors of writing do not name their file.

    Parameters
    ----------
    path : pathlib.Path
        The file or folder that is written to.

    Raises
    ------
    StorageError
        In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise cannot("write", path, error) from error


def _mode_of_new(path: Path) -> int:
    """Return the mode that a new file at `path` gets, which also shows that one can be made."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    try:
        return stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
        # A writer that writes nothing must not leave an empty file.
        path.unlink()


def _settle(path: Path, mode: int) -> None:
    """Put a file on the disk, with a mode that its writer may have made another."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Put the names in a folder on the disk (fsync), so that a power cut does not undo a rename.

    Parameters
    ----------
    path : pathlib.Path
        The folder that something was renamed in.

    Raises
    ------
    StorageError
        When the disk fails.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS:
            raise cannot("write", path, error) from error


def remove_partials(folder: Path) -> None:
    """Remove the temporary files of killed processes from a folder with a single writer.

    Parameters
    ----------
    folder : pathlib.Path
        Searched with all folders in it; the caller holds its lock.
    """
    for path in folder.rglob(f".*{PARTIAL}.*"):
        with writing(path):
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, what: str, wait: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock on a file; it is freed when the process ends, even by a kill.

    The file is there as long as the lock is held, and longer only after a kill.

    Parameters
    ----------
    path : pathlib.Path
        The lock file, made if it is missing.
    what : str
        What the lock protects, for the message.
    wait : float
        Seconds to wait for another process that holds it.

    Raises
    ------
    InUseError
        When another process holds it.
    StorageError
        When `path` cannot be made.
    """
    make_folder(path.parent)
    until = time.monotonic() + max(wait, _PATIENCE)
    while (descriptor := _try_lock(path)) is None:
        if time.monotonic() > until:
            raise InUseError(f"another process is writing {what}")
        time.sleep(_WAIT_STEP)
    try:
        yield
    finally:
        try:
            # Before it is freed: one who waits for it finds its name gone, and begins anew.
            with suppress(OSError):
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    """Return the descriptor of a lock file that is locked now, None where another has it."""
    with writing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        os.close(descriptor)
        raise cannot("lock", path, error) from error
    os.close(descriptor)
    return None


def is_locked(path: Path) -> bool:
    """Say whether a process holds the lock on a file (see `locked`), of this machine at least.

    Parameters
    ----------
    path : pathlib.Path
        The lock file, there or not; it stays as it is.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # not ours to look at: rather in use than not
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def file_identity(path: Path) -> tuple[str, str]:
    """Return the size in bytes and the modification time in nanoseconds of a file at `path`.

    Both are empty where it is absent. A result cached for a file is valid as long as both stay.
    """
    try:
        stat = path.stat()
    except OSError:
        return "", ""
    return str(stat.st_size), str(stat.st_mtime_ns)


CHANGED = "changed while it was read"
"""Why a recording is set aside that is not what it was when its state was noted."""


def require_unchanged(path: Path, identity: tuple[str, str]) -> None:
    """Fail where a recording is not in the state any more that what was read of it is kept under.

    Asked between reading a recording and keeping something of it, by all that do so; stores of
    embeddings compare the states of a batch themselves.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    identity : (str, str)
        Its state before it was read, see `file_identity`.

    Raises
    ------
    AudioError
        When it has another state, or is gone.
    """
    if file_identity(path) != identity:
        raise AudioError(CHANGED)


def make_folder(path: Path) -> Path:
    """Make `path` and its parents.

    Raises
    ------
    StorageError
        When it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot("make the folder", path, error) from error
    return path


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def without_nan(value: Any) -> Any:
    """Return a nested value for JSON: NaN becomes None, numpy's scalars become Python's."""
    if isinstance(value, dict):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    # By its method, since numpy is too heavy for what the command line loads at once.
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and isnan(value) else value


def number_or_nan(value: Any) -> Any:
    """Return a value that `without_nan` has converted as it was: NaN for None."""
    return nan if value is None else value


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON in one step; NaN is refused (see `without_nan`).

    Its name is on the disk too, with the names of what was written beside it before: it may be a
    manifest, which vouches for them.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sync_folder(path.parent)


def read_json(path: Path) -> Any:
    """Read a JSON file (see `strict_json.parse_json`).

    Raises
    ------
    AudiosError
        When it is absent or not JSON.
    """
    try:
        return parse_json(path.read_bytes())
    except OSError as error:
        raise AudiosError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise AudiosError(f"{path} is not valid JSON: {error}") from error


def sha256_text(text: str) -> str:
    """Return the SHA-256 of `text` as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
