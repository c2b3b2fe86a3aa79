"""Atomic writing of files, file locks, JSON and checksums."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from pathlib import Path
from typing import Any

from src.utils.errors import AudiosError
from src.utils.strict_json import parse_json

PARTIAL = ".partial"
"""Suffix of unfinished files and folders, which `Clean` may remove."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write atomically: give a temporary path, renamed to `path` if the block succeeds.

    The temporary name keeps the suffix, since writers choose a format by it, and holds the
    process id, so that two processes writing the same file do not mix their bytes.

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
    AudiosError
        When the folder cannot be made or written to.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{PARTIAL}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise AudiosError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True) if temporary.parent.is_dir() else None


def remove_partials(folder: Path) -> None:
    """Remove the temporary files of killed processes from a folder with a single writer."""
    for path in folder.rglob(f".*{PARTIAL}.*"):
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold an exclusive lock on a file; it is freed when the process ends, even by a kill.

    Parameters
    ----------
    path : pathlib.Path
        The lock file, made if it is missing.
    what : str
        What the lock protects, for the message.

    Raises
    ------
    AudiosError
        Saying that `what` is in use, or that `path` cannot be made.
    """
    make_folder(path.parent)
    try:
        stream = path.open("w")
    except OSError as error:
        raise AudiosError(f"cannot write {path}: {error.strerror}") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AudiosError(f"another process is writing {what}") from None
        yield


def file_identity(path: Path) -> tuple[str, str]:
    """Return the size in bytes and the modification time in nanoseconds of a file at `path`.

    Both are empty where it is absent. A result cached for a file is valid as long as both stay.
    """
    try:
        stat = path.stat()
    except OSError:
        return "", ""
    return str(stat.st_size), str(stat.st_mtime_ns)


def make_folder(path: Path) -> Path:
    """Make `path` and its parents.

    Raises
    ------
    AudiosError
        When it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudiosError(f"cannot make the folder {path}: {error.strerror}") from error
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
    """Write `value` as indented JSON in one step; NaN is refused (see `without_nan`)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


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
