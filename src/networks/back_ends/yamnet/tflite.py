"""Reading the constants of a TensorFlow Lite file; nothing in it is executed.

The file is a FlatBuffer (https://flatbuffers.dev/internals): tables point to their fields, and
every pointer is checked against the file's length before it is followed. The numbers of the fields
are those of TensorFlow Lite's schema, version 3.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from src.utils.errors import CheckpointError

Item = TypeVar("Item")

CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, MUL = 3, 4, 9, 18
"""Operator codes of the layers of YAMNet."""

MOST_BYTES = 1 << 26
"""Largest file that is read; YAMNet has 4 or 15 MB."""

_MOST_TABLES = 10_000
"""Operators, tensors or buffers; YAMNet has less than a hundred of each."""
_MOST_INPUTS = 64
"""Of one operator."""
_MOST_DIMENSIONS = 8
_MOST_WIDENED = 8
"""How many times as large as the file its constants may be: bytes become numbers of 32 bits, and
some are named twice."""

_IDENTIFIER = b"TFL3"

_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_OLD_CODE, _CODE = 0, 3
_TENSORS, _OPERATORS = 0, 3
_OPERATOR_INDEX, _OPERATOR_INPUTS = 0, 1
_SHAPE, _TYPE, _BUFFER, _QUANTIZATION = 0, 1, 2, 4
_SCALE, _ZERO_POINT, _DIMENSION = 2, 3, 6
_DATA = 0
"""Numbers of the fields in their tables."""

_TYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("<f2"),
    2: np.dtype("<i4"),
    3: np.dtype("u1"),
    4: np.dtype("<i8"),
    9: np.dtype("i1"),
}


@dataclass(frozen=True)
class Operator:
    """An operator (layer) of the network.

    Attributes
    ----------
    code : int
        Its operator code, such as `CONV_2D`.
    constants : list of numpy.ndarray or None
        Its constant inputs as float32, dequantised; None for an input that is computed or absent.
    """

    code: int
    constants: list[np.ndarray | None]


def read_operators(path: Path) -> list[Operator]:
    """Read the operators of the first graph of the file at `path`, in order.

    Raises
    ------
    CheckpointError
        When the file is absent, too large, or no sound TensorFlow Lite file.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CheckpointError(f"{path} is too large for a YAMNet: more than {MOST_BYTES:,} B")
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    if content[4:8] != _IDENTIFIER:
        raise CheckpointError(f"{path} is no TensorFlow Lite file")
    try:
        return _read(_Buffer(content))
    except (ValueError, struct.error) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


