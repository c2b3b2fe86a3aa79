"""Stage 10: training one classifier into a run folder; written once for all classifiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from src.models.classifier import Classifier
from src.models.data import TrainingStores
from src.models.preparation import DEFAULTS
from src.models.probe import TABLE, Probe, choose_layer
from src.models.record import Fitted, Part, record_inputs, record_outcome
from src.models.reference import Reference, fit_reference
from src.models.registry import CLASSIFIERS
from src.utils.config import ALL, BY_SPEAKER, CLEAN, PROBE, LayerChoice
from src.utils.embeddings.selection import Selection, check_pooling
from src.utils.metrics.calibration import fit_calibration
from src.utils.runs import Kind, Run, find_complete, list_runs, new_run
from src.utils.tables import write_csv


@dataclass(frozen=True)
class Training:
    """A finished training.

    Attributes
    ----------
    run : Run
        Its folder and manifest.
    selection : Selection
        What of the backbone's output it was trained on.
    validation_eer, threshold : float
        Of the model that was saved; the threshold decides as at its validation EER.
    probe : Probe or None
        The layer probe, if one was made.
    was_there : bool
        Whether an equal run was found instead of training anew.
    """

    run: Run
    selection: Selection
    validation_eer: float
    threshold: float
    probe: Probe | None = None
    was_there: bool = False


def train_model(
    stores: TrainingStores,
    runs: Path,
    classifier: str,
    layer: LayerChoice = PROBE,
    pooling: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 7,
    reuse: bool = False,
) -> Training:
    """Train a classifier on one backbone's embeddings and write a run folder.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings to train and to validate on.
    runs : pathlib.Path
        The runs folder.
    classifier : str
        A name of `registry.CLASSIFIERS`.
    layer : int, 'probe' or 'weighted'
        See `choose_layer`; `weighted` for a classifier that learns the weights of all layers.
    pooling : str, optional
        The one statistic of a clip's frames that is taken, such as `mean`; by default all.
    hyperparameters : mapping, optional
        In place of the classifier's defaults.
    seed : int
        Of the layer probe and of the training.
    reuse : bool
        Return an equal finished run instead of training again.

    Raises
    ------
    AudiosError
        For bad arguments, unusable embeddings or a loss that is not finite.
    """
    model = CLASSIFIERS.load(classifier)(hyperparameters, seed)
    pooling = check_pooling(pooling, stores.train.stats)
    model.require_layers(layer)
    chosen, probe = choose_layer(stores, layer, seed, pooling)
    selection = Selection(chosen, pooling)
    settings = training_settings(stores, model, selection)
    if reuse:
        found = _find_equal(runs, settings, stores.inputs())
        if found:
            results = found.manifest["results"]
            eer, threshold = results["validation_eer"], results["threshold"]
            return Training(found, selection, eer, threshold, probe, was_there=True)
    with new_run(runs, Kind.TRAINING, settings, stores.inputs()) as run:
        if probe is not None:
            write_csv(run.folder / TABLE, probe.table)
        eer, threshold = fit_into(run, model, stores, selection, plot=True)
    return Training(run, selection, eer, threshold, probe)


def _find_equal(runs: Path, settings: dict[str, Any], inputs: dict[str, Any]) -> Run | None:
    """Return the newest equal run, also of before there was a choice of `preparation.DEFAULTS`."""
    before = {
        name: value
        for name, value in settings["hyperparameters"].items()
        if DEFAULTS.get(name) != value
    }
    there = list_runs(runs)
    for hyperparameters in (settings["hyperparameters"], before):
        asked = settings | {"hyperparameters": hyperparameters}
        found = find_complete(there, Kind.TRAINING, asked, inputs)
        if found:
            return found
    return None


def training_settings(
    stores: TrainingStores, model: Classifier, selection: Selection
) -> dict[str, Any]:
    """Return what a training run is asked to do, as its manifest keeps it.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings to train and to validate on.
    model : Classifier
        With the hyperparameters and the seed that it is trained with.
    selection : Selection
        What of the backbone's output it is trained on.
    """
    # Named only where it differs, so that runs of before there was a choice are found again.
    units = {} if stores.train.units == BY_SPEAKER else {"units": stores.train.units}
    augmented = {} if stores.augmentation is None else {"augmented": stores.augmentation}
    calibrate = {} if stores.calibrate == CLEAN else {"calibrate": stores.calibrate}
    return (
        units
        | augmented
        | calibrate
        | {
            "backbone": stores.train.backbone,
            "classifier": model.name,
            **selection.settings,
            "hyperparameters": model.hyperparameters,
            "seed": model.seed,
        }
    )


def fit_into(
    run: Run, model: Classifier, stores: TrainingStores, selection: Selection, plot: bool
) -> tuple[float, float]:
    """Fit `model` and write all that a training run holds.

    Parameters
    ----------
    run : Run
        A new run.
    model : Classifier
        Not yet fitted.
    stores : TrainingStores
        The embeddings to train and to validate on.
    selection : Selection
        What of the backbone's output it is trained on.
    plot : bool
        Whether to draw how the training went.

    Returns
    -------
    eer, threshold : float
        On validation, of the very model that is saved.
    """
    train, validation = stores.load(selection)
    # Their copies are of the same recordings.
    seen = Part(train.as_recorded, stores.train), Part(validation, stores.validation)
    record_inputs(run, *seen)
    run.update(embeddings=str(stores.train.embeddings.resolve()))
    history = model.fit(train, validation)
    model.save(run.folder)
    _reference(stores, selection).write(run.folder)
    scores = model.score(validation.x)
    fitted = _calibrate(model, stores, selection, scores, validation.y)
    return record_outcome(run, seen[1], scores, history, plot, fitted)


def _calibrate(
    model: Classifier,
    stores: TrainingStores,
    selection: Selection,
    scores: np.ndarray,
    y: np.ndarray,
) -> Fitted | None:
    """Fit the calibration on degraded clips, with the others where all are asked for."""
    degraded = stores.load_degraded(selection)
    if degraded is None:
        return None
    of_degraded, labels = model.score(degraded.x), degraded.y
    if stores.calibrate == ALL:
        of_degraded, labels = np.r_[scores, of_degraded], np.r_[y, labels]
    return Fitted(fit_calibration(of_degraded, labels), stores.calibrate)


@lru_cache(maxsize=32)
def _reference(stores: TrainingStores, selection: Selection) -> Reference:
    """Fit it once a selection: a search comes back to few of them again and again."""
    train, validation = stores.load(selection)
    return fit_reference(train.x, validation.x)
