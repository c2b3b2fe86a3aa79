"""Preparing a public corpus: fetch or find its archives, check, unpack, and look at the result."""

import shutil
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from src.utils.dataset.layouts import LAYOUTS, scan_folder
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.prepare.archives import Archive
from src.utils.dataset.prepare.cetuc import LooseRecordings, People, find_parts
from src.utils.dataset.prepare.checksums import (
    Checksum,
    Digests,
    checksum_beside,
    compute_digests,
    require_equal,
)
from src.utils.dataset.prepare.corpora import Corpus, recognise_corpus
from src.utils.dataset.prepare.fetch import fetch_repository
from src.utils.dataset.prepare.names import LOCK, WORK
from src.utils.dataset.prepare.open_archive import open_archive
from src.utils.dataset.prepare.record import Record, UnpackedArchive, identity_of
from src.utils.dataset.prepare.sources import Source, find_sources, is_archive
from src.utils.dataset.prepare.unpack import Place, clean, everything, plan_archive, unpack
from src.utils.errors import ArchiveError, ArgumentError, AudiosError, shorten
from src.utils.files import locked, make_folder

NOT_CHECKED = "not checked: no checksum is known"
LOOSE = "recordings, no archive"

_LOOKED_AT = 10_000
"""How many paths of an archive tell whose it is."""


@dataclass(frozen=True)
class Prepared:
    """The outcome of preparing a corpus.

    Attributes
    ----------
    root : pathlib.Path
        The data set.
    corpus : Corpus
        The corpus in it.
    entries : list of UnpackedArchive
        Of the archives that were asked for.
    n_skipped : int
        How many of them had been unpacked before.
    missing : list of str
        Archives of the corpus that are not in the data set.
    others : list of str
        Archives that lie beside them and are not of the corpus, as their names tell.
    people : People or None
        For CETUC.
    scan : Scan or None
        What the corpus' layout finds, if there is one.
    unscanned : str
        Why it finds nothing yet.
    """

    root: Path
    corpus: Corpus
    entries: list[UnpackedArchive]
    n_skipped: int
    missing: list[str]
    others: list[str]
    people: People | None = None
    scan: Scan | None = None
    unscanned: str = ""


def prepare_dataset(
    root: Path, corpus: Corpus, archives: Path | None = None, checksum: Checksum | None = None
) -> Prepared:
    """Unpack a corpus into a data set; repeating skips what is there.

    Parameters
    ----------
    root : pathlib.Path
        The data set; made if need be.
    corpus : Corpus
        The corpus to unpack, one of `CORPORA`.
    archives : pathlib.Path, optional
        A folder of archives or clones, or one archive; only read. Without it the corpus is
        fetched, if it can be.
    checksum : Checksum, optional
        Of the one archive there is, in place of a published one.

    Returns
    -------
    Prepared

    Raises
    ------
    ArgumentError
        When `archives` is needed, or `checksum` cannot be meant for all that was found.
    ArchiveError
        When an archive is absent, damaged, unsafe, of another corpus or in the way of other
        files, or cannot be fetched.
    """
    if archives is None and not corpus.repositories:
        raise ArgumentError(
            f"--archives is needed: the folder with {_names(corpus)}, to be had from {corpus.page}"
        )
    if archives is not None and not archives.exists():
        raise ArchiveError(f"nothing at --archives={archives}; {_to_be_had(corpus)}")
    # Before the data set is made, so that a mistyped path leaves nothing behind.
    sources: list[Source] = []
    others: list[str] = []
    if archives is not None and not corpus.repositories:
        sources, others = _find(corpus, archives)
    if sources:
        _require_one(checksum, len(sources))
    make_folder(root)
    with locked(root / LOCK, str(root)):
        work = _Work(root, corpus, Record.open(root, corpus.name), checksum)
        people = _prepare_people(work, archives) if corpus.repositories else None
        for source in sources:
            work.take(source)
        # What an earlier run left of other archives would only take room.
        shutil.rmtree(root / WORK, ignore_errors=True)
    scan, unscanned = _scan(root, corpus)
    names = {entry.name for entry in work.record.entries}
    return Prepared(
        root=root,
        corpus=corpus,
        entries=work.entries,
        n_skipped=work.n_skipped,
        missing=[
            known.name
            for known in corpus.archives
            if "*" not in known.name
            and known.name not in names
            and not (corpus.are_versions and names)
        ],
        others=others,
        people=people,
        scan=scan,
        unscanned=unscanned,
    )


