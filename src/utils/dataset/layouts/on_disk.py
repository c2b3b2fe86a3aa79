"""Matching the names in a table with those on disk, however either was spelt."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import PurePosixPath

from src.utils.dataset.layouts.tree import without_suffix

AMBIGUOUS = "could be more than one recording: their names differ by case or suffix alone"


class NamesOnDisk:
    """The recordings that are there, found by names that may be spelt otherwise.

    Tried in this order, and the first in which exactly one recording fits holds: the name as it
    stands; its letters composed otherwise (a Mac takes `é` apart); the suffix in another case;
    without a suffix; all of it in another case.

    Parameters
    ----------
    names : iterable of str
        Paths or ids of recordings.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def find(self, name: str) -> str | None:
        """Return what a name stands for on disk, None where nothing or more than one fits.

        Parameters
        ----------
        name : str
            The name as a table has it.
        """
        if name in self._names:
            return name
        # A corpus of which half is absent must stay quick: what cannot fit ends here.
        among = self._by_bare_name.get(_bare(name), ())
        for way in _WAYS:
            wanted = way(name)
            found = [other for other in among if way(other) == wanted]
            if not found and way in _SUFFIX_FREE and without_suffix(name) == name:
                found = [other for other in among if way(without_suffix(other)) == wanted]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def is_ambiguous(self, name: str) -> bool:
        """Say whether several recordings fit a name that `find` finds none for.

        Parameters
        ----------
        name : str
            The name as a table has it.
        """
        return self.find(name) is None and len(self._by_bare_name.get(_bare(name), ())) > 1

    @cached_property
    def _by_bare_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._names:
            found.setdefault(_bare(name), []).append(name)
        return found


def plain_path(text: str) -> str:
    r"""Return a path in one spelling, with slashes; `.` for none.

    >>> plain_path(r".\a\\b.wav ")
    'a/b.wav'

    Parameters
    ----------
    text : str
        A cell of a table.
    """
    path = text.strip().replace("\\", "/")
    # Most are plain already, of a table of a million.
    is_plain = path and "//" not in path and "./" not in path and path[-1] not in "./"
    return path if is_plain else str(PurePosixPath(path))


def composed(name: str) -> str:
    r"""Return a name with its letters composed, as most systems write them.

    >>> composed("e\u0301") == "\u00e9"
    True

    Parameters
    ----------
    name : str
        Any text.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _with_plain_suffix(name: str) -> str:
    bare = without_suffix(name)
    return composed(bare + name[len(bare) :].lower())


def _caseless(name: str) -> str:
    return composed(composed(name).casefold())


def _bare(name: str) -> str:
    return _caseless(without_suffix(name))


_WAYS: tuple[Callable[[str], str], ...] = (composed, _with_plain_suffix, _caseless)
_SUFFIX_FREE = (_with_plain_suffix, _caseless)
