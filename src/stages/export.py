"""A run's detector as files that judge without its run: ONNX or TorchScript."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from src.exported.about import default_folder
from src.models.lookup import find_training
from src.scoring.clips import find_clips
from src.utils.config import ONNX

if TYPE_CHECKING:
    from src.predict.exporting import Export


def export(
    embeddings: Path,
    runs: Path,
    form: str = ONNX,
    output: Path | None = None,
    dataset: Path | None = None,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    checkpoint: str | None = None,
) -> Export:
    """Export a training, held against its own scores of test clips.

    Parameters
    ----------
    embeddings : pathlib.Path
        The embeddings' folder, by whose store the data set of an older run is found.
    runs : pathlib.Path
        The runs folder.
    form : str
        A name of `SUFFIXES`.
    output : pathlib.Path, optional
        The folder that is written; by default one in the run's folder.
    dataset : pathlib.Path, optional
        The folder of the data set whose test clips are compared on; by default the run's own.
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
        When there is no such training or data set, or as `export_run` does.
    """
    run = find_training(runs, backbone, classifier, run_number, study_number)
    source = find_clips(run, dataset, embeddings)
    # Here, since torch takes seconds that a wrong flag need not wait for.
    from src.predict.exporting import export_run

    folder = default_folder(run, form) if output is None else output
    return export_run(run, source, folder, form, checkpoint)
