"""Files of `torch.save`, measured before they are loaded; nothing in them is executed.

Such a file holds a pickle that names tensors, and their numbers apart from it. Torch's own loading
of weights alone executes nothing, but believes what the pickle says: a tensor of 2 kB may be seen
as one of 8 GB, and numbers may be made of nothing.
"""

import io
import pickletools
import zipfile
from pathlib import Path
from typing import Any

import torch

from src.utils.tensor_file import check_bytes, first_line
from src.utils.zip_bounds import open_zip

LARGEST_PICKLE = 1 << 21
"""Bytes of the pickle that names the tensors, of which large models have a thousand."""

_STORAGES = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
_NAMED = frozenset(
    (
        "collections OrderedDict",
        "torch._utils _rebuild_tensor",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(f"torch {kind}Storage" for kind in _STORAGES),
    )
)
"""All that a pickle of plain weights names: no sparse, quantised or nested tensors."""

_OLD_PICKLES = 3
"""The pickles before that of the weights in a file of before torch 1.6: a mark, a version and the
sizes of numbers."""


def torch_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of a file, without reading any.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    ValueError
        Saying what is wrong: when it is absent or damaged, names more than plain weights, or its
        tensors claim more numbers than it has.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            _check_names(stream, size)
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise ValueError(first_line(error)) from error
    named = _load(path, "meta")
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in named.values())
    if claimed > size:
        raise ValueError(f"its tensors claim {claimed:,} bytes, of which it has {size:,}")
    return {name: tuple(tensor.shape) for name, tensor in named.items()}


def load_torch(path: Path, most_bytes: int) -> dict[str, torch.Tensor]:
    """Return the tensors of a file by name, on the CPU.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    most_bytes : int
        What it may have at the most.

    Raises
    ------
    ValueError
        As `torch_shapes` does, or when the file is too large.
    """
    check_bytes(path, most_bytes)
    torch_shapes(path)
    return _load(path, "cpu")


def _load(path: Path, device: str) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises whatever its readers of zip and pickle do
        raise ValueError(first_line(error)) from error
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ValueError("it holds something else than weights by name")
    return {str(name): tensor.detach() for name, tensor in state.items()}


def _check_names(stream: Any, size: int) -> None:
    """Fail for a pickle that names what no plain weights do, or numbers beyond the file."""
    start = stream.read(4)
    stream.seek(0)
    if start[:2] == b"PK":
        with open_zip(stream) as archive:
            named = [info for info in archive.infolist() if _is_pickle(info)]
            if len(named) != 1 or named[0].file_size > LARGEST_PICKLE:
                raise ValueError("it lists no tensors, or far too many")
            _check_pickle(io.BytesIO(archive.read(named[0])), size)
        return
    pickles = io.BytesIO(stream.read(LARGEST_PICKLE))
    for _ in range(_OLD_PICKLES):
        _check_pickle(pickles, None)
    _check_pickle(pickles, size)


def _is_pickle(info: zipfile.ZipInfo) -> bool:
    return info.filename.count("/") == 1 and info.filename.endswith("/data.pkl")


def _check_pickle(content: io.BytesIO, size: int | None) -> None:
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name in ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"):
                raise ValueError("its pickle makes objects of a kind that it does not name")
            if operation.name == "GLOBAL" and argument not in _NAMED:
                shown = ".".join(str(argument).split())[:80]
                raise ValueError(f"it holds {shown!r}, which is no plain tensor of weights")
            # Sizes, strides and places of numbers that the file has are no larger than it.
            if isinstance(argument, int) and size is not None and abs(argument) > size:
                raise ValueError(f"it names the number {argument:,}, and has {size:,} bytes")
    except (UnicodeDecodeError, IndexError, KeyError) as error:
        raise ValueError(f"its pickle is damaged: {first_line(error)}") from error
