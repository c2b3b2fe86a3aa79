"""Finding recordings and protocols in a folder by one walk, which opens no file."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.dataset.layouts.unread import Aside, is_companion, suffix_of, why_unread
from src.utils.errors import DatasetError


def find_recordings(
    folder: Path,
    problems: dict[str, str],
    aside: Aside | None = None,
    also: Callable[[str], bool] = lambda name: False,
) -> list[str]:
    """List every recording below a folder, sorted, relative to it.

    Links are followed, except one back to a folder that it lies in. What is not listed is either
    told, with the reason, or counted: hidden files and folders, and companions of recordings.

    Parameters
    ----------
    folder : pathlib.Path
        Where to begin.
    problems : dict of str to str
        Gets what is not listed, with the reason.
    aside : Aside, optional
        Gets how many hidden files and companions there are.
    also : callable, optional
        Says of the name of a file that is no recording whether it is listed too.
    """
    aside = Aside() if aside is None else aside
    files: list[str] = []
    told: dict[str, str] = {}
    # What is still to be read: the folder, its name within the first, and the folders it lies in.
    todo: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [(str(folder), "", ())]
    while todo:
        path, prefix, above = todo.pop()
        here = prefix.rstrip("/") or "."
        try:
            about = os.stat(path)  # noqa: PTH116 - Path objects are slow at this number
            identity = about.st_dev, about.st_ino
            if identity in above:
                told[here] = "is a link to a folder that it lies in"
                continue
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith("."):
                        aside.n_hidden += 1
                    elif not _is_text(name):
                        told[prefix + name_as_text(name)] = "has a name that is not UTF-8"
                    elif _is_folder(entry):
                        todo.append((entry.path, f"{prefix}{name}/", (*above, identity)))
                    elif name.lower().endswith(AUDIO_SUFFIXES) or also(name):
                        if _is_file(entry):
                            files.append(prefix + name)
                        else:
                            told[prefix + name] = why_no_file(Path(entry.path))
                    elif is_companion(name):
                        aside.companions[suffix_of(name)] += 1
                    else:
                        why = why_unread(name) if _is_file(entry) else why_no_file(Path(entry.path))
                        told[prefix + name] = why
        except PermissionError:
            told[here] = "is a folder that may not be read"
        except OSError as error:
            told[here] = f"is a folder that cannot be read: {error.strerror}"
    # A file system lists in an order of its own, and tables are the same every time.
    problems |= dict(sorted(told.items()))
    return sorted(files)


def name_as_text(name: str) -> str:
    r"""Return the name of a file as text that any table can hold.

    Bytes that are no UTF-8 are spelt out, so that two names stay two.

    Parameters
    ----------
    name : str
        As Python has it from the file system.

    Examples
    --------
    >>> name_as_text("caf\udce9.wav")
    'caf\\xe9.wav'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def without_suffix(file: str) -> str:
    """Return a recording's path without the suffix of audio; any other ending stays.

    >>> without_suffix("flac/LA_T_1138215.flac"), without_suffix("LA_T_1138215.1")
    ('flac/LA_T_1138215', 'LA_T_1138215.1')
    >>> without_suffix("a/.wav")
    'a/.wav'

    Parameters
    ----------
    file : str
        A relative path, with slashes.
    """
    dot = file.rfind(".")
    is_name = dot == file.rfind("/") + 1
    return file if is_name or file[dot:].lower() not in AUDIO_SUFFIXES else file[:dot]


def stem_of(file: str) -> str:
    """Return a recording's name without folders and suffix.

    >>> stem_of("flac/LA_T_1138215.flac")
    'LA_T_1138215'

    Parameters
    ----------
    file : str
        A relative path, with slashes or none.
    """
    return without_suffix(file[file.rfind("/") + 1 :])


def folders_below(folder: Path, depth: int) -> Iterator[Path]:
    """Yield a folder and those below it, as far down as `depth`, hidden ones left out.

    Parameters
    ----------
    folder : pathlib.Path
        The first that is yielded.
    depth : int
        How many levels below it; 0 for it alone.
    """
    yield folder
    if depth:
        try:
            with os.scandir(folder) as entries:
                names = sorted(e.name for e in entries if e.name[0] != "." and _is_folder(e))
        except OSError:
            return
        for name in names:
            yield from folders_below(folder / name, depth - 1)


def find_named(folder: Path, names: Iterable[str], depth: int) -> dict[str, Path]:
    """Find files by their paths within a folder or one of those below it.

    Parameters
    ----------
    folder : pathlib.Path
        Where to begin.
    names : iterable of str
        Paths, each relative to the folder that may hold it.
    depth : int
        How many levels below `folder` are looked at.

    Returns
    -------
    dict of str to pathlib.Path
        Where each of `names` that is there lies.

    Raises
    ------
    DatasetError
        When there are two of one.
    """
    wanted = list(names)
    found: dict[str, Path] = {}
    for place in folders_below(folder, depth):
        for name in wanted:
            path = place / name
            if not path.is_file():
                continue
            if name in found:
                raise DatasetError(f"{name} is there twice: {found[name]} and {path}; keep one")
            found[name] = path
    return found


def require_named(
    folder: Path, names: Iterable[str], depth: int, what: str, expects: str
) -> dict[str, Path]:
    """Find files as `find_named` does, at least one.

    Parameters
    ----------
    folder, names, depth
        As for `find_named`.
    what : str
        What such a file is, for the message.
    expects : str
        What the layout expects, for the message.

    Returns
    -------
    dict of str to pathlib.Path
        As of `find_named`.

    Raises
    ------
    DatasetError
        When there is none, or there are two of one.
    """
    found = find_named(folder, names, depth)
    if not found:
        raise DatasetError(f"no {what} in {folder}; the layout is {expects}")
    return found


def has_named(folder: Path, names: Iterable[str], depth: int) -> bool:
    """Say whether one of the files that `find_named` looks for is there.

    Parameters
    ----------
    folder, names, depth
        As for `find_named`.
    """
    wanted = list(names)
    return any(
        (place / name).is_file() for place in folders_below(folder, depth) for name in wanted
    )


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def why_no_file(path: Path) -> str:
    """Return what stands at a path in place of a file, empty where it is a file; opens nothing.

    Parameters
    ----------
    path : pathlib.Path
        The path; a link is followed.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "is a link to what is not there" if path.is_symlink() else "is not there"
    except OSError as error:
        is_circle = error.errno == errno.ELOOP
        return "is a link in a circle" if is_circle else f"cannot be reached: {error.strerror}"
    if stat.S_ISREG(mode):
        return ""
    return next((text for is_kind, text in _NO_FILES if is_kind(mode)), "is no file")


_NO_FILES = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a named pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
