"""Safetensors files, whose header is measured before it is parsed; none holds code."""

from pathlib import Path
from typing import Any, Literal

from safetensors import safe_open

LARGEST_HEADER = 1 << 22
"""Bytes of the list of tensors; the largest models' lists have a tenth. The library itself would
parse one of 100 MB."""


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of a file, without reading any.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    ValueError
        Saying what is wrong, when it is absent or damaged.
    """
    check_header(path)
    try:
        with safe_open(path, "np") as file:
            keys = file.keys()
            return {name: tuple(file.get_slice(name).get_shape()) for name in keys}
    except Exception as error:  # the library raises errors of its own and of Python
        raise ValueError(first_line(error)) from error


def load_tensors(
    path: Path, framework: Literal["pt", "np"] = "pt", most_bytes: int | None = None
) -> dict[str, Any]:
    """Return the tensors of a file by name.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    framework : {'pt', 'np'}
        Whether they are torch's or numpy's.
    most_bytes : int, optional
        What it may have at the most.

    Raises
    ------
    ValueError
        Saying what is wrong, when it is absent, damaged or too large.
    """
    check_header(path)
    if most_bytes is not None:
        check_bytes(path, most_bytes)
    try:
        with safe_open(path, framework) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # the library raises errors of its own and of Python
        raise ValueError(first_line(error)) from error


def first_line(error: Exception) -> str:
    """Return what an error of another library says, without the lines behind the first.

    Parameters
    ----------
    error : Exception
        The error.
    """
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def check_bytes(path: Path, most_bytes: int) -> None:
    """Fail for a file that is too large to be read.

    Parameters
    ----------
    path, most_bytes
        See `load_tensors`.

    Raises
    ------
    ValueError
        Saying how many those are.
    """
    if path.stat().st_size > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")


def check_header(path: Path) -> None:
    """Fail for a file whose list of tensors is not in it, or too long.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            header = int.from_bytes(stream.read(8), "little")
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if size < 8 or header > min(size - 8, LARGEST_HEADER):
        raise ValueError(f"its header of {header:,} bytes is not in its {size:,}, or too long")
