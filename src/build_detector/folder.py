"""The folder of a detector that is given away: as of a run, without a trace of the machine."""

import io
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from src.models.calibrate import write_calibration
from src.models.classifier import Classifier
from src.models.reference import Reference
from src.models.sklearn_file import NAME
from src.predict.bandwidths import Bandwidths, write_bandwidths
from src.predict.shipped import ABOUT, read_shipped
from src.utils.errors import AudiosError
from src.utils.files import make_folder, replacing, write_json, write_text
from src.utils.metrics.calibration import Calibration
from src.utils.runs import MANIFEST, MODEL_CARD, Kind
from src.utils.tables import write_csv

MOST_BYTES = 5_000_000
SCORES = "scores_held_out.csv"

_LIBRARIES = ("numpy", "scikit-learn", "skops", "safetensors")
"""By which the files are written; which machine they were written on is nobody's business."""
_DECIMALS = 5


def write_detector(
    folder: Path,
    model: Classifier,
    calibration: Calibration,
    reference: Reference,
    bandwidths: Bandwidths | None,
    backbone: Mapping[str, Any],
    about: Mapping[str, Any],
    scores: pd.DataFrame,
    card: str,
) -> Path:
    """Write a detector in place of the one that is there, in one step.

    Parameters
    ----------
    folder : pathlib.Path
        The detector's, whose name is its own.
    model : Classifier
        Fitted.
    calibration : Calibration
        Of scores of clips of other sources.
    reference : Reference
        Of the training's vectors.
    bandwidths : Bandwidths or None
        Of the training's recordings.
    backbone : mapping
        What it says of itself.
    about : mapping
        What `detector.json` is to hold.
    scores : pandas.DataFrame
        Of the clips held out.
    card : str
        The model card, as Markdown.

    Raises
    ------
    AudiosError
        When it takes more than `MOST_BYTES`, or the folder cannot be written to.
    """
    new = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new)
    settings = {
        "backbone": dict(backbone),
        "classifier": model.name,
        "layer": 0,
        "hyperparameters": model.hyperparameters,
        "seed": model.seed,
    }
    write_json(new / "hyperparameters.json", settings)
    manifest = {
        "kind": str(Kind.TRAINING),
        "number": 0,
        "status": "complete",
        "started": about["made"],
        "settings": settings,
        "environment": {"libraries": {name: version(name) for name in _LIBRARIES}},
    }
    write_json(new / MANIFEST, manifest)
    model.save(new)
    if (new / NAME).is_file():
        _pack(new / NAME)
    write_calibration(new, calibration)
    reference.write(new)
    if bandwidths is not None:
        write_bandwidths(new, bandwidths)
    write_json(new / ABOUT, dict(about))
    write_csv(new / SCORES, scores.round(_DECIMALS))
    write_text(new / MODEL_CARD, card)
    size = read_shipped(new).size
    if size > MOST_BYTES:
        shutil.rmtree(new)
        raise AudiosError(
            f"the detector takes {size / 1e6:.1f} MB, more than {MOST_BYTES / 1e6:.0f}: "
            f"{model.name} is too large to be given away"
        )
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    return folder


def _pack(path: Path) -> None:
    """Compress what a model's file holds, which the training of a run leaves as it is."""
    content = io.BytesIO(path.read_bytes())
    with replacing(path) as temporary, ZipFile(content) as old, ZipFile(temporary, "w") as new:
        for member in old.infolist():
            # A `ZipInfo` that is told no time has the first that zip can tell.
            new.writestr(ZipInfo(member.filename), old.read(member), ZIP_DEFLATED)
