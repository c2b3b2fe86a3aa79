"""Writing TensorFlow Lite files for the tests of their reader, field by field."""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Field = tuple[str, int]
"""A struct format and a number."""


@dataclass
class Vector:
    """Numbers that a field points to."""

    values: np.ndarray


@dataclass
class Table:
    """A FlatBuffer table: what it holds by the number of the field."""

    fields: dict[int, Any] = field(default_factory=dict)


def encode(root: Table) -> bytes:
    """Return a file with the identifier of TensorFlow Lite; what is pointed to comes behind."""
    content = bytearray(8)
    content[4:8] = b"TFL3"
    _point(content, 0, _add(content, root))
    return bytes(content)


def _point(content: bytearray, place: int, target: int) -> None:
    struct.pack_into("<I", content, place, target - place)


def _add(content: bytearray, item: Any) -> int:
    content += bytes(-len(content) % 8)
    if isinstance(item, Vector):
        # The numbers themselves are aligned to 8 bytes, as far as any of them needs.
        content += bytes(4)
        place = len(content)
        content += struct.pack("<I", len(item.values)) + item.values.tobytes()
        return place
    if isinstance(item, list):
        place = len(content)
        content += struct.pack("<I", len(item)) + bytes(4 * len(item))
        for number, one in enumerate(item):
            _point(content, place + 4 + 4 * number, _add(content, one))
        return place
    return _add_table(content, item)


def _add_table(content: bytearray, table: Table) -> int:
    count = max(table.fields, default=-1) + 1
    layout, offsets, size = len(content), [0] * count, 4
    for number, value in sorted(table.fields.items()):
        width = struct.calcsize(value[0]) if isinstance(value, tuple) else 4
        size += -size % width
        offsets[number] = size
        size += width
    content += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *offsets)
    content += bytes(-len(content) % 8)
    place = len(content)
    content += bytes(size)
    struct.pack_into("<i", content, place, place - layout)
    for number, value in table.fields.items():
        if isinstance(value, tuple):
            struct.pack_into(value[0], content, place + offsets[number], value[1])
        else:
            _point(content, place + offsets[number], _add(content, value))
    return place


_TYPES = {"<f4": 0, "<f2": 1, "<i4": 2, "|i1": 9}


class Model:
    """A graph of operators and their constants, one after the other."""

    def __init__(self) -> None:
        # The first buffer is the empty one, of what is computed.
        self.buffers, self.tensors = [Table()], [Table({2: ("<I", 0)})]
        self.operators: list[Table] = []
        self.codes: list[int] = []

    def constant(
        self, values: np.ndarray, scale: Any = None, zero: Any = None, dimension: int = 0
    ) -> int:
        """Add a constant and return its number; `scale` says that it is quantised."""
        self.buffers.append(Table({0: Vector(np.frombuffer(values.tobytes(), np.uint8))}))
        fields: dict[int, Any] = {
            0: Vector(np.array(values.shape, "<i4")),
            1: ("<b", _TYPES[values.dtype.str]),
            2: ("<I", len(self.buffers) - 1),
        }
        if scale is not None:
            quantization: dict[int, Any] = {2: Vector(np.atleast_1d(scale).astype("<f4"))}
            if zero is not None:
                quantization[3] = Vector(np.atleast_1d(zero).astype("<i8"))
            fields[4] = Table(quantization | {6: ("<i", dimension)})
        self.tensors.append(Table(fields))
        return len(self.tensors) - 1

    def add(self, code: int, *inputs: int) -> None:
        """Add an operator on what is computed and these constants."""
        if code not in self.codes:
            self.codes.append(code)
        self.operators.append(
            Table({0: ("<I", self.codes.index(code)), 1: Vector(np.array([0, *inputs], "<i4"))})
        )

    def encode(self) -> bytes:
        graph = Table({0: self.tensors, 3: self.operators})
        codes = [Table({0: ("<b", min(code, 127)), 3: ("<i", code)}) for code in self.codes]
        return encode(Table({0: ("<I", 3), 1: codes, 2: [graph], 4: self.buffers}))

    def write(self, path: Path) -> Path:
        path.write_bytes(self.encode())
        return path
