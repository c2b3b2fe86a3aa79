"""A file that libsndfile writes through, so that an error of the system is not lost in it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from src.utils.faults import rejection


class Sink:
    """A file for libsndfile to write to (its virtual input and output), which keeps what fails.

    Of a full disk libsndfile tells as of a format that it cannot write, or not at all, and some of
    its encoders crash. So it is told that everything was written, and the error is raised by
    `check` or `close`.

    Parameters
    ----------
    path : pathlib.Path
        The file, which is made anew.
    """

    def __init__(self, path: Path) -> None:
        # Not buffered: what a full disk refuses would be tried again at the end.
        self._stream = path.open("w+b", buffering=0)
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write bytes, or leave them out once something has failed; return how many there are.

        Parameters
        ----------
        data : bytes
            What comes next.
        """
        left = memoryview(data)
        try:
            while len(left) and self._error is None:
                left = left[self._stream.write(left) :]
        except OSError as error:
            self._error = error
        if len(left):
            self._stream.seek(len(left), os.SEEK_CUR)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Read bytes, for headers that are completed at the end.

        Parameters
        ----------
        size : int
            How many; all by default.
        """
        try:
            return self._stream.read(size) or b""
        except OSError as error:
            self._error = self._error or error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position and return it.

        Parameters
        ----------
        offset, whence : int
            As for any file.
        """
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def check(self) -> None:
        """Fail where something could not be written.

        Raises
        ------
        OSError
            The first that occurred.
        """
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file.

        Raises
        ------
        OSError
            The first that occurred, now or before.
        """
        self._stream.close()
        self.check()


def fetched(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield blocks, and tell of what fails in making them as a fault of the recording.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray
        Read from a recording while they are written to another file.

    Raises
    ------
    AudioError
        Whatever is raised where the blocks come from (see `faults.rejection`).
    """
    iterator = iter(blocks)
    while True:
        try:
            block = next(iterator)
        except StopIteration:
            return
        except Exception as error:
            raise rejection(error) from error
        yield block
