"""Writing so that a file under its final name is always whole."""

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

PARTIAL = ".partial"
"""The mark of unfinished work; `Clean` may remove what carries it."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it over `path` if the block succeeds.

    The temporary name keeps the suffix, since writers choose a format by it, and holds the
    process, so that two writing the same file do not mix their bytes.

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
    """Remove what killed writers left in a folder that only one process writes to."""
    for path in folder.rglob(f".*{PARTIAL}.*"):
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Keep a second process from doing the same; a kill frees the lock.

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
    """Return a file's size in bytes and its time in nanoseconds, both empty where it is absent.

    What was computed from a file holds as long as the two stay.
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
    """Return nested values for JSON, which lacks NaN and numpy's numbers: None, and Python's."""
    if isinstance(value, dict):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    # By its method, since numpy is too heavy for what the command line loads at once.
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and isnan(value) else value


def number_or_nan(value: Any) -> Any:
    """Return NaN for the None that `without_nan` made of it, and anything else as it is."""
    return nan if value is None else value


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON in one step; NaN is refused (see `without_nan`)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    AudiosError
        When it is absent or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
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
