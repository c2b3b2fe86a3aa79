"""Tar archives, packed or not, by Python's own library."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Literal, cast

from src.utils.dataset.prepare.archives import Guarded, Member, Readable, damaged
from src.utils.dataset.prepare.sources import Source
from src.utils.dataset.prepare.tar_headers import MeasuredInfo
from src.utils.errors import ArchiveError
from src.utils.zip_bounds import expands_too_far

_BROKEN = (
    *(tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(MemoryError, OverflowError),
)
_BLOCK = 512
_CHUNK = 1 << 20

Packing = Literal["", "gz", "bz2", "xz"]
_BEGINNINGS: dict[bytes, Packing] = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
_UNPACKERS: dict[Packing, Callable[[IO[bytes]], IO[bytes]]] = {
    "": lambda raw: raw,
    "gz": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
    "bz2": lambda raw: cast(IO[bytes], bz2.BZ2File(raw)),
    "xz": lambda raw: cast(IO[bytes], lzma.LZMAFile(raw)),  # noqa: SIM115 - closed with the tar
}


class TarArchive:
    """A tar archive (see `Archive`); each walk reads the stream anew.

    Parameters
    ----------
    source : Source
        The archive's file, or its pieces in order.
    start : bytes
        What it begins with, at least the first header of 512 bytes.
    """

    def __init__(self, source: Source, start: bytes) -> None:
        self._source = source
        self._path = source.paths[0]
        self._packing: Packing = ""
        for beginning, packing in _BEGINNINGS.items():
            if start.startswith(beginning):
                self._packing = packing
        if not self._packing:
            try:
                tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
            except tarfile.HeaderError:
                raise ArchiveError(
                    f"{self._path} is no zip, tar or rar archive, or damaged at its start; "
                    f"download it again"
                ) from None

    def members(self) -> Iterator[Member]:
        """List every entry, and check that the archive ends as it should."""
        for member, _, _ in self._walk():
            yield member

    def files(self) -> Iterator[tuple[Member, Readable]]:
        """Give every file with its bytes."""
        for member, tar, info in self._walk():
            if member.kind != "file":
                continue
            stream = tar.extractfile(info)
            if stream is not None:
                yield member, Guarded(stream, _BROKEN, self._broken)

    def _walk(self) -> Iterator[tuple[Member, tarfile.TarFile, tarfile.TarInfo]]:
        with self._source.open() as raw:
            try:
                stream = _Measured(_UNPACKERS[self._packing](raw), raw)
                tar = tarfile.TarFile(
                    fileobj=cast(IO[bytes], stream), mode="r", tarinfo=MeasuredInfo
                )
            except _BROKEN as error:
                raise self._broken(error) from error
            with tar:
                while (info := self._next(tar)) is not None:
                    # The library would keep every entry; a corpus has millions.
                    tar.members.clear()  # type: ignore[attr-defined]
                    yield _member(info), tar, info
                self._check_end(tar)

    def _broken(self, why: object) -> ArchiveError:
        return damaged(self._path, why)

    def _next(self, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        try:
            return tar.next()
        except _BROKEN as error:
            raise self._broken(error) from error

    def _check_end(self, tar: tarfile.TarFile) -> None:
        """Fail when the archive was cut between two entries, which the library takes for its end.

        A tar ends with blocks of zeros, a packed one with a checksum that only its last byte
        reveals.
        """
        stream = cast(IO[bytes], tar.fileobj)
        try:
            stream.seek(tar.offset)
            block = stream.read(_BLOCK)
            while self._packing and stream.read(_CHUNK):
                pass
        except _BROKEN as error:
            raise self._broken(error) from error
        if block != bytes(_BLOCK):
            raise self._broken("it ends too early")


def _member(info: tarfile.TarInfo) -> Member:
    if info.isdir():
        return Member(info.name, kind="folder")
    if info.issym() or info.islnk():
        return Member(info.name, kind="link", target=info.linkname, symbolic=info.issym())
    if not info.isfile():
        return Member(info.name, kind="other")
    return Member(info.name, info.size)


class _Measured:
    """The bytes of a tar archive, which end with an error where too many unpack from too few.

    Parameters
    ----------
    stream : binary file
        Unpacks them.
    raw : binary file
        Where they are unpacked from.
    """

    def __init__(self, stream: IO[bytes], raw: IO[bytes]) -> None:
        self._stream = stream
        self._raw = raw

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(size)
        self._check()
        return found

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, place: int) -> int:
        if self._stream is self._raw:
            return self._stream.seek(place)
        # In steps, since the library would unpack a terabyte that is claimed in one.
        here = self._stream.tell()
        while here + _CHUNK < place:
            if self._stream.seek(here + _CHUNK) != here + _CHUNK:
                break
            here += _CHUNK
            self._check()
        return self._stream.seek(place)

    def close(self) -> None:
        self._stream.close()

    def _check(self) -> None:
        here, packed = self._stream.tell(), self._raw.tell()
        if expands_too_far(here, packed):
            raise tarfile.ReadError(f"its first {packed:,} bytes unpack to {here:,}")
