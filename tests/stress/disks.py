"""A small disk in memory that only this process and its children see; Linux, as root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW_NAMESPACE = 0x00020000
_REMOUNT, _RECURSIVE, _PRIVATE, _DETACH = 0x20, 0x4000, 1 << 18, 2
READ_ONLY = 1

_LIBC = ctypes.CDLL(None, use_errno=True)


def leave_shared_mounts(folder: Path) -> bool:
    """Give this process mounts of its own, which end with it; say whether disks may be mounted.

    Parameters
    ----------
    folder : pathlib.Path
        An empty one, to try it on.
    """
    if not hasattr(_LIBC, "unshare") or _LIBC.unshare(_NEW_NAMESPACE):
        return False
    if _LIBC.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None):
        return False
    try:
        with small_disk(folder):
            return True
    except OSError:
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put an empty disk of 1 GiB in place of an empty folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is mounted.

    Raises
    ------
    OSError
        When it cannot be.
    """
    _mount(folder, 0, "size=1g")
    try:
        yield
    finally:
        _LIBC.umount2(os.fsencode(folder), _DETACH)


def change_disk(folder: Path, size: int, flags: int = 0) -> None:
    """Change a small disk.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is mounted.
    size : int
        Its bytes from now on.
    flags : int
        `READ_ONLY` or 0.

    Raises
    ------
    OSError
        When more is written already.
    """
    _mount(folder, _REMOUNT | flags, f"size={size}")


def used_bytes(folder: Path) -> int:
    """Return how much of a disk is written.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is mounted.
    """
    about = os.statvfs(folder)
    return (about.f_blocks - about.f_bfree) * about.f_frsize


def _mount(folder: Path, flags: int, options: str) -> None:
    if _LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))
