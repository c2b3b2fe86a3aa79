"""A graph in ONNX looked at before it is loaded: which other files it would have read.

Weights may lie in files beside the graph, which it names by their paths. The message format is that
of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; what is no weight is stepped over.
"""

from collections.abc import Iterator
from pathlib import Path

import onnxruntime

from src.utils.errors import CheckpointError, StorageError
from src.utils.tensor_file import first_line

LARGEST = 2 << 30
"""Bytes: protobuf's own limit."""

_MODEL = {7: "graph", 20: "training", 25: "function"}
_BELOW = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse", 23: "sparse"},
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "pair"},
}
"""By the kind of a message, the kinds of those that lie in its fields and may name a file."""
_DEEPEST = 64
_LOCATION = b"location"


def files_of(path: Path, what: str) -> list[Path]:
    """Return the files that a graph in ONNX is kept in: itself, and those with its weights.

    Parameters
    ----------
    path : pathlib.Path
        The graph.
    what : str
        What it is, for messages, with its article.

    Raises
    ------
    CheckpointError
        When it is absent, too large, no graph in ONNX, or names a file outside its folder.
    StorageError
        When it cannot be read.
    """
    if not path.is_file():
        raise CheckpointError(f"{what} {path} is not there")
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"{what} {path} is larger than {LARGEST >> 30} GB")
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    try:
        names = sorted({name.decode() for name in _locations(memoryview(content), "model", 0)})
    except (ValueError, IndexError) as error:
        raise CheckpointError(f"{what} {path} is no graph in ONNX") from error
    folder = path.resolve().parent
    found = [path]
    for name in names:
        place = folder / name
        # Links are followed: what counts is which file would be read.
        if "\0" in name or not place.resolve().is_relative_to(folder) or not place.is_file():
            raise CheckpointError(
                f"{what} {path} keeps weights in {name[:80]!r}, which is no file in its "
                f"folder; put it there, or save the graph as one file"
            )
        found.append(place)
    return found


def open_graph(path: Path, what: str, threads: int = 0) -> onnxruntime.InferenceSession:
    """Load a graph in ONNX to compute by it on the CPU; only operators of ONNX are known.

    Parameters
    ----------
    path : pathlib.Path
        The graph, which `files_of` has looked at.
    what : str
        What it is, for messages, with its article.
    threads : int
        That share an operator's work; 0 for as many as there are cores.

    Raises
    ------
    CheckpointError
        When it cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads, options.intra_op_num_threads = 1, threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen kinds
        raise CheckpointError(f"{what} {path} cannot be loaded: {first_line(error)}") from error


def _locations(message: memoryview, kind: str, depth: int) -> Iterator[bytes]:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    for field, value in _fields(message):
        below = _BELOW[kind].get(field)
        if below == "pair":
            pair = dict(_fields(value))
            if bytes(pair.get(1, b"")) == _LOCATION:
                yield bytes(pair.get(2, b""))
        elif below is not None:
            yield from _locations(value, below, depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and the bytes of every field that holds some."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == 0:
            _, at = _varint(message, at)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        elif wire == 2:
            size, at = _varint(message, at)
            if at + size > len(message):
                raise ValueError("cut short")
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError("a wire type that is none")
    if at != len(message):
        raise ValueError("cut short")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number that does not end")