@dataclass
class _Work:
    """One archive after the other, into one data set."""

    root: Path
    corpus: Corpus
    record: Record
    checksum: Checksum | None
    entries: list[UnpackedArchive] = field(default_factory=list)
    n_skipped: int = 0

    def take(self, source: Source, place: Place = everything) -> None:
        """Check an archive and unpack it, unless it is there."""
        digests, checked = self._digests(source)
        done = self.record.done(digests.sha256)
        if done is not None:
            self._skip(done)
            return
        with open_archive(source) as archive:
            if place is everything:
                _require_corpus(archive, self.corpus, source.paths[0])
            entry = self._unpack(
                archive, source.paths[0], source.name, digests, checked, identity_of(source), place
            )
        self._add(entry)

    def take_loose(self, recordings: LooseRecordings, place: Place) -> None:
        """Copy recordings that are in no archive, unless they are there."""
        digest = recordings.digest
        done = self.record.done(digest)
        if done is not None:
            self._skip(done)
            return
        folder = recordings.folder
        digests = Digests(digest, "")
        self._add(self._unpack(recordings, folder, folder.name, digests, LOOSE, [], place))

    def _unpack(
        self,
        archive: Archive,
        path: Path,
        name: str,
        digests: Digests,
        checked: str,
        identity: list[list[str]],
        place: Place,
    ) -> UnpackedArchive:
        plan = plan_archive(archive, path, self.root, place)
        # Of CETUC's, one may hold a mute clip alone.
        if not plan.n_files and place is everything:
            raise ArchiveError(
                f"{path} holds nothing of {self.corpus.title}; {_to_be_had(self.corpus)}"
            )
        unpack(archive, path, self.root, digests.sha256, plan, place)
        return UnpackedArchive(
            name=name,
            sha256=digests.sha256,
            md5=digests.md5,
            checked=checked,
            identity=identity,
            n_files=plan.n_files + len(plan.links),
            n_left_out=plan.n_left_out,
            first=str(plan.first),
            last=str(plan.last),
        )

    def _add(self, entry: UnpackedArchive) -> None:
        self.record.add(entry)
        clean(self.root, entry.sha256)
        self.entries.append(entry)

    def _skip(self, entry: UnpackedArchive) -> None:
        # A kill may have come between the record and the tidying.
        clean(self.root, entry.sha256)
        self.entries.append(entry)
        self.n_skipped += 1

    def _digests(self, source: Source) -> tuple[Digests, str]:
        """Return an archive's digests and what they were compared with."""
        known = self.record.known(source)
        path = source.paths[0]
        if known is not None:
            digests, checked = Digests(known.sha256, known.md5), known.checked
        else:
            expected = {} if self.checksum else self._expected(source)
            digests = compute_digests(source, expected)
            checked = NOT_CHECKED
            if expected:
                first = next(iter(expected.values()))
                some = "" if len(expected) == len(source.paths) else f" ({len(expected)} pieces)"
                checked = f"{first.algorithm} as {first.origin} says{some}"
        if self.checksum is not None:
            require_equal(path, self.checksum, getattr(digests, self.checksum.algorithm))
            checked = f"{self.checksum.algorithm} as --checksum says"
        return digests, checked

    def _expected(self, source: Source) -> dict[Path, Checksum]:
        expected = {path: found for path in source.paths if (found := checksum_beside(path))}
        known = self.corpus.published(source.name)
        if not expected and known is not None and known.md5 and len(source.paths) == 1:
            expected = {source.paths[0]: Checksum("md5", known.md5, "its publisher")}
        return expected


