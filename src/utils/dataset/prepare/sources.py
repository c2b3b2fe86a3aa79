"""Finding archives in a folder, those cut in pieces as one each."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from src.utils.errors import ArchiveError

SUFFIXES = (".zip", ".rar", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")

_PIECE = re.compile(
    r"(?P<whole>.+\.(?:tgz|tar|tar\.(?:gz|bz2|xz)|zip))\.?(?!gz$|xz$)(?P<index>[a-z]{2}|\d{2,3})",
    re.IGNORECASE,
)
"""`x.tar.gzaa`, `x.tar.gz.00`, `x.zip.001`: one stream cut in pieces, as `split` does."""
_VOLUME = re.compile(r"(?P<whole>.+)\.part(?P<index>\d+)\.rar", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """An archive on disk.

    Attributes
    ----------
    name : str
        Its file name; of one cut in pieces, what the pieces' names have in common.
    paths : tuple of pathlib.Path
        Its file, or its pieces in order.
    """

    name: str
    paths: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.paths)

    def open(self) -> io.BufferedReader:
        """Open it as one stream that can be read from any place."""
        if len(self.paths) == 1:
            return self.paths[0].open("rb")
        return io.BufferedReader(_Joined(self.paths), 1 << 20)


def is_archive(name: str) -> bool:
    """Say whether a file name is an archive's or a piece's.

    Parameters
    ----------
    name : str
        Without folders.
    """
    return name.lower().endswith(SUFFIXES) or _PIECE.fullmatch(name) is not None


def find_sources(paths: Iterable[Path]) -> list[Source]:
    """Group archives by name, pieces of one stream and volumes of one rar together.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files whose names are archives'.

    Raises
    ------
    ArchiveError
        When a piece between two others is missing.
    """
    singles: list[Source] = []
    cut: dict[tuple[Path, str], dict[str, Path]] = {}
    for path in sorted(paths):
        match = _VOLUME.fullmatch(path.name) or _PIECE.fullmatch(path.name)
        if match is None:
            singles.append(Source(path.name, (path,)))
        else:
            whole = match["whole"] + (".rar" if match.re is _VOLUME else "")
            cut.setdefault((path.parent, whole), {})[match["index"].lower()] = path
    joined = [
        Source(whole, tuple(pieces[index] for index in _in_order(folder / whole, pieces)))
        for (folder, whole), pieces in cut.items()
    ]
    return sorted(singles + joined, key=lambda source: source.paths[0])


def _in_order(whole: Path, pieces: dict[str, Path]) -> list[str]:
    order = sorted(pieces, key=lambda index: (len(index), index))
    numbers = [_number(index) for index in order]
    if numbers[0] > 1 or (order[0].isalpha() and numbers[0]):
        raise ArchiveError(f"{whole} lacks its first piece; found from {pieces[order[0]].name} on")
    for before, this, index in zip(numbers, numbers[1:], order[1:], strict=False):
        if this != before + 1:
            raise ArchiveError(f"{whole} lacks the piece before {pieces[index].name}")
    return order


def _number(index: str) -> int:
    if index.isdecimal():
        return int(index)
    return 26 * (ord(index[0]) - ord("a")) + ord(index[1]) - ord("a")


class _Joined(io.RawIOBase):
    """Files read as if they were one behind the other."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self._starts = [0]
        for path in paths:
            self._starts.append(self._starts[-1] + path.stat().st_size)
        self._position = 0
        self._open: tuple[int, io.FileIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}
        self._position = max(0, start[whence] + offset)
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        for index, start in enumerate(self._starts[:-1]):
            if start <= self._position < self._starts[index + 1]:
                if self._open is None or self._open[0] != index:
                    self.close_piece()
                    self._open = (index, io.FileIO(self._paths[index]))
                stream = self._open[1]
                stream.seek(self._position - start)
                count = stream.readinto(buffer) or 0
                self._position += count
                return count
        return 0

    def close_piece(self) -> None:
        """Close the piece that is being read."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self.close_piece()
        super().close()
