"""Zip files measured before anything in them is unpacked."""

import zipfile
from collections.abc import Sequence
from typing import IO

LARGEST_DIRECTORY = 1 << 27
"""Bytes of the list of entries that is at the end: room for a million names."""

MOST_EXPANSION = 200
"""How many times its own size a file may unpack to. Recordings, text and weights stay below 50;
what a packer makes of zeros alone reaches 1,000 and more."""

FREE_BYTES = 1 << 26
"""What may be unpacked whatever it was packed to, since it harms nobody."""

_LOCAL_HEADER = 30


def expands_too_far(size: int, packed: int, most: int = MOST_EXPANSION) -> bool:
    """Say whether so many bytes unpack from so few that they must be meant to fill the disk.

    Parameters
    ----------
    size, packed : int
        Bytes unpacked and packed.
    most : int
        How many times its own size it may unpack to.

    Examples
    --------
    >>> expands_too_far(8 << 30, 8 << 20), expands_too_far(8 << 30, 1 << 30)
    (True, False)
    """
    return size > FREE_BYTES and size > most * packed


def open_zip(stream: IO[bytes], most: int = MOST_EXPANSION) -> zipfile.ZipFile:
    """Open a zip file of which nothing is believed.

    Parameters
    ----------
    stream : binary file
        It can be read from any place.
    most : int
        How many times its own size it may unpack to.

    Returns
    -------
    zipfile.ZipFile

    Raises
    ------
    ValueError
        When its list of entries is too long, entries share bytes, or they unpack to too much.
    zipfile.BadZipFile, OSError, RuntimeError
        As the library raises them, when it is damaged or packed by an unknown method.
    """
    size = stream.seek(0, 2)
    end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    # The library reads the list whole, however long it says that it is.
    if end and end[zipfile._ECD_SIZE] > min(size, LARGEST_DIRECTORY):  # type: ignore[attr-defined]
        raise ValueError("its list of entries is too long")
    found = zipfile.ZipFile(stream)
    _check_entries(found.infolist(), size, most)
    return found


def _check_entries(infos: Sequence[zipfile.ZipInfo], size: int, most: int) -> None:
    behind, before = 0, ""
    for info in sorted(infos, key=lambda one: one.header_offset):
        # Of one megabyte a thousand entries can be made that all lie over each other.
        if info.header_offset < behind:
            raise ValueError(f"{before!r} and {info.orig_filename!r} share their bytes")
        named = len(info.orig_filename)
        behind = info.header_offset + _LOCAL_HEADER + named + info.compress_size
        before = info.orig_filename
    if behind > size:
        raise ValueError(f"{before!r} reaches beyond its end")
    total = sum(info.file_size for info in infos)
    if expands_too_far(total, size, most):
        raise ValueError(f"its {size:,} bytes would unpack to {total:,}")
