"""Unpacking one archive: judged as a whole first, then written aside, then moved into place."""

import filecmp
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from src.utils.dataset.prepare.archives import Archive, Member, damaged
from src.utils.dataset.prepare.names import WORK, UnsafeNameError, folded, link_target, safe_path
from src.utils.errors import ArchiveError
from src.utils.files import make_folder

Place = Callable[[PurePosixPath], PurePosixPath | None]
"""From a file's path in the archive to its path in the data set; None leaves it out."""

_CHUNK = 1 << 20
_LONGEST_SHOWN = 255
"""Characters of a name in a message."""
MOST_ENTRIES = 5_000_000
"""Twice what the largest corpora have; a packed list of empty files can have any number."""
_BLOCK = 4096
"""Bytes; what a file takes up at least on the usual file systems."""


@dataclass(frozen=True)
class Plan:
    """What unpacking an archive would write.

    Attributes
    ----------
    size : int
        Bytes on disk.
    first, last : pathlib.PurePosixPath
        In the data set; they witness later that the archive is in place.
    n_files, n_left_out : int
        How many files would be written, links not counted, and how many left out.
    links : list of (PurePosixPath, PurePosixPath)
        Where a link stands and what it points to, both in the archive.
    """

    size: int
    first: PurePosixPath
    last: PurePosixPath
    n_files: int
    n_left_out: int
    links: list[tuple[PurePosixPath, PurePosixPath]] = field(default_factory=list)


def everything(path: PurePosixPath) -> PurePosixPath:
    """Place every file where the archive has it.

    Parameters
    ----------
    path : pathlib.PurePosixPath
        In the archive.
    """
    return path


