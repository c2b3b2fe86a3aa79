"""Finding recordings and protocols in a folder by one walk, which opens no file."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.errors import DatasetError


def find_recordings(folder: Path, problems: dict[str, str]) -> list[str]:
    """List every recording below a folder, sorted, relative to it.

    Hidden files and folders are skipped. Links are followed, except one back to a folder that
    it lies in.

    Parameters
    ----------
    folder : pathlib.Path
        Where to begin.
    problems : dict of str to str
        Gets what cannot be listed, with the reason.
    """
    files: list[str] = []
    # What is still to be read: the folder, its name within the first, and the folders it lies in.
    todo: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [(str(folder), "", ())]
    while todo:
        path, prefix, above = todo.pop()
        told = prefix.rstrip("/") or "."
        try:
            about = os.stat(path)  # noqa: PTH116 - Path objects are slow at this number
            entries = os.scandir(path)
        except PermissionError:
            problems[told] = "is a folder that may not be read"
            continue
        with entries:
            identity = about.st_dev, about.st_ino
            if identity in above:
                problems[told] = "is a link to a folder that it lies in"
                continue
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if not _is_text(name):
                    shown = os.fsencode(name).decode("utf-8", "replace")
                    problems[prefix + shown] = "has a name that is not UTF-8"
                    continue
                try:
                    if entry.is_dir():
                        todo.append((entry.path, f"{prefix}{name}/", (*above, identity)))
                    elif name.lower().endswith(AUDIO_SUFFIXES) and entry.is_file():
                        files.append(prefix + name)
                except OSError:
                    problems[prefix + name] = "is a link that cannot be followed"
    return sorted(files)


def without_suffix(file: str) -> str:
    """Return a recording's path without the suffix of audio; any other ending stays.

    >>> without_suffix("flac/LA_T_1138215.flac"), without_suffix("LA_T_1138215.1")
    ('flac/LA_T_1138215', 'LA_T_1138215.1')

    Parameters
    ----------
    file : str
        A relative path, with slashes.
    """
    dot = file.rfind(".")
    return file[:dot] if file[dot:].lower() in AUDIO_SUFFIXES else file


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
                names = sorted(e.name for e in entries if e.name[0] != "." and e.is_dir())
        except PermissionError:
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