class _Buffer:
    """The bytes of the file, with bounds checks that raise a `ValueError`."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def number(self, form: str, place: int) -> int:
        if not 0 <= place <= len(self.content) - struct.calcsize(form):
            raise ValueError(f"something points to byte {place:,}")
        return int(struct.unpack_from(form, self.content, place)[0])

    def root(self) -> "_Table":
        return _Table(self, self.follow(0))

    def follow(self, place: int) -> int:
        return place + self.number("<I", place)

    def vector(self, place: int, dtype: np.dtype[Any]) -> np.ndarray:
        """Return the vector that the pointer at `place` leads to."""
        start = self.follow(place)
        count = self.number("<I", start)
        end = start + 4 + count * dtype.itemsize
        if end > len(self.content):
            raise ValueError(f"something reaches to byte {end:,}")
        return np.frombuffer(self.content, dtype, count, start + 4)


@dataclass(frozen=True)
class _Table:
    buffer: _Buffer
    place: int

    def _field(self, field: int) -> int | None:
        """Return the position of a field, None where the table leaves it out."""
        layout = self.place - self.buffer.number("<i", self.place)
        if 4 + 2 * field >= self.buffer.number("<H", layout):
            return None
        offset = self.buffer.number("<H", layout + 4 + 2 * field)
        return self.place + offset if offset else None

    def number(self, field: int, form: str, default: int = 0) -> int:
        place = self._field(field)
        return default if place is None else self.buffer.number(form, place)

    def vector(self, field: int, dtype: str) -> np.ndarray:
        place = self._field(field)
        kind = np.dtype(dtype)
        return np.empty(0, kind) if place is None else self.buffer.vector(place, kind)

    def table(self, field: int) -> "_Table | None":
        place = self._field(field)
        return None if place is None else _Table(self.buffer, self.buffer.follow(place))

    def tables(self, field: int) -> list["_Table"]:
        place = self._field(field)
        if place is None:
            return []
        start = self.buffer.follow(place) + 4
        offsets = self.buffer.vector(place, np.dtype("<u4"))
        if len(offsets) > _MOST_TABLES:
            raise ValueError(f"it lists {len(offsets):,} tables")
        return [
            _Table(self.buffer, start + 4 * number + int(offset))
            for number, offset in enumerate(offsets)
        ]


def _read(content: _Buffer) -> list[Operator]:
    model = content.root()
    graphs = model.tables(_SUBGRAPHS)
    if not graphs:
        raise ValueError("it holds no graph")
    codes = [
        max(code.number(_OLD_CODE, "<b"), code.number(_CODE, "<i"))
        for code in model.tables(_OPERATOR_CODES)
    ]
    buffers, tensors = model.tables(_BUFFERS), graphs[0].tables(_TENSORS)
    found = []
    # One tensor may be named by any number of operators, each of which is given a copy.
    left = _MOST_WIDENED * len(content.content)
    for operator in graphs[0].tables(_OPERATORS):
        code = _item(codes, operator.number(_OPERATOR_INDEX, "<I"), "code")
        inputs = operator.vector(_OPERATOR_INPUTS, "<i4").tolist()
        if len(inputs) > _MOST_INPUTS:
            raise ValueError(f"an operator has {len(inputs):,} inputs")
        constants: list[np.ndarray | None] = []
        for number in inputs:
            # What is not given has the number -1.
            if number < 0:
                constants.append(None)
                continue
            tensor = _item(tensors, number, "tensor")
            data = _data(tensor, buffers)
            left -= 4 * len(data)
            if left < 0:
                raise ValueError("its constants are named far too often")
            constants.append(_constant(tensor, data))
        found.append(Operator(code, constants))
    return found


def _data(tensor: _Table, buffers: list[_Table]) -> np.ndarray:
    return _item(buffers, tensor.number(_BUFFER, "<I"), "buffer").vector(_DATA, "u1")


def _constant(tensor: _Table, data: np.ndarray) -> np.ndarray | None:
    dtype = _TYPES.get(tensor.number(_TYPE, "<b"))
    if not len(data) or dtype is None:
        return None
    shape = tensor.vector(_SHAPE, "<i4")[: _MOST_DIMENSIONS + 1].astype(object)
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"a tensor has more than {_MOST_DIMENSIONS} dimensions")
    if (shape < 0).any() or shape.prod() * dtype.itemsize != len(data):
        raise ValueError(f"a tensor of shape {shape.tolist()} has {len(data):,} bytes")
    values = data.view(dtype).reshape(shape.tolist())
    if dtype.kind == "f":
        return values.astype(np.float32)
    quantization = tensor.table(_QUANTIZATION)
    scale = np.empty(0) if quantization is None else quantization.vector(_SCALE, "<f4")
    return values if quantization is None or not len(scale) else _real(values, quantization)


def _real(values: np.ndarray, quantization: _Table) -> np.ndarray:
    """Dequantise values."""
    scale = quantization.vector(_SCALE, "<f4")
    zero = quantization.vector(_ZERO_POINT, "<i8")
    zero = zero if len(zero) else np.zeros(1, np.int64)
    shape = [1] * values.ndim
    if len(scale) > 1:
        dimension = quantization.number(_DIMENSION, "<i")
        if not 0 <= dimension < values.ndim or len(scale) != values.shape[dimension]:
            raise ValueError(f"a tensor of shape {values.shape} has {len(scale):,} scales")
        shape[dimension] = len(scale)
    if len(zero) not in (1, len(scale)):
        raise ValueError(f"a tensor has {len(scale):,} scales and {len(zero):,} zero points")
    zero = zero.reshape(shape if len(zero) > 1 else [1] * values.ndim)
    return ((values - zero) * scale.reshape(shape).astype(np.float64)).astype(np.float32)


def _item(items: Sequence[Item], number: int, what: str) -> Item:
    if not 0 <= number < len(items):
        raise ValueError(f"{what} {number} of {len(items)} is named")
    return items[number]