def plan_archive(archive: Archive, path: Path, root: Path, place: Place = everything) -> Plan:
    """Judge every entry of an archive before anything is written.

    Parameters
    ----------
    archive : Archive
        The archive, open.
    path : pathlib.Path
        The archive's file, for messages.
    root : pathlib.Path
        The data set.
    place : callable
        Where each file goes, by its path in the archive; None for what is left out.

    Raises
    ------
    ArchiveError
        For an entry that may not be written, two entries for one file, or a file of another size
        where one should go.
    """
    taken = _Taken(path)
    links: list[tuple[PurePosixPath, PurePosixPath]] = []
    sizes: dict[PurePosixPath, int] = {}
    wanted: set[PurePosixPath] = set()
    n_files = n_left_out = total = 0
    first = last = PurePosixPath()
    members = tqdm(archive.members(), f"listing {path.name}", unit="file", leave=False)
    for number, member in enumerate(members):
        if number >= MOST_ENTRIES:
            raise ArchiveError(
                f"{path} has more than {MOST_ENTRIES:,} entries; nothing was unpacked"
            )
        inside, target = check_member(member, path)
        if member.kind == "folder":
            continue
        outside = place(inside)
        if outside is None:
            n_left_out += 1
            continue
        taken.add(outside, member.name)
        if member.kind == "link":
            links.append((inside, target))
            wanted.add(target)
            continue
        _refuse_other(root / outside, member.size, path)
        total += -(-member.size // _BLOCK) * _BLOCK
        n_files += 1
        first, last = (outside if n_files == 1 else first), outside
    taken.require_folders(root)
    if links:
        sizes = {
            safe_path(member.name): member.size
            for member in archive.members()
            if member.kind == "file" and safe_path(member.name) in wanted
        }
    for inside, target in links:
        if target not in sizes or place(target) is None:
            raise ArchiveError(f"{path}: {inside} links to {target}, no file of the archive")
        total += -(-sizes[target] // _BLOCK) * _BLOCK
    return Plan(total, first, last, n_files, n_left_out, links)


def unpack(
    archive: Archive, path: Path, root: Path, key: str, plan: Plan, place: Place = everything
) -> None:
    """Write an archive's files aside, then move them into the data set.

    Killed at any point, it goes on or starts over when it is repeated with the same `key`.

    Parameters
    ----------
    archive, path, root, place
        As for `plan_archive`, which must have been asked first.
    key : str
        The archive's digest.
    plan : Plan
        What `plan_archive` returned for it.

    Raises
    ------
    ArchiveError
        When the disk is too small, the archive is damaged, or another file stands where one
        should go.
    """
    ready = _ready(root, key)
    if not ready.is_dir():
        partial = ready.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        _require_space(root, plan.size, path)
        make_folder(partial)
        try:
            _write(archive, path, partial, plan, place)
            partial.rename(ready)
        except BaseException:
            # A full disk should be free again, whatever the reason.
            shutil.rmtree(partial, ignore_errors=True)
            raise
    _require_same(ready, root, path)
    _merge(ready, root)


def clean(root: Path, key: str) -> None:
    """Remove what unpacking leaves behind, once the archive is recorded as done.

    Parameters
    ----------
    root : pathlib.Path
        The data set.
    key : str
        The archive's digest.
    """
    shutil.rmtree(_ready(root, key), ignore_errors=True)


def _ready(root: Path, key: str) -> Path:
    return root / WORK / f"{key[:16]}.ready"


def check_member(member: Member, path: Path) -> tuple[PurePosixPath, PurePosixPath]:
    """Return the safe path of an entry and of what it links to.

    Parameters
    ----------
    member : Member
        The entry.
    path : pathlib.Path
        The archive's file, for the message.

    Raises
    ------
    ArchiveError
        When it may not be written, naming archive and entry.
    """
    try:
        inside = safe_path(member.name)
        if member.kind == "other":
            raise UnsafeNameError("is neither a file nor a folder")
        if member.kind != "folder" and inside == PurePosixPath():
            raise UnsafeNameError("has no name")
        if member.size < 0:
            raise UnsafeNameError("has no size")
        target = PurePosixPath()
        if member.kind == "link":
            target = link_target(member.name, member.target, member.symbolic)
    except UnsafeNameError as error:
        # What is refused may hold anything; a terminal should not act on it.
        shown = repr(member.name[:_LONGEST_SHOWN])[1:-1].replace("\\\\", "\\")
        text = repr(str(error)[:_LONGEST_SHOWN])[1:-1].replace("\\\\", "\\")
        raise ArchiveError(f"{path}: {shown} {text}; nothing was unpacked") from None
    return inside, target


class _Taken:
    """The files an archive would write, as a file system sees them that ignores case."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, str] = {}
        self._folders: dict[str, PurePosixPath] = {}

    def add(self, target: PurePosixPath, name: str) -> None:
        key = folded(target)
        if key in self._files:
            raise ArchiveError(
                f"{self._path}: {name} and {self._files[key]} would be one file; nothing was "
                f"unpacked"
            )
        self._files[key] = name
        for folder in target.parents:
            if (key := folded(folder)) in self._folders:
                break
            self._folders[key] = folder

    def require_folders(self, root: Path) -> None:
        """Fail when a folder would stand where a file does, or where a link leads elsewhere."""
        for key, folder in self._folders.items():
            if key in self._files:
                raise ArchiveError(
                    f"{self._path}: {self._files[key]} is a file and a folder; nothing was unpacked"
                )
            there = root / folder
            if folder != PurePosixPath() and (
                there.is_symlink() or (there.exists() and not there.is_dir())
            ):
                raise ArchiveError(
                    f"{there} is in the way of a folder of {self._path}; move it elsewhere"
                )


def _refuse_other(there: Path, size: int, path: Path) -> None:
    """Fail when something stands at `there` that cannot be the same file."""
    try:
        found = there.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    if there.is_symlink() or not there.is_file() or found.st_size != size:
        raise _in_the_way(there, path)


def _in_the_way(there: Path, path: Path) -> ArchiveError:
    return ArchiveError(
        f"{there} is there already and differs from the file in {path}; move it elsewhere, since "
        f"nothing is overwritten"
    )


def _require_space(root: Path, size: int, path: Path) -> None:
    there = next(folder for folder in (root, *root.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if size > free:
        raise ArchiveError(
            f"{path} needs {tqdm.format_sizeof(size, 'B')} in {root}, where "
            f"{tqdm.format_sizeof(free, 'B')} are free"
        )


def _write(archive: Archive, path: Path, folder: Path, plan: Plan, place: Place) -> None:
    copies: dict[PurePosixPath, list[PurePosixPath]] = {}
    for inside, target in plan.links:
        copies.setdefault(target, []).append(inside)
    written: dict[PurePosixPath, Path] = {}
    made: set[Path] = set()
    with tqdm(
        desc=f"unpacking {path.name}", total=plan.size, unit="B", unit_scale=True, leave=False
    ) as bar:
        n_files = 0
        for member, stream in archive.files():
            # Judged again: what is read now need not be what was listed.
            inside, _ = check_member(member, path)
            outside = place(inside)
            if outside is None:
                continue
            there = folder / outside
            if there.parent not in made:
                made.add(make_folder(there.parent))
            size = 0
            with there.open("xb") as out:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > member.size:
                        raise damaged(path, f"{inside} is longer than it says")
                    out.write(chunk)
                    bar.update(len(chunk))
            if size != member.size:
                raise damaged(path, f"{inside} is shorter than it says")
            if inside in copies:
                written[inside] = there
            n_files += 1
        if n_files != plan.n_files:
            raise damaged(path, f"{n_files} of {plan.n_files} files were found again")
        for target, names in copies.items():
            for inside in names:
                outside = place(inside)
                if outside is not None:
                    make_folder((folder / outside).parent)
                    shutil.copyfile(written[target], folder / outside)


def _files_below(folder: Path, relative: PurePosixPath) -> Iterator[PurePosixPath]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(folder / entry.name, relative / entry.name)
            else:
                yield relative / entry.name


def _require_same(ready: Path, root: Path, path: Path) -> None:
    """Fail when a file in place differs from the one to be moved there."""
    for file in _files_below(ready, PurePosixPath()):
        there = root / file
        if os.path.lexists(there):
            same = there.is_file() and not there.is_symlink()
            if not same or not filecmp.cmp(there, ready / file, shallow=False):
                raise _in_the_way(there, path)


def _merge(source: Path, target: Path) -> None:
    """Move all files of a folder into another; the same file, already there, stays."""
    with os.scandir(source) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        there = target / entry.name
        if not os.path.lexists(there):
            (source / entry.name).rename(there)
        elif entry.is_dir(follow_symlinks=False):
            _merge(source / entry.name, there)
            (source / entry.name).rmdir()
        else:
            (source / entry.name).unlink()
