"""CETUC and fake_voices: from clones and archives as they come to one folder per person.

A person's id (F026) is unique, first names are not and are spelt in many ways, so the id decides
who it is, and the spelling of the real side holds for both.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from src.utils.audio.io import is_audio
from src.utils.dataset.layouts.tree import find_recordings
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.prepare.archives import (
    Member,
    Readable,
    is_pointer,
    pointer_message,
)
from src.utils.dataset.prepare.open_archive import open_archive
from src.utils.dataset.prepare.sources import Source, find_sources, is_archive
from src.utils.dataset.prepare.unpack import check_member
from src.utils.errors import ArchiveError
from src.utils.files import file_identity, sha256_text

REAL, FAKE = "real_voices", "fake_voices"

MUTE = {("F028", "F028-0914"), ("F009", "F009-0150")}
"""Id and name of the real side's two recordings without a voice: `Juliana_F028/F028-0914.wav` and
`Marta_F009/F009-0150.wav`."""

_ID = re.compile(r"([FfMm])[ _.-]?(\d{3})(?!\d)")
_FAKE = re.compile(r"fake|fals[ao]s", re.IGNORECASE)
_FAKE_WORDS = re.compile(r"(vozes|voices?|voz)?[ _.-]*(fake|fals[ao]s?)[ _.-]*(voices?)?", re.I)
_FAKES_ALONE = re.compile(r"(falabrasil[ _-])?(fakes?([ _-]?voices)?|vozes[ _-]?falsas)", re.I)
"""How a folder is called that holds the fake side and nothing else."""
_CANONICAL = re.compile(r"[^\W\d_].*_[FM]\d{3}")
_LARGEST_POINTER = 1024


@dataclass(frozen=True)
class Clip:
    """A recording and whose it is, as its path tells.

    Attributes
    ----------
    side : {'real_voices', 'fake_voices'}
        Whether it is of the bona-fide or the spoofed side.
    id : str
        Such as `F026`.
    folder : str
        The person's folder, as it is spelt there.
    file : str
        The file's name, without folders.
    """

    side: str
    id: str
    folder: str
    file: str


def parse_clip(path: PurePosixPath) -> Clip | None:
    """Tell whose recording a path is: the innermost folder with an id says it.

    A path with `fake` or `falsas` in it is on the fake side.

    Parameters
    ----------
    path : pathlib.PurePosixPath
        Of a file in an archive or a clone.

    Examples
    --------
    >>> parse_clip(PurePosixPath("fake_voices/VozesFalsasWalace_M004/M004-0001.wav"))
    Clip(side='fake_voices', id='M004', folder='VozesFalsasWalace_M004', file='M004-0001.wav')
    """
    if path.name.startswith(".") or not is_audio(Path(path.name)):
        return None
    folders = [unicodedata.normalize("NFC", part) for part in path.parts[:-1]]
    side = FAKE if any(_FAKE.search(folder) for folder in folders) else REAL
    for folder in reversed(folders):
        found = list(_ID.finditer(folder))
        if found:
            number = f"{found[-1][1].upper()}{found[-1][2]}"
            return Clip(side, number, folder, path.name)
    return None


@dataclass
class People:
    """Who is in the corpus, learnt from all paths before anything is placed.

    Attributes
    ----------
    names : dict of str to str
        The folder on the real side by id.
    renamed : dict of str to str
        The folder that recordings go to, by side and folder as they came, where the two differ.
    mute : set of (str, str)
        Those of `MUTE` that were there.
    lost : list of str
        Recordings in no folder with an id.
    unread : dict of str to str
        What else was in the folder that was given and not read, with the reason.
    aside : Aside
        How many companions of recordings and hidden files were there.
    """

    names: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    mute: set[tuple[str, str]] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    aside: Aside = field(default_factory=Aside)
    _spellings: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def learn(self, paths: Iterable[PurePosixPath]) -> int:
        """Take note of recordings and return how many are somebody's.

        Parameters
        ----------
        paths : iterable of pathlib.PurePosixPath
            Of all files of an archive or a clone, recordings or not.
        """
        n_clips = 0
        for path in paths:
            clip = parse_clip(path)
            if clip is not None:
                n_clips += 1
                self._spellings.setdefault((clip.side, clip.id), set()).add(clip.folder)
                if _is_mute(clip):
                    self.mute.add((clip.id, PurePosixPath(clip.file).stem.upper()))
            elif is_audio(Path(path.name)) and not path.name.startswith("."):
                self.lost.append(str(path))
        return n_clips

    def settle(self, root: Path) -> None:
        """Fix one name per id: that in the data set, then the real side's, then the fake side's.

        Parameters
        ----------
        root : pathlib.Path
            The data set, in which people may have folders already.

        Raises
        ------
        ArchiveError
            When two people of the real side have one id.
        """
        for side in (REAL, FAKE):
            for path in sorted((root / side).glob("*")):
                found = list(_ID.finditer(path.name))
                if found and path.is_dir():
                    name = re.sub("_Fake$", "", path.name)
                    self.names.setdefault(f"{found[-1][1].upper()}{found[-1][2]}", name)
        for (side, number), folders in sorted(
            self._spellings.items(), key=lambda item: (item[0][0] == FAKE, item[0])
        ):
            # A folder that is spelt as the layout wants it is the corpus' own.
            spelt = sorted(folders, key=lambda text: (not _CANONICAL.fullmatch(text), text))
            if side == REAL and len({_plain(folder) for folder in folders}) > 1:
                raise ArchiveError(
                    f"{number} is the id of more than one person: {', '.join(spelt)}; keep one"
                )
            self.names.setdefault(number, _canonical(spelt[0], number))
            for folder in folders:
                target = self._folder(side, number)
                if target != folder:
                    self.renamed[f"{side}/{folder}"] = target

    def place(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return where in the data set a recording belongs, None for all that is left out.

        Parameters
        ----------
        path : pathlib.PurePosixPath
            As it was learnt.
        """
        clip = parse_clip(path)
        if clip is None or _is_mute(clip):
            return None
        return PurePosixPath(clip.side, self._folder(clip.side, clip.id), clip.file)

    def _folder(self, side: str, number: str) -> str:
        return self.names[number] + ("_Fake" if side == FAKE else "")


