"""The moments at which a stage touches the disk, and what may happen there."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stress.forks import SharedNumber

_EVENTS = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "sqlite3.connect"),
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_AFTER = ("replace", "rename", "fsync", "link")
"""Functions of `os` behind which there is a moment as well, and of which one tells no event."""


@dataclass(frozen=True)
class Moments:
    """Counts the moments at which this process touches a folder, and acts at one of them.

    A moment lies before each creation of, opening to write, renaming or removal of a file below
    the folder, and behind each renaming and fsync.

    Attributes
    ----------
    folder : pathlib.Path
        What is watched.
    counted : SharedNumber
        How many there were.
    at : int
        The moment to act at, from 1; 0 for none.
    act : callable or None
        Called there, and at every moment from then on, with the event and the path; what it
        raises is raised where the file was touched.
    """

    folder: Path
    counted: SharedNumber
    at: int = 0
    act: Callable[[str, str], None] | None = None

    def watch(self) -> None:
        """Begin; there is no end but that of the process."""
        for name in _AFTER:
            setattr(os, name, self._followed(getattr(os, name)))
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & _WRITES:
                return
        elif event in _EVENTS:
            path = arguments[0]
        else:
            return
        if isinstance(path, str | bytes | os.PathLike):
            self._reach(event, os.fsdecode(path))

    def _followed(self, function: Callable) -> Callable:
        def call(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            self._reach("done", str(self.folder))
            return result

        return call

    def _reach(self, event: str, path: str) -> None:
        if not path.startswith(str(self.folder)):
            return
        self.counted.value += 1
        if self.act is not None and self.counted.value >= self.at > 0:
            self.act(event, path)


def die(event: str, path: str) -> None:
    """Kill this process and everything that it has started."""
    os.killpg(0, signal.SIGKILL)


def fail(number: int) -> Callable[[str, str], None]:
    """Return what raises an error of the operating system.

    Parameters
    ----------
    number : int
        Such as `errno.ENOSPC`.
    """
    # A full disk lets files be removed, and what is written already stands.
    spared = {"done", "os.remove", "os.rmdir"} if number == errno.ENOSPC else {"done"}

    def raise_it(event: str, path: str) -> None:
        if event not in spared:
            raise OSError(number, os.strerror(number), path)

    return raise_it


ERRORS = {
    "no space": errno.ENOSPC,
    "no permission": errno.EACCES,
    "read-only": errno.EROFS,
    "broken disk": errno.EIO,
}
"""What the operating system says, by what has happened."""
