"""Saving and loading scikit-learn pipelines as skops files, which hold no code."""

from collections.abc import Sequence
from pathlib import Path

import skops.io
from sklearn.pipeline import Pipeline

from src.utils.errors import RunError
from src.utils.files import replacing

NAME = "model.skops"


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
        pipeline = skops.io.load(path, trusted=list(trusted))
    except Exception as error:  # skops raises what its parts raise, from zipfile to KeyError
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(f"{path} cannot be trusted or read: {reason}") from error
    if not isinstance(pipeline, Pipeline):
        raise RunError(f"{path} holds a {type(pipeline).__name__}, not a pipeline")
    return pipeline
