"""What files of our own must hold: a shape for each kind, checked where the file is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from src.utils.errors import AudiosError, RunError
from src.utils.files import read_json


class Shape(BaseModel):
    """An object of JSON: a field with a default may be left out, since older files lack it.

    Nothing is converted: a number in quotes is no number. What a shape does not name is let
    through, since a newer AUDIOS may have written it.
    """

    model_config = ConfigDict(strict=True, extra="ignore", protected_namespaces=())


def read_shaped(
    path: Path, shape: Any, remedy: str, error: type[Exception] = RunError
) -> dict[str, Any]:
    """Read a JSON file and check it.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    shape : type
        A `Shape`.
    remedy : str
        What to do about a damaged file, behind its fault.
    error : type
        What to raise.

    Returns
    -------
    dict
        As the file has it, what the shape does not name included.

    Raises
    ------
    AudiosError
        Of the type `error`, when it is absent, no JSON, or JSON of another shape.
    """
    try:
        value = read_json(path)
    except AudiosError as fault:
        raise error(f"{fault}; {remedy}" if path.is_file() else str(fault)) from fault
    found: dict[str, Any] = require_shape(value, shape, path, remedy, error)
    return found


def require_shape(
    value: Any, shape: Any, path: Path, remedy: str, error: type[Exception] = RunError
) -> Any:
    """Return a value that has a shape, as it is.

    Parameters
    ----------
    value : Any
        As JSON gives it.
    shape : type
        A `Shape`, or any other type that pydantic knows.
    path : pathlib.Path
        The file that it is from, for the message.
    remedy, error
        See `read_shaped`.

    Raises
    ------
    AudiosError
        Of the type `error`, naming the file, the first fault and the remedy.
    """
    fault = fault_of(value, shape)
    if fault is not None:
        raise error(f"{path} is damaged: {fault}; {remedy}")
    return value


def fault_of(value: Any, shape: Any) -> str | None:
    """Return the first thing that keeps a value from having a shape, None where nothing does.

    Parameters
    ----------
    value : Any
        As JSON gives it.
    shape : type
        A `Shape`, or any other type that pydantic knows.
    """
    try:
        TypeAdapter(shape).validate_python(value, strict=True)
    except ValidationError as error:
        return _first(error.errors(include_url=False, include_context=False)[0])
    return None


def _first(fault: Mapping[str, Any]) -> str:
    place = ".".join(str(step) for step in fault["loc"] if not str(step).startswith("function-"))
    kind, given = fault["type"], fault["input"]
    if kind == "missing":
        return f"{place} is missing"
    if kind == "model_type":
        return f"{place or 'it'} is {_told(given)}, not an object"
    return f"{place or 'it'} is {_told(given)}: {fault['msg'].lower()}"


def _told(value: Any) -> str:
    """Return a value as a message tells it: lists and objects by their kind alone."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    return repr(value)[:40]
