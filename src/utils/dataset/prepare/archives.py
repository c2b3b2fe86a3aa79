"""One interface for zip, tar and rar archives: their entries, and their bytes in order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol, TypeVar

from src.utils.errors import ArchiveError

Entry = TypeVar("Entry")

POINTER_START = b"version https://git-lfs"
"""How a file begins that Git LFS left in place of a large one."""


@dataclass(frozen=True)
class Member:
    """One entry of an archive.

    Attributes
    ----------
    name : str
        As it is stored, unchecked.
    size : int
        Bytes when unpacked, as the archive claims.
    kind : {'file', 'folder', 'link', 'other'}
        `other` is a device, a pipe, or anything else that is not written.
    target : str
        Where a link points to.
    symbolic : bool
        Whether the link's target starts at its own folder, not at the archive's root.
    """

    name: str
    size: int = 0
    kind: Literal["file", "folder", "link", "other"] = "file"
    target: str = ""
    symbolic: bool = False


class Readable(Protocol):
    """Bytes to be read from front to back."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Parameters
        ----------
        size : int
            Bytes at the most; all there are where it is negative.
        """


@dataclass(frozen=True)
class Guarded:
    """A file in an archive whose read errors are raised as errors of the archive.

    Attributes
    ----------
    stream : Readable
        The file's bytes, as the archive's library gives them.
    errors : tuple of type
        What the archive's library raises for broken bytes.
    translate : callable
        From such an error to the one to raise.
    """

    stream: Readable
    errors: tuple[type[Exception], ...]
    translate: Callable[[Exception], ArchiveError]

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Parameters
        ----------
        size : int
            Bytes at the most; negative for no limit.
        """
        try:
            return self.stream.read(size)
        except self.errors as error:
            raise self.translate(error) from error


def guarded_files(
    entries: Iterable[tuple[Entry, Member]],
    open_entry: Callable[[Entry], IO[bytes]],
    errors: tuple[type[Exception], ...],
    translate: Callable[[Exception], ArchiveError],
) -> Iterator[tuple[Member, Readable]]:
    """Open those entries that are files, one after the other (see `Archive.files`).

    Parameters
    ----------
    entries : iterable
        What the archive's library calls an entry, with what it is.
    open_entry : callable
        From the library's entry to a stream of its bytes.
    errors, translate
        As of `Guarded`; they hold for the opening too.
    """
    for entry, member in entries:
        if member.kind != "file":
            continue
        try:
            stream = open_entry(entry)
        except errors as error:
            raise translate(error) from error
        with stream:
            yield member, Guarded(stream, errors, translate)


class Archive(Protocol):
    """An open archive; both walks may be made more than once, in the order of storage.

    Both raise `ArchiveError` for what is damaged or encrypted.
    """

    def members(self) -> Iterator[Member]:
        """List every entry without unpacking it."""

    def files(self) -> Iterator[tuple[Member, Readable]]:
        """Give every file with its bytes, to be read before the next is asked for."""


def is_pointer(path: Path) -> bool:
    """Say whether a file begins as Git LFS' pointers do.

    Parameters
    ----------
    path : pathlib.Path
        A file.
    """
    with path.open("rb") as stream:
        return stream.read(len(POINTER_START)) == POINTER_START


def pointer_message(path: Path) -> str:
    """Say what to do about a file that Git LFS has not fetched.

    Parameters
    ----------
    path : pathlib.Path
        The pointer.
    """
    return (
        f"{path} is a Git LFS pointer, not the file itself: install git-lfs "
        f"(https://git-lfs.com), then run in {path.parent}: git lfs pull"
    )


def damaged(path: Path, why: object) -> ArchiveError:
    """Make the error for an archive that cannot be read.

    Parameters
    ----------
    path : pathlib.Path
        The archive's file, or the first of them.
    why : object
        What its library says: an error or a text.
    """
    text = " ".join(str(why).split()) or type(why).__name__
    return ArchiveError(f"{path} is damaged or incomplete ({text}); download it again")


def encrypted(path: Path) -> ArchiveError:
    """Make the error for an archive that asks for a password.

    Parameters
    ----------
    path : pathlib.Path
        The archive's file.
    """
    return ArchiveError(f"{path} is encrypted; unpack it yourself and pass an archive without")
