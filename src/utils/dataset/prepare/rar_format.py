"""Rar archives, by rarfile, which asks another program to unpack what is compressed."""

from collections.abc import Iterator

import rarfile

from src.utils.dataset.prepare.archives import Member, Readable, damaged, encrypted, guarded_files
from src.utils.dataset.prepare.sources import Source
from src.utils.errors import ArchiveError
from src.utils.zip_bounds import expands_too_far

_LINKS = (rarfile.RAR5_XREDIR_UNIX_SYMLINK, rarfile.RAR5_XREDIR_WINDOWS_SYMLINK)
_BROKEN = (Exception,)
"""The library reads damaged headers as they come, and raises what comes of it."""
_COPIES = (rarfile.RAR5_XREDIR_HARD_LINK, rarfile.RAR5_XREDIR_FILE_COPY)


class RarArchive:
    """A rar archive (see `Archive`).

    Parameters
    ----------
    source : Source
        The archive's volumes, the first one first.
    """

    def __init__(self, source: Source) -> None:
        self._path = source.paths[0]
        try:
            # A damaged header would otherwise end the listing in silence.
            self._rar = rarfile.RarFile(str(self._path), errors="strict")
        except rarfile.NeedFirstVolume as error:
            raise ArchiveError(f"{self._path} is not the first volume of its archive") from error
        except _BROKEN as error:
            raise damaged(self._path, error) from error
        if self._rar.needs_password():
            self._rar.close()
            raise encrypted(self._path)
        self._infos = self._rar.infolist()
        total = sum(int(info.file_size or 0) for info in self._infos)
        if expands_too_far(total, source.size):
            self._rar.close()
            raise damaged(self._path, f"its {source.size:,} bytes would unpack to {total:,}")
        self._is_compressed = any(
            info.compress_type != rarfile.RAR_M0 and info.file_size for info in self._infos
        )
        if self._is_compressed:
            self._require_tool()

    def close(self) -> None:
        """Close the archive's file."""
        self._rar.close()

    def members(self) -> Iterator[Member]:
        """List every entry."""
        yield from map(self._member, self._infos)

    def files(self) -> Iterator[tuple[Member, Readable]]:
        """Give every file with its bytes."""
        entries = ((info, self._member(info)) for info in self._infos)
        return guarded_files(entries, self._rar.open, _BROKEN, self._broken)

    def _broken(self, error: Exception) -> ArchiveError:
        if isinstance(error, rarfile.PasswordRequired):
            return encrypted(self._path)
        if self._is_compressed:
            # unar, for one, gives up on some solid archives that unrar reads.
            why = " ".join(str(error).split())
            return ArchiveError(
                f"{self._path} is damaged, or the program found to unpack rar cannot read it "
                f"({why}); download it again, or install unrar and repeat"
            )
        return damaged(self._path, error)

    def _require_tool(self) -> None:
        try:
            rarfile.tool_setup()
        except rarfile.RarCannotExec as error:
            self._rar.close()
            raise ArchiveError(
                f"{self._path} is compressed, and no program to unpack rar is installed: install "
                f"one of unrar, unar, 7z (7zip) or bsdtar (libarchive-tools), then repeat"
            ) from error

    def _member(self, info: rarfile.RarInfo) -> Member:
        name = str(info.filename)
        if info.file_redir:
            kind, _, target = info.file_redir
            if kind in _LINKS or kind in _COPIES:
                return Member(name, kind="link", target=str(target), symbolic=kind in _LINKS)
            return Member(name, kind="other")
        if info.is_symlink():
            try:
                target = self._rar.read(info).decode("utf-8", "replace")
            except _BROKEN as error:
                raise self._broken(error) from error
            return Member(name, kind="link", target=target, symbolic=True)
        if info.is_dir():
            return Member(name, kind="folder")
        if not info.is_file():
            return Member(name, kind="other")
        return Member(name, int(info.file_size))
