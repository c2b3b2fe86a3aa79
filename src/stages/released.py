"""Detectors that others released, and what makes their scores mean something."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from src.models.lookup import find_training
from src.networks.released.importing import Origin, import_detector
from src.predict.calibrating import Calibrated, calibrate_run
from src.results.report import write_report
from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings

if TYPE_CHECKING:
    from src.utils.runs import Run

_, VALIDATION, _ = DOWNSTREAM_SPLITS


@dataclass(frozen=True)
class Imported:
    """A detector that was imported.

    Attributes
    ----------
    run : Run
        The run that was made of it.
    calibrated : Calibrated or None
        How it was calibrated, if it was.
    """

    run: "Run"
    calibrated: Calibrated | None


def import_weights(
    kind: str,
    weights: Path,
    runs: Path,
    checkpoint: str | None = None,
    origin: Origin | None = None,
    dataset: Path | None = None,
    split: str = VALIDATION,
) -> Imported:
    """Make a run of a released detector, with its page, and calibrate it where clips are given.

    Parameters
    ----------
    kind : str
        A name of `RELEASED`.
    weights : pathlib.Path
        The file of its weights.
    runs : pathlib.Path
        The runs folder.
    checkpoint : str, optional
        Folder or hub id of its encoder, where the weights are of the back end alone.
    origin : Origin, optional
        Where it is from, as far as it is told.
    dataset : pathlib.Path, optional
        The folder of the data set that it is calibrated on.
    split : str
        Of that data set.

    Raises
    ------
    AudiosError
        As `import_detector` and `calibrate_run` do.
    """
    # Read first, so that what is wrong with it shows before there is a run.
    source = None if dataset is None else _recordings(dataset, split)
    run = import_detector(kind, weights, runs, checkpoint, origin)
    calibrated = None if source is None else calibrate_run(run, source)
    write_report(run, runs)
    return Imported(run, calibrated)


def calibrate(
    dataset: Path,
    runs: Path,
    split: str = VALIDATION,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    checkpoint: str | None = None,
) -> Calibrated:
    """Fit threshold and calibration of a training on clips, and write its page anew.

    Parameters
    ----------
    dataset : pathlib.Path
        The folder of the data set.
    runs : pathlib.Path
        The runs folder.
    split : str
        Of the data set.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number : int, optional
        The training's number; by default the newest that fits, or the study's best.
    study_number : int, optional
        The study that the training is a trial of.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).

    Raises
    ------
    AudiosError
        When there is no such training or split, or as `calibrate_run` does.
    """
    run = find_training(runs, backbone, classifier, run_number, study_number)
    done = calibrate_run(run, _recordings(dataset, split), checkpoint)
    write_report(run, runs)
    return done


def _recordings(dataset: Path, split: str) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(dataset), split)