def _is_mute(clip: Clip) -> bool:
    return clip.side == REAL and (clip.id, PurePosixPath(clip.file).stem.upper()) in MUTE


def _canonical(folder: str, number: str) -> str:
    """Spell a folder as Name_F001."""
    if _CANONICAL.fullmatch(folder) and not _FAKE.search(folder):
        return folder
    last = list(_ID.finditer(folder))[-1]
    around = folder[: last.start()] or folder[last.end() :]
    name = "_".join(re.findall(r"[^\W_]+", _FAKE_WORDS.sub(" ", around)))
    starts_well = re.match(r"[^\W\d_]", name) is not None
    return f"{name if starts_well else 'Speaker'}_{number}"


def _plain(folder: str) -> str:
    """Return a folder's name without case, accents and separators."""
    text = unicodedata.normalize("NFKD", folder).casefold()
    return "".join(letter for letter in text if letter.isalnum())


@dataclass(frozen=True)
class CorpusArchive:
    """An archive of the corpus, and the path that its entries continue.

    Attributes
    ----------
    source : Source
        The archive's files.
    prefix : pathlib.PurePosixPath
        Where the archive lies in the folder given, its own name without suffix at the end: flat
        archives have the person in their name alone.
    """

    source: Source
    prefix: PurePosixPath

    def paths(self) -> Iterator[PurePosixPath]:
        """List its files below the prefix.

        Raises
        ------
        ArchiveError
            As `check_member` does.
        """
        with open_archive(self.source) as archive:
            for member in archive.members():
                path, _ = check_member(member, self.source.paths[0])
                if member.kind == "file":
                    yield self.prefix / path


class LooseRecordings:
    """Recordings that lie in a folder unpacked (see `Archive`).

    Parameters
    ----------
    folder : pathlib.Path
        The folder that was given.
    files : list of pathlib.Path
        The recordings, in it or below.
    prefix : pathlib.PurePosixPath
        What the paths relative to `folder` continue, see `CorpusArchive`.
    """

    def __init__(self, folder: Path, files: list[Path], prefix: PurePosixPath) -> None:
        self.folder = folder
        self.prefix = prefix
        self._files = files
        for file in files:
            if not file.resolve().is_relative_to(folder.resolve()):
                raise ArchiveError(f"{file} links out of {folder}; put the recording itself there")
            if is_pointer(file) and file.stat().st_size < _LARGEST_POINTER:
                raise ArchiveError(pointer_message(file))

    def __bool__(self) -> bool:
        return bool(self._files)

    @property
    def digest(self) -> str:
        """A digest of the names, sizes and times: what is copied again when one changes."""
        rows = (f"{self._name(file)} {file_identity(file)}\n" for file in self._files)
        return sha256_text("".join(rows))

    def paths(self) -> Iterator[PurePosixPath]:
        """List the recordings below the prefix (see `CorpusArchive`)."""
        return (self.prefix / self._name(file) for file in self._files)

    def members(self) -> Iterator[Member]:
        """List every entry."""
        return (Member(self._name(file), file.stat().st_size) for file in self._files)

    def files(self) -> Iterator[tuple[Member, Readable]]:
        """Give every file with its bytes."""
        for file in self._files:
            with file.open("rb") as stream:
                yield Member(self._name(file), file.stat().st_size), stream

    def _name(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()


def find_parts(
    given: Path, root: Path, unread: dict[str, str], aside: Aside
) -> tuple[list[CorpusArchive], LooseRecordings]:
    """Find the archives and the loose recordings of clones or downloads, at any depth.

    Parameters
    ----------
    given : pathlib.Path
        A folder, or one archive.
    root : pathlib.Path
        The data set, whose own recordings are left alone.
    unread : dict of str to str
        Gets what is neither, with the reason.
    aside : Aside
        Gets how many companions of recordings and hidden files there are.

    Raises
    ------
    ArchiveError
        When a file is a Git LFS pointer or a piece of an archive is missing.
    """
    archives: list[Path] = []
    recordings: list[Path] = []
    if given.is_dir():
        folder = given
        theirs = [root / side for side in (REAL, FAKE)]
        told: dict[str, str] = {}
        for file in find_recordings(folder, told, aside, also=is_archive):
            path = folder / file
            if not any(path.is_relative_to(place) for place in theirs):
                (archives if is_archive(path.name) else recordings).append(path)
        unread |= {
            file: reason
            for file, reason in told.items()
            if not any((folder / file).is_relative_to(place) for place in theirs)
        }
    else:
        folder = given.parent
        # Pieces of one archive lie beside each other.
        archives = [
            path
            for path in sorted(folder.iterdir())
            if path == given or (is_archive(path.name) and path.is_file())
        ]
    # Someone who gives the fake side alone names it in the folder that is given.
    name = folder.resolve().name
    prefix = PurePosixPath(FAKE if _FAKES_ALONE.fullmatch(name) else "")
    parts = []
    for source in find_sources(archives):
        if given.is_dir() or given in source.paths:
            inside = source.paths[0].parent.relative_to(folder).as_posix()
            parts.append(CorpusArchive(source, prefix / inside / source.name.partition(".")[0]))
    return parts, LooseRecordings(folder, recordings, prefix)
