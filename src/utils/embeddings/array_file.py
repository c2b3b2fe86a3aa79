"""Row-wise access to a large `.npy` array on disk without mapping it into memory.

The pages of a memory map that were touched count as the process's own memory, so that filling a
store would need as much of it as the store is large. Positioned reads and writes leave them to
the system's cache.
"""

import math
import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType

import numpy as np

from src.utils.errors import EmbeddingError
from src.utils.files import replacing, writing

DTYPE = np.dtype("<f4")


class ArrayFile:
    """An open `.npy` file of float32 in C order.

    Parameters
    ----------
    path : pathlib.Path
        The file, which must exist (see `create`).
    writable : bool
        Whether rows can be written.

    Attributes
    ----------
    shape : tuple of int
        Shape of the array; the first number counts rows.

    Raises
    ------
    EmbeddingError
        When the file is absent, cut short, or holds anything else; nothing is unpickled.
    """

    def __init__(self, path: Path, writable: bool = False) -> None:
        self._path = path
        try:
            self._stream = path.open("r+b" if writable else "rb", buffering=0)
        except OSError as error:
            raise EmbeddingError(f"cannot open {path}: {error.strerror}") from error
        try:
            self.shape, self._start = _read_header(self._stream)
            self._row_bytes = math.prod(self.shape[1:]) * DTYPE.itemsize
            whole = self._start + self.shape[0] * self._row_bytes
            size = os.fstat(self._stream.fileno()).st_size
            if size != whole:
                raise ValueError(f"it has {size:,} bytes, not {whole:,}")
        except ValueError as error:
            self._stream.close()
            raise EmbeddingError(f"{path} is damaged: {error}") from error

    @classmethod
    def create(cls, path: Path, shape: tuple[int, ...]) -> "ArrayFile":
        """Create a file of zeros, atomically, and open it for writing.

        Parameters
        ----------
        path : pathlib.Path
            The file's name.
        shape : tuple of int
            Shape of the array; the first number counts rows.

        Raises
        ------
        AudiosError
            When it cannot be written.
        """
        header = {"descr": DTYPE.str, "fortran_order": False, "shape": tuple(map(int, shape))}
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + math.prod(shape) * DTYPE.itemsize)
        return cls(path, writable=True)

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read rows: float32 of shape (len(rows), *shape[1:]).

        Raises
        ------
        OSError
            When the disk fails.
        """
        values = np.empty((len(rows), *self.shape[1:]), DTYPE)
        for row, value in zip(rows, values, strict=True):
            done = 0
            view = memoryview(value.reshape(-1)).cast("B")
            while done < self._row_bytes:
                count = os.preadv(self._stream.fileno(), [view[done:]], self._offset(row) + done)
                if not count:
                    raise OSError(f"row {row} ends early")
                done += count
        return values

    def write(self, rows: Sequence[int] | np.ndarray, values: np.ndarray) -> None:
        """Write `values`, of shape (len(rows), *shape[1:]), into `rows`.

        Raises
        ------
        ValueError
            When the shapes do not fit.
        StorageError
            When the disk is full or fails.
        """
        if values.shape != (len(rows), *self.shape[1:]):
            raise ValueError(f"{values.shape} does not fit {len(rows)} rows of {self.shape[1:]}")
        values = np.ascontiguousarray(values, DTYPE)
        with writing(self._path):
            for row, value in zip(rows, values, strict=True):
                done = 0
                view = memoryview(value.reshape(-1)).cast("B")
                while done < self._row_bytes:
                    done += os.pwrite(self._stream.fileno(), view[done:], self._offset(row) + done)

    def flush(self) -> None:
        """Flush everything written to the disk (fsync).

        Raises
        ------
        StorageError
            When the disk is full or fails.
        """
        with writing(self._path):
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __enter__(self) -> "ArrayFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _offset(self, row: int) -> int:
        if not 0 <= row < self.shape[0]:
            raise IndexError(f"row {row} of {self.shape[0]}")
        return self._start + int(row) * self._row_bytes


def _read_header(stream: FileIO) -> tuple[tuple[int, ...], int]:
    """Return the shape and the offset of the data in bytes.

    Raises
    ------
    ValueError
        When it is no `.npy` file of float32 in C order.
    """
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"its format is {version}")
    try:
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:  # numpy reads it as Python, whose parser raises what it likes
        raise ValueError("its header is damaged") from error
    if fortran_order or dtype != DTYPE or not shape:
        raise ValueError(f"it holds {dtype} of shape {shape}, not rows of float32")
    return shape, stream.tell()
