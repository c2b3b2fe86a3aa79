"""Saving and loading scikit-learn pipelines as skops files, which hold no code."""

from collections.abc import Sequence
from pathlib import Path

import skops.io
from sklearn.pipeline import Pipeline

from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.tensor_file import first_line
from src.utils.zip_bounds import open_zip

NAME = "model.skops"

_MOST_EXPANSION = 20
"""How many times its own size a file may unpack to; AUDIOS packs none."""


def save_pipeline(folder: Path, pipeline: Pipeline) -> None:
    """Write a fitted pipeline as `model.skops` into a folder."""
    with replacing(folder / NAME) as temporary:
        skops.io.dump(pipeline, temporary)


def load_pipeline(folder: Path, trusted: Sequence[str] = ()) -> Pipeline:
    """Read a pipeline, accepting skops' own safe types and trusted ones.

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
        pipeline = skops.io.load(path, trusted=list(trusted))
    except Exception as error:  # skops raises what its parts raise, from zipfile to KeyError
        raise RunError(
            f"{path} cannot be trusted or read: {first_line(error)}; train it again"
        ) from error
    if not isinstance(pipeline, Pipeline):
        raise RunError(f"{path} holds a {type(pipeline).__name__}, not a pipeline")
    return pipeline
