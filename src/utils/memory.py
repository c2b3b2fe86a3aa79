"""What becomes of memory that is freed."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3) in the GNU C library, as its malloc.h numbers them."""

_LARGEST = 32 * 1024**2
"""Bytes; the highest that its threshold for mmap comes to by itself on 64-bit machines."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep memory that is freed for the next that is asked for, and give it back at the end.

    By itself the GNU C library gives large blocks back to the system at once, which hands them out
    anew page by page: in a training on a CPU, whose every step asks for the same gigabytes, that
    took as long as half of the arithmetic. Where the C library is another one, nothing is changed.
    """
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if library is None or not hasattr(library, "malloc_trim"):
        yield
        return
    mallopt = library.mallopt
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        mallopt(_MMAP_MAX, 65_536)
        # Numbers that a process comes to by itself; once one was set, it moves them no more.
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
        library.malloc_trim(0)
