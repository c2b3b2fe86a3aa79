"""Saving and loading scikit-learn pipelines as skops files, which hold no code."""

import io
import json
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import sklearn.utils
from sklearn.pipeline import Pipeline

from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.tensor_file import first_line
from src.utils.zip_bounds import open_zip

NAME = "model.skops"

TRUSTED = (
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.Normalizer",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.decomposition._pca.PCA",
)
"""Full names of the types of scikit-learn that every pipeline is made of."""

_MOST_EXPANSION = 20
"""How many times its own size a file may unpack to; AUDIOS packs none."""
_SCHEMA = "schema.json"


@cache
def _skops() -> ModuleType:
    """Import skops without its walk through all of scikit-learn, which loads torch and the rest.

    By the walk it would trust every estimator there is; here those alone that are named.
    """
    walk = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda *_, **__: []
    try:
        return import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = walk


def save_pipeline(folder: Path, pipeline: Pipeline) -> None:
    """Write a fitted pipeline as `model.skops` into a folder; equal ones as equal bytes."""
    content = _without_chance(_skops().dumps(pipeline))
    with replacing(folder / NAME) as temporary:
        temporary.write_bytes(content)


def load_pipeline(folder: Path, trusted: Sequence[str] = ()) -> Pipeline:
    """Read a pipeline, accepting skops' own safe types, `TRUSTED` and further ones.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of the model.
    trusted : sequence of str
        Full names of further types to accept.

    Raises
    ------
    RunError
        When the file is absent, damaged or holds any other type.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder} holds no {NAME}")
    try:
        with path.open("rb") as stream:
            open_zip(stream, _MOST_EXPANSION).close()
        pipeline = _skops().load(path, trusted=[*TRUSTED, *trusted])
    except Exception as error:  # skops raises what its parts raise, from zipfile to KeyError
        raise RunError(
            f"{path} cannot be trusted or read: {first_line(error)}; train it again"
        ) from error
    if not isinstance(pipeline, Pipeline):
        raise RunError(f"{path} holds a {type(pipeline).__name__}, not a pipeline")
    return pipeline


def _without_chance(content: bytes) -> bytes:
    """Return a skops file without what differs between two equal models.

    skops names objects and members by where they lay in memory, and zip notes the time. Here they
    are numbered in the order in which the schema tells of them.
    """
    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(buffer, "w") as new:
        members: dict[str, str] = {}
        schema = _numbered(json.loads(old.read(_SCHEMA)), {}, members)
        for name, numbered in members.items():
            _write(new, numbered, _without_padding(name, old.read(name)))
        # In one line: nobody reads the thousands of a forest, and breaking them takes seconds.
        _write(new, _SCHEMA, json.dumps(schema).encode())
    return buffer.getvalue()


def _numbered(node: Any, objects: dict[int, int], members: dict[str, str]) -> Any:
    """Return a part of the schema with new numbers, which are added to `objects` and `members`."""
    if isinstance(node, list):
        return [_numbered(item, objects, members) for item in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            found[key] = objects.setdefault(value, len(objects) + 1)
        elif key == "file" and isinstance(value, str):
            found[key] = members.setdefault(value, f"{len(members) + 1}{Path(value).suffix}")
        else:
            found[key] = _numbered(value, objects, members)
    return found


def _without_padding(name: str, content: bytes) -> bytes:
    """Return an array's file with zeros between its fields, where trees leave foreign memory."""
    if Path(name).suffix != ".npy":
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    kind = array.dtype
    if not kind.fields:
        return content
    is_padding = np.ones(kind.itemsize, dtype=bool)
    for field, offset, *_ in kind.fields.values():
        is_padding[offset : offset + field.itemsize] = False
    start = len(content) - array.nbytes
    data = np.frombuffer(content, np.uint8, offset=start).reshape(-1, kind.itemsize).copy()
    data[:, is_padding] = 0
    return content[:start] + data.tobytes()


def _write(archive: ZipFile, name: str, content: bytes) -> None:
    # A `ZipInfo` that is told no time has the first that zip can tell.
    archive.writestr(ZipInfo(name), content)
