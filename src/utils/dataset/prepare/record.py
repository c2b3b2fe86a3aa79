"""`prepared.json`: what was unpacked into a data set, so that repeating skips it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, NonNegativeInt

from src.utils.dataset.prepare.names import RECORD
from src.utils.dataset.prepare.sources import Source
from src.utils.errors import ArchiveError
from src.utils.files import file_identity, write_json
from src.utils.shapes import Shape, read_shaped


@dataclass(frozen=True)
class UnpackedArchive:
    """One archive that is unpacked.

    Attributes
    ----------
    name : str
        Its file name, see `Source`.
    sha256, md5 : str
        Its digests, in lower-case hexadecimal digits; `md5` is empty for loose recordings.
    checked : str
        What the digest was compared with, or `not checked`.
    identity : list of (str, str)
        Size and time of its files, by which a repetition knows it without reading it.
    n_files, n_left_out : int
        How many of its files are in the data set, and how many were left out.
    first, last : str
        Two of its files in the data set; absent, it is unpacked anew.
    """

    name: str
    sha256: str
    md5: str
    checked: str
    identity: list[list[str]]
    n_files: int
    n_left_out: int
    first: str
    last: str


class _Entry(Shape):
    model_config = ConfigDict(extra="forbid")

    name: str
    sha256: str
    md5: str
    checked: str
    identity: list[list[str]]
    n_files: NonNegativeInt
    n_left_out: NonNegativeInt
    first: str
    last: str


class _Content(Shape):
    corpus: str
    archives: list[_Entry]
    repositories: dict[str, str] = Field(default_factory=dict)


@dataclass
class Record:
    """The record of what was unpacked into a data set.

    Attributes
    ----------
    root : pathlib.Path
        The data set.
    corpus : str
        The name of the corpus in it.
    entries : list of UnpackedArchive
        The archives that are in place, in the order they were unpacked.
    repositories : dict of str to str
        Commit by URL of the git repositories whose content is in place.
    """

    root: Path
    corpus: str
    entries: list[UnpackedArchive] = field(default_factory=list)
    repositories: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path, corpus: str) -> "Record":
        """Read a data set's record, or start one.

        Parameters
        ----------
        root : pathlib.Path
            The data set's folder.
        corpus : str
            The name of the corpus that is to be in it.

        Raises
        ------
        ArchiveError
            When the data set holds another corpus, or the record is broken.
        """
        path = root / RECORD
        if not path.is_file():
            return cls(root, corpus)
        content = read_shaped(path, _Content, "remove it", ArchiveError)
        found = content["corpus"]
        entries = [UnpackedArchive(**entry) for entry in content["archives"]]
        repositories = content.get("repositories", {})
        if found != corpus:
            raise ArchiveError(f"{root} holds {found}; name another folder with --dataset")
        return cls(root, corpus, entries, repositories)

    def known(self, source: Source) -> UnpackedArchive | None:
        """Return what was written of an archive whose files have not changed since.

        Parameters
        ----------
        source : Source
            The archive.
        """
        identity = identity_of(source)
        return next((entry for entry in self.entries if entry.identity == identity), None)

    def done(self, sha256: str) -> UnpackedArchive | None:
        """Return the entry of an archive that is in place.

        Parameters
        ----------
        sha256 : str
            The archive's digest.
        """
        for entry in self.entries:
            witnesses = (entry.first, entry.last) if entry.n_files else ()
            if entry.sha256 == sha256 and all((self.root / file).is_file() for file in witnesses):
                return entry
        return None

    def add(self, entry: UnpackedArchive) -> None:
        """Write down that an archive is in place.

        Parameters
        ----------
        entry : UnpackedArchive
            It takes the place of one with the same SHA-256.
        """
        self.entries = [old for old in self.entries if old.sha256 != entry.sha256] + [entry]
        self.write()

    def write(self) -> None:
        """Write the record."""
        content: dict[str, Any] = {
            "corpus": self.corpus,
            "archives": [asdict(entry) for entry in self.entries],
        }
        if self.repositories:
            content["repositories"] = self.repositories
        write_json(self.root / RECORD, content)


def identity_of(source: Source) -> list[list[str]]:
    """Return size and time of an archive's files.

    Parameters
    ----------
    source : Source
        An archive's file or files.
    """
    return [list(file_identity(path)) for path in source.paths]
