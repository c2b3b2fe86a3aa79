"""Stage 10: training one classifier into a run folder; written once for all classifiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.models.calibrate import VALIDATION_SCORES, write_calibration
from src.models.classifier import Classifier
from src.models.data import TRAIN, VALIDATION, TrainingStores
from src.models.lookup import TRAINING
from src.models.probe import TABLE, Probe, choose_layer
from src.models.reference import Reference, fit_reference
from src.models.registry import classifier_class
from src.models.trials import conditions_of, trials_of
from src.utils.calibration import fit_calibration
from src.utils.config import BONA_FIDE, BY_SPEAKER, PROBE, SPOOF, LayerChoice
from src.utils.eer import compute_eer
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.store import EmbeddingStore
from src.utils.files import replacing, write_json
from src.utils.runs import Run, find_complete, list_runs, new_run
from src.utils.tables import write_csv
from src.visualize.plots import plot_losses

TRAINED_ON = "trained_on.csv"


@dataclass(frozen=True)
class Training:
    """A finished training.

    Attributes
    ----------
    run : Run
    layer : int
    validation_eer, threshold : float
        Of the model that was saved; the threshold decides as at its validation EER.
    probe : Probe or None
        The layer probe, if one was made.
    was_there : bool
        Whether an equal run was found instead of training anew.
    """

    run: Run
    layer: int
    validation_eer: float
    threshold: float
    probe: Probe | None = None
    was_there: bool = False


def train_model(
    stores: TrainingStores,
    runs: Path,
    classifier: str,
    layer: LayerChoice = PROBE,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 7,
    reuse: bool = False,
) -> Training:
    """Train a classifier on one backbone's embeddings and write a run folder.

    Parameters
    ----------
    stores : TrainingStores
    runs : pathlib.Path
        The runs folder.
    classifier : str
        A name of `config.CLASSIFIERS`.
    layer : int or 'probe'
        See `choose_layer`.
    hyperparameters : mapping, optional
        In place of the classifier's defaults.
    seed : int
    reuse : bool
        Return an equal finished run instead of training again.

    Raises
    ------
    AudiosError
        For bad arguments, unusable embeddings or a loss that is not finite.
    """
    chosen, probe = choose_layer(stores, layer, seed)
    model = classifier_class(classifier)(hyperparameters, seed)
    settings = training_settings(stores, model, chosen)
    if reuse:
        found = find_complete(list_runs(runs), TRAINING, settings, stores.inputs())
        if found:
            results = found.manifest["results"]
            eer, threshold = results["validation_eer"], results["threshold"]
            return Training(found, chosen, eer, threshold, probe, was_there=True)
    with new_run(runs, TRAINING, settings, stores.inputs()) as run:
        if probe is not None:
            write_csv(run.folder / TABLE, probe.table)
        eer, threshold = fit_into(run, model, stores, chosen, plot=True)
    return Training(run, chosen, eer, threshold, probe)


def training_settings(stores: TrainingStores, model: Classifier, layer: int) -> dict[str, Any]:
    """Return what a training run is asked to do, as its manifest keeps it."""
    # Named only where it differs, so that runs of before there was a choice are found again.
    units = {} if stores.train.units == BY_SPEAKER else {"units": stores.train.units}
    return units | {
        "backbone": stores.train.backbone,
        "classifier": model.name,
        "layer": layer,
        "hyperparameters": model.hyperparameters,
        "seed": model.seed,
    }


def fit_into(
    run: Run, model: Classifier, stores: TrainingStores, layer: int, plot: bool
) -> tuple[float, float]:
    """Fit `model` and write all that a training run holds.

    Returns
    -------
    eer, threshold : float
        On validation, of the very model that is saved.
    """
    train, validation = stores.load(layer)
    # Apart from settings and inputs, by which equal runs are found wherever their data set lies.
    run.update(
        dataset=stores.train.dataset,
        root=stores.train.manifest.get("root"),
        split=stores.train.split_recipe,
        embeddings=str(stores.train.embeddings.resolve()),
    )
    write_json(run.folder / "hyperparameters.json", run.settings)
    parts = (TRAIN, train, stores.train), (VALIDATION, validation, stores.validation)
    write_csv(run.folder / TRAINED_ON, pd.concat([_clips(*part) for part in parts]))
    history = model.fit(train, validation)
    model.save(run.folder)
    _reference(stores, layer).write(run.folder)
    scores = model.score(validation.x)
    eer, _ = compute_eer(scores, validation.y)
    calibration = fit_calibration(scores, validation.y)
    write_calibration(run.folder, calibration)
    trials = trials_of(validation, scores, calibration, stores.validation)
    trials.write(run.folder / VALIDATION_SCORES)
    if history is not None:
        for name in ("train_losses", "val_losses", "val_accuracies", "val_eers"):
            _save_array(run.folder / f"{name}.npy", getattr(history, name))
        if plot:
            plot_losses(history, run.folder / "loss_plot.png", model.name)
    results = {"validation_eer": eer, "threshold": calibration.threshold}
    if history is not None:
        results |= {f"best_{history.step}": history.best, f"{history.step}s": len(history.val_eers)}
    run.update(results=results)
    return eer, calibration.threshold


@lru_cache(maxsize=32)
def _reference(stores: TrainingStores, layer: int) -> Reference:
    """Fit it once a layer: a search comes back to few of them again and again."""
    train, validation = stores.load(layer)
    return fit_reference(train.x, validation.x)


def _clips(name: str, clips: EmbeddingSet, store: EmbeddingStore) -> pd.DataFrame:
    """List what the model has seen, so that a test can tell whether, and how far, it is new."""
    table = pd.DataFrame({"split": name, "file": clips.files, "speaker": clips.speaker})
    table["label"] = np.where(clips.y == 1, BONA_FIDE, SPOOF)
    return table.join(conditions_of(clips, store))


def _save_array(path: Path, values: np.ndarray) -> None:
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)
