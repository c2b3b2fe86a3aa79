"""What every decoder is."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from src.utils.errors import AudioError

Source = Path | io.RawIOBase
"""What a decoder reads: a file, or a part of one (see `Span`)."""


def choose_stream(number: int | None, n_streams: int) -> int:
    """Return which audio stream of a file is heard, from 0 on; the first unless one is asked for.

    Parameters
    ----------
    number : int or None
        The one that is asked for.
    n_streams : int
        How many the file has.

    Raises
    ------
    AudioError
        When it has no such stream.
    """
    if number is not None and not 0 <= number < n_streams:
        raise AudioError(f"has no audio stream {number}; it has {n_streams}, counted from 0")
    return number or 0


class Decoder(Protocol):
    """An opened recording, decoded from its start to its end, once.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        How many.
    subtype : str
        Codec or sample format.
    sound_bytes : int
        Bytes of encoded sound, as far as they are known; 0 where they are not.
    """

    sample_rate: int
    channels: int
    subtype: str
    sound_bytes: int

    @property
    def warnings(self) -> list[str]:
        """What was odd so far."""
        ...

    @property
    def lacking(self) -> int:
        """Samples per channel that the file tells of and that did not come, once all is read."""
        ...

    def count(self) -> int:
        """Return the samples per channel that `blocks` gives; nothing can be decoded after it."""
        ...

    def estimate(self) -> int:
        """Return about how many samples per channel there are, 0 where nothing tells."""
        ...

    def blocks(self, frames: int) -> Iterator[np.ndarray]:
        """Yield float32 blocks of shape (frames, channels), of which the last may be shorter."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Span(io.RawIOBase):
    """A part of a file as a file of its own, in which some bytes may read otherwise.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    start, end : int
        Where the part lies in it.
    patches : mapping of int to bytes
        What stands at positions of the part in place of what is there.
    """

    def __init__(
        self, path: Path, start: int, end: int, patches: Mapping[int, bytes] | None = None
    ) -> None:
        self._file = path.open("rb")
        self._start, self._size = start, end - start
        self._patches = patches or {}
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position and return it.

        Parameters
        ----------
        offset : int
            Bytes from where `whence` says.
        whence : int
            0 for the start, 1 for the position, 2 for the end.
        """
        origin = (0, self._at, self._size)[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a `buffer` and return the number of bytes read."""
        self._file.seek(self._start + self._at)
        content = bytearray(self._file.read(min(len(buffer), max(0, self._size - self._at))))
        for position, patch in self._patches.items():
            for index, byte in enumerate(patch, position - self._at):
                if 0 <= index < len(content):
                    content[index] = byte
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
