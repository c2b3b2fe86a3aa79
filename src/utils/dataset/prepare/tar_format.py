"""Tar archives, packed or not, by Python's own library."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Literal, cast

from src.utils.dataset.prepare.archives import Guarded, Member, Readable, damaged
from src.utils.dataset.prepare.sources import Source
from src.utils.errors import ArchiveError

_BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_BLOCK = 512
_CHUNK = 1 << 20

Mode = Literal["r:", "r:gz", "r:bz2", "r:xz"]
_BEGINNINGS: dict[bytes, Mode] = {b"\x1f\x8b": "r:gz", b"BZh": "r:bz2", b"\xfd7zXZ\0": "r:xz"}


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
        self._mode: Mode = "r:"
        for beginning, mode in _BEGINNINGS.items():
            if start.startswith(beginning):
                self._mode = mode
        if self._mode == "r:":
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
                tar = tarfile.open(fileobj=raw, mode=self._mode)  # noqa: SIM115
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
            while self._mode != "r:" and stream.read(_CHUNK):
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
