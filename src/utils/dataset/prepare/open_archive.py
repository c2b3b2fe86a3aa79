"""From an archive on disk to what reads it, told by what its first bytes are."""

from contextlib import AbstractContextManager, closing, nullcontext

from src.utils.dataset.prepare.archives import POINTER_START, Archive, pointer_message
from src.utils.dataset.prepare.rar_format import RarArchive
from src.utils.dataset.prepare.sources import Source
from src.utils.dataset.prepare.tar_format import TarArchive
from src.utils.dataset.prepare.zip_format import ZipArchive
from src.utils.errors import ArchiveError


def open_archive(source: Source) -> AbstractContextManager[Archive]:
    """Open an archive by what it begins with, whatever its name.

    Parameters
    ----------
    source : Source
        Its file or files.

    Raises
    ------
    ArchiveError
        When it is no archive, or damaged, or encrypted.
    """
    with source.open() as stream:
        start = stream.read(512)
    path = source.paths[0]
    if start.startswith(POINTER_START):
        raise ArchiveError(pointer_message(path))
    if not start:
        raise ArchiveError(f"{path} is empty; download it again")
    if start.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise ArchiveError(f"{path} is a web page, not an archive: the download failed")
    if start.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\x08")):
        return closing(ZipArchive(source))
    if start.startswith(b"Rar!\x1a\7"):
        return closing(RarArchive(source))
    # It opens its file for each walk, and keeps none.
    return nullcontext(TarArchive(source, start))