def _prepare_people(work: _Work, archives: Path | None) -> People | None:
    """Unpack CETUC and fake_voices; return who is in what was asked for, if anything was."""
    root = work.root
    clones = root / WORK / "clones"
    fetched: dict[str, str] = {}
    if archives is None:
        todo = {
            name: url
            for name, url in work.corpus.repositories.items()
            if url not in work.record.repositories
        }
        for name, url in todo.items():
            fetched[url] = fetch_repository(url, clones / name)
        if not todo:
            work.entries = work.record.entries
            work.n_skipped = len(work.entries)
            return None
    people = People()
    parts, loose = find_parts(archives or make_folder(clones), root, people.unread, people.aside)
    if archives is not None and not parts and not loose:
        first = next(iter(people.unread.items()), None)
        why = f" ({first[0]} {first[1]})" if first else ""
        raise ArchiveError(
            f"neither an archive nor a recording in {archives}{why}; {_to_be_had(work.corpus)}"
        )
    _require_one(work.checksum, len(parts))
    counted = [(part, people.learn(part.paths())) for part in parts]
    if not people.learn(loose.paths()) + sum(n_clips for _, n_clips in counted):
        where = parts[0].source.paths[0] if parts else loose.folder
        other = recognise_corpus(people.lost[:_LOOKED_AT])
        which = f": it is {other.title}, so pass --corpus={other.name}" if other else ""
        raise ArchiveError(
            f"{where} holds no recording in a folder named by a person's id, such as "
            f"Paula_F026{which}"
        )
    people.settle(root)
    for part, n_clips in counted:
        # Transcriptions may come in archives of their own.
        if n_clips:
            work.take(part.source, _below(part.prefix, people))
    if loose:
        work.take_loose(loose, _below(loose.prefix, people))
    if fetched:
        work.record.repositories |= fetched
        work.record.write()
    # Their content is in place and recorded.
    shutil.rmtree(clones, ignore_errors=True)
    return people


def _below(prefix: PurePosixPath, people: People) -> Place:
    return lambda path: people.place(prefix / path)


def _find(corpus: Corpus, given: Path) -> tuple[list[Source], list[str]]:
    """Return the archives of a corpus in a folder, or the one that is named.

    Also the names of those in the folder that are not the corpus' own.

    Raises
    ------
    ArchiveError
        When there is none; tells what is expected and what is there.
    """
    folder = given if given.is_dir() else given.parent
    there = [path for path in folder.iterdir() if path.is_file() and is_archive(path.name)]
    if not given.is_dir():
        # Under whatever name; a piece stands for all of them.
        sources = [source for source in find_sources({*there, given}) if given in source.paths]
        return sources, []
    wanted = [
        path
        for path in there
        if any(
            fnmatch(path.name, known.name) or fnmatch(path.name, f"{known.name}*")
            for known in corpus.archives
        )
    ]
    if not wanted:
        others = shorten((path.name for path in sorted(there)), 5)
        found = f" (found {others}; if one is it under another name, pass its path)"
        raise ArchiveError(
            f"no archive of {corpus.title} in {given}{found if there else ''}; {_to_be_had(corpus)}"
        )
    return find_sources(wanted), sorted(path.name for path in {*there} - {*wanted})


def _require_one(checksum: Checksum | None, n_archives: int) -> None:
    if checksum is not None and n_archives != 1:
        raise ArgumentError(
            f"--checksum goes with one archive, and {n_archives} were found: pass the path of one "
            f"with --archives, or put checksum files such as NAME.sha256 beside them"
        )


def _require_corpus(archive: Archive, corpus: Corpus, path: Path) -> None:
    """Fail when an archive holds another corpus, or none that is known.

    Raises
    ------
    ArchiveError
    """
    names: list[str] = []
    for member in archive.members():
        name = str(PurePosixPath(member.name)) + ("/" if member.kind == "folder" else "")
        if corpus.holds(name):
            return
        if len(names) < _LOOKED_AT:
            names.append(name)
    inner = [name for name in names if is_archive(name.rpartition("/")[2])]
    if inner:
        raise ArchiveError(
            f"{path} holds archives ({shorten(inner, 3)}); unpack it and pass that folder"
        )
    other = recognise_corpus(names)
    if other is not None:
        raise ArchiveError(
            f"{path} holds {other.title}, not {corpus.title}; if so, pass --corpus={other.name}"
        )
    raise ArchiveError(f"{path} holds nothing of {corpus.title}; {_to_be_had(corpus)}")


def _names(corpus: Corpus) -> str:
    return shorten((known.name for known in corpus.archives), 8)


def _to_be_had(corpus: Corpus) -> str:
    if corpus.repositories:
        return f"it takes clones of {corpus.page}, or their archives"
    return f"expected {_names(corpus)}, to be had from {corpus.page}"


def _scan(root: Path, corpus: Corpus) -> tuple[Scan | None, str]:
    if corpus.name not in LAYOUTS:
        return None, ""
    try:
        return scan_folder(root, corpus.name), ""
    except AudiosError as error:
        # Unpacking has succeeded; what is missing may still be on its way.
        return None, str(error)
