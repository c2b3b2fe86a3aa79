"""Zip archives, by Python's own library."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from src.utils.dataset.prepare.archives import Member, Readable, damaged, encrypted, guarded_files
from src.utils.dataset.prepare.sources import Source
from src.utils.errors import ArchiveError
from src.utils.zip_bounds import open_zip

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    # NotImplementedError (a method or version that Python does not know) is one of these.
    RuntimeError,
    # Of fields that are cut off, and of lengths that no memory holds.
    *(struct.error, MemoryError, OverflowError),
)
_ENCRYPTED = 0x1
_UNIX = 3
_LONGEST_LINK = 4096


class ZipArchive:
    """A zip archive (see `Archive`).

    Parameters
    ----------
    source : Source
        The archive's file or pieces.
    """

    def __init__(self, source: Source) -> None:
        self._path = source.paths[0]
        if self._path.with_suffix(".z01").is_file():
            raise ArchiveError(
                f"{self._path} is cut in volumes (.z01, ...); join them first: "
                f"zip -s 0 {self._path.name} --out whole.zip"
            )
        self._stream = source.open()
        try:
            self._zip = open_zip(self._stream)
        except _BROKEN as error:
            self._stream.close()
            raise damaged(self._path, error) from error

    def close(self) -> None:
        """Close the archive's files."""
        self._zip.close()
        self._stream.close()

    def members(self) -> Iterator[Member]:
        """List every entry."""
        for info in self._zip.infolist():
            if info.flag_bits & _ENCRYPTED:
                raise encrypted(self._path)
            yield self._member(info)

    def files(self) -> Iterator[tuple[Member, Readable]]:
        """Give every file with its bytes."""
        entries = ((info, self._member(info)) for info in self._zip.infolist())
        return guarded_files(entries, self._zip.open, _BROKEN, self._broken)

    def _broken(self, error: Exception) -> ArchiveError:
        if isinstance(error, NotImplementedError):
            return ArchiveError(
                f"{self._path} is packed by a method unknown here ({error}); unpack it yourself"
            )
        return damaged(self._path, error)

    def _member(self, info: zipfile.ZipInfo) -> Member:
        # The library cuts `filename` at a zero byte; what is stored is what is judged.
        name = info.orig_filename
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        if stat.S_ISLNK(mode):
            if info.file_size > _LONGEST_LINK:
                return Member(name, kind="other")
            try:
                target = self._zip.read(info).decode("utf-8", "replace")
            except _BROKEN as error:
                raise self._broken(error) from error
            return Member(name, kind="link", target=target, symbolic=True)
        if name.endswith("/") or stat.S_ISDIR(mode):
            return Member(name, kind="folder")
        if mode and stat.S_IFMT(mode) and not stat.S_ISREG(mode):
            return Member(name, kind="other")
        return Member(name, info.file_size)
