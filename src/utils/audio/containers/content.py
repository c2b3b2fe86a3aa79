"""The bytes of a file as if they were all in memory, which of a long one few are."""

from typing import BinaryIO

_READ_WHOLE = 1 << 22
_WINDOW_BYTES = 1 << 22


class Content:
    """Bytes that are sliced and searched as a `bytes` is, read by and by.

    Not a memory map: where a file grows shorter while it is mapped, the process would be killed.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    size : int
        Its bytes.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._start = 0
        self._window = b""

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        if stop <= start:
            return b""
        if start < self._start or stop > self._start + len(self._window):
            self._start = start
            self._stream.seek(start)
            self._window = self._stream.read(max(_WINDOW_BYTES, stop - start)) or b""
        return self._window[start - self._start : stop - self._start]

    def find(self, wanted: bytes, start: int, stop: int | None = None) -> int:
        """Return where bytes stand first, -1 where they do not, as `bytes.find` does.

        Parameters
        ----------
        wanted : bytes
            What is looked for.
        start : int
            Where to begin.
        stop : int, optional
            Where what is looked for must end.
        """
        end = self._size if stop is None else min(stop, self._size)
        while start + len(wanted) <= end:
            part = self[start : min(end, start + _WINDOW_BYTES)]
            at = part.find(wanted)
            if at >= 0:
                return start + at
            if len(part) < len(wanted):
                return -1
            start += len(part) - len(wanted) + 1
        return -1


def content_of(stream: BinaryIO, size: int) -> bytes | Content:
    """Return the bytes of a file: read where it is small, which takes less time.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    size : int
        Its bytes.
    """
    if size <= _READ_WHOLE:
        stream.seek(0)
        return stream.read()
    return Content(stream, size)
