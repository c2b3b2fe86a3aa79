"""The headers of a tar archive, none of which is believed before it is measured.

Python's library reads a header that goes before another one, such as that of a long name, as long
as it says that it is, follows such headers from one to the next however many they are, and goes
back in the archive where a size is negative.
"""

import re
import tarfile
from collections.abc import Mapping
from typing import IO, Any

LARGEST_HEADER = 1 << 18
"""Bytes of a header that goes before another: a name, or the pax records of an entry."""

MOST_HEADERS = 8
"""How many may go before an entry; a long name and the target of a long link are two."""

_RECORD = re.compile(rb"([1-9]\d{0,6}) [^=\n]+=")
_DIGITS = re.compile(rb"\d{256}")


class MeasuredInfo(tarfile.TarInfo):
    """An entry of a tar archive, refused where its headers are absurd.

    What is refused raises `tarfile.ReadError`, which the library lets through.
    """

    def _proc_member(self, tar: Any) -> "MeasuredInfo":
        if self.size < 0:
            raise tarfile.ReadError("an entry has a negative size")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("an entry is stored with gaps (tar --sparse)")
        before = getattr(tar, "headers_before", 0)
        goes_before = self.type in _GOING_BEFORE
        if goes_before:
            if before >= MOST_HEADERS:
                raise tarfile.ReadError(f"more than {MOST_HEADERS} headers go before an entry")
            if self.size > LARGEST_HEADER:
                raise tarfile.ReadError(f"a header says that it has {self.size:,} bytes")
        tar.headers_before = before + 1 if goes_before else 0
        found: MeasuredInfo = super()._proc_member(tar)  # type: ignore[misc]
        tar.headers_before = 0
        return found

    def _proc_pax(self, tar: Any) -> "MeasuredInfo":
        stream = tar.fileobj
        records = stream.read(-(-self.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE)
        _check_records(records[: self.size])
        # The library reads them again, and the headers behind them.
        tar.fileobj = _Again(stream, records)
        try:
            found: MeasuredInfo = super()._proc_pax(tar)  # type: ignore[misc]
        finally:
            tar.fileobj = stream
        if found.size < 0 or found.sparse is not None:
            raise tarfile.ReadError("an entry is stored with gaps, or with a negative size")
        return found

    def _proc_gnusparse_00(self, *_: Any) -> None:
        raise tarfile.ReadError("an entry is stored with gaps (tar --sparse)")

    _proc_gnusparse_01 = _proc_gnusparse_00
    _proc_gnusparse_10 = _proc_gnusparse_00

    def _apply_pax_info(self, pax_headers: Mapping[str, str], *more: Any) -> None:
        super()._apply_pax_info(pax_headers, *more)  # type: ignore[misc]
        if self.size < 0:
            raise tarfile.ReadError("an entry has a negative size")


_GOING_BEFORE = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)


class _Again:
    """A stream whose last bytes are read once more."""

    def __init__(self, stream: IO[bytes], given: bytes) -> None:
        self._stream = stream
        self._given: bytes | None = given

    def read(self, size: int) -> bytes:
        given, self._given = self._given, None
        return self._stream.read(size) if given is None else given

    def tell(self) -> int:
        return self._stream.tell()


def _check_records(records: bytes) -> None:
    """Fail for pax records that do not fill their header one after the other.

    The library looks for some of them by patterns, whose time grows with the square of a number's
    length.
    """
    place = 0
    while place < len(records):
        found = _RECORD.match(records, place)
        end = place + int(found[1]) if found else place
        if found is None or end <= found.end() or records[end - 1 : end] != b"\n":
            raise tarfile.ReadError("its pax records are damaged")
        place = end
    if _DIGITS.search(records):
        raise tarfile.ReadError("a pax record holds a number without end")
