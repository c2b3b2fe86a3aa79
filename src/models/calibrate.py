"""The calibration of a run, kept in its folder."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from src.utils.config import CLEAN, LABEL_VALUE
from src.utils.errors import RunError
from src.utils.files import write_json
from src.utils.metrics.calibration import Calibration, fit_calibration
from src.utils.runs import Run
from src.utils.shapes import Shape, read_shaped
from src.utils.tables import read_csv

CALIBRATION = "calibration.json"
VALIDATION_SCORES = "scores_val.csv"
CALIBRATED_ON = "calibrated_on"
"""The entry of a run's manifest that says what it was calibrated on, where not by its training."""
_REMEDY = "train again"

_KINDS: dict[str, Callable] = get_type_hints(Calibration)


class _Shape(Shape):
    """A calibration on disk: one that falls would turn scores around."""

    slope: NonNegativeFloat
    offset: float
    threshold: float
    confidence: Annotated[float, Field(gt=0.5, le=1)]
    n_bona_fide: NonNegativeInt
    n_spoof: NonNegativeInt
    fitted_on: Literal["clean", "matched", "all"] = "clean"


def write_calibration(folder: Path, calibration: Calibration, fitted_on: str = CLEAN) -> None:
    """Write a calibration into a run's folder.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run.
    calibration : Calibration
        The calibration.
    fitted_on : {'clean', 'matched', 'all'}
        The validation clips that it was fitted on, told where they were not as recorded.
    """
    told = {} if fitted_on == CLEAN else {"fitted_on": fitted_on}
    write_json(folder / CALIBRATION, asdict(calibration) | told)


def fitted_on(run: Run) -> str:
    """Return which validation clips a run's calibration was fitted on, of `CALIBRATED_ON`.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    RunError
        When its calibration is damaged.
    """
    path = run.folder / CALIBRATION
    found = read_shaped(path, _Shape, _REMEDY) if path.is_file() else {}
    return str(found.get("fitted_on", CLEAN))


def has_calibration(run: Run) -> bool:
    """Say whether something tells what a run's scores mean.

    Parameters
    ----------
    run : Run
        A training.
    """
    return any((run.folder / name).is_file() for name in (CALIBRATION, VALIDATION_SCORES))


def calibration_of(run: Run) -> Calibration:
    """Return a run's calibration, fitted on its validation scores where an older run has none.

    Raises
    ------
    RunError
        When its file, or that of the validation scores, is damaged, or there is neither.
    AudiosError
        When the validation scores cannot be read, or lack a class.
    """
    path = run.folder / CALIBRATION
    if path.is_file():
        return _read(path)
    path = run.folder / VALIDATION_SCORES
    if not path.is_file():
        raise RunError(
            f"run {run.number} ({run.folder}) has no calibration: nothing tells what its scores "
            f"mean; fit one on clips of your own: fab CalibrateRun --run-number={run.number} "
            f"--dataset=FOLDER"
        )
    table = read_csv(path)
    try:
        scores = table["score"].to_numpy(np.float64)
        labels = table["label"].map(LABEL_VALUE).to_numpy(np.float64)
    except (KeyError, ValueError) as error:
        raise RunError(f"{path} is damaged: {error!r}") from error
    return fit_calibration(scores, labels)


def _read(path: Path) -> Calibration:
    values = read_shaped(path, _Shape, _REMEDY)
    return Calibration(**{name: kind(values[name]) for name, kind in _KINDS.items()})
