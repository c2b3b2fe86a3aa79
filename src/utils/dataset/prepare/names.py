"""Which paths in an archive may be written: those that stay in the folder, one file each."""

import re
import unicodedata
from pathlib import PurePosixPath

from src.utils.dataset.dataset import (
    FILES_TABLE,
    MEASUREMENTS,
    PEOPLE_TABLE,
    POINTER,
    REJECTED_TABLE,
    WARNINGS_TABLE,
)
from src.utils.dataset.derive import AUGMENTATIONS_TABLE, JOURNAL, RECIPE
from src.utils.dataset.inspection import DATABASE
from src.utils.dataset.voices import DATABASE as VOICES

WORK = ".preparing"
"""Holds, in the data set, what is not yet in place."""
LOCK = ".preparing.lock"
RECORD = "prepared.json"
"""What was unpacked into the data set."""

_LONGEST = 255
"""Bytes; what a name may have on the usual file systems."""
_LONGEST_PATH = 4096
"""Bytes; what a path may have on the usual systems."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RESERVED = frozenset(
    name.casefold()
    for name in (
        *(WORK, LOCK, RECORD, FILES_TABLE, PEOPLE_TABLE, REJECTED_TABLE, WARNINGS_TABLE),
        *(MEASUREMENTS, POINTER, RECIPE, JOURNAL, AUGMENTATIONS_TABLE, DATABASE, VOICES),
        "splits",
    )
)
"""AUDIOS reads these from a data set; an archive that brought one could misdirect it."""


class UnsafeNameError(ValueError):
    """A path of an archive may not be written; the text says why, without the path."""


def safe_path(name: str) -> PurePosixPath:
    """Return an archive's path as one below the folder it is unpacked in.

    Parameters
    ----------
    name : str
        The path as the archive stores it.

    Raises
    ------
    UnsafeNameError
        When it is absolute, climbs out, or means different files on different systems.

    Examples
    --------
    >>> safe_path("./LA/flac//a.flac")
    PurePosixPath('LA/flac/a.flac')
    >>> safe_path("LA/../../a.flac")
    Traceback (most recent call last):
        ...
    src.utils.dataset.prepare.names.UnsafeNameError: climbs out by ..
    """
    if len(name) > _LONGEST_PATH:
        raise UnsafeNameError(f"is longer than {_LONGEST_PATH:,} bytes")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if "\\" in name:
        raise UnsafeNameError("holds a backslash")
    if name.startswith("/"):
        raise UnsafeNameError("is an absolute path")
    if ".." in parts:
        raise UnsafeNameError("climbs out by ..")
    if any(re.match(r"[A-Za-z]:", part) for part in parts):
        raise UnsafeNameError("holds a drive letter")
    if _CONTROL.search(name):
        raise UnsafeNameError("holds a control character")
    try:
        longest = max((len(part.encode()) for part in parts), default=0)
    except UnicodeEncodeError:
        raise UnsafeNameError("is not valid UTF-8") from None
    if longest > _LONGEST:
        raise UnsafeNameError(f"is longer than {_LONGEST} bytes")
    if parts and parts[0].casefold() in _RESERVED:
        raise UnsafeNameError("is a file that AUDIOS keeps for itself")
    return PurePosixPath(*parts)


def link_target(name: str, target: str, symbolic: bool) -> PurePosixPath:
    """Return what a link in an archive points to, from the archive's root.

    A symbolic link starts at its own folder, a hard link at the root.

    Parameters
    ----------
    name : str
        The link's own path in the archive, which `safe_path` allows.
    target : str
        What it points to, as it is stored.
    symbolic : bool
        Whether it is a symbolic link, not a hard one.

    Raises
    ------
    UnsafeNameError
        When it points out of the archive.
    """
    if len(target) > _LONGEST_PATH:
        raise UnsafeNameError(f"links to a path longer than {_LONGEST_PATH:,} bytes")
    if target.startswith("/") or "\\" in target or re.match(r"[A-Za-z]:", target):
        raise UnsafeNameError(f"links to {target}, out of the archive")
    parts = list(safe_path(name).parent.parts) if symbolic else []
    for part in target.split("/"):
        if part == "..":
            if not parts:
                raise UnsafeNameError(f"links to {target}, out of the archive")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return PurePosixPath(*parts)


def folded(path: PurePosixPath) -> str:
    """Return a path as a file system sees it that ignores case and Unicode normalisation.

    Parameters
    ----------
    path : pathlib.PurePosixPath
        A path in an archive or the data set.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())
