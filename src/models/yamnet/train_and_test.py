"""Training the baseline into a run folder, and testing it as all classifiers are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.models.data import TEST, TRAIN, VALIDATION
from src.models.evaluate import Evaluation, evaluate_clips
from src.models.record import Part, record_inputs, record_outcome
from src.models.reference import Reference, enough_clips, fit_reference
from src.models.yamnet.backbone import INPUT
from src.models.yamnet.model import YamnetClassifier
from src.models.yamnet.network import YamNet
from src.models.yamnet.state import STATE
from src.models.yamnet.training import Trainer
from src.models.yamnet.weights import Weights
from src.utils.config import BY_SPEAKER
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.patches import PatchSet, SplitPatches, load_patches
from src.utils.runs import Kind, Run, find_complete, list_runs, resumed_run

TRAIN_STAGE, TEST_STAGE = "TrainBaseline", "TestBaseline"


@dataclass(frozen=True)
class BaselineTraining:
    """A finished training of the baseline.

    Attributes
    ----------
    run : Run
        The run of the training.
    validation_eer, threshold : float
        EER of the saved model on validation, and its decision threshold there.
    n_epochs, best : int
        Number of epochs, and index of the one kept by early stopping.
    n_kept : int
        Number of epochs that an interrupted training had finished before.
    rejected : dict of str to str
        The reason of each rejected recording.
    was_there : bool
        Whether an equal finished run was reused.
    """

    run: Run
    validation_eer: float
    threshold: float
    n_epochs: int
    best: int
    n_kept: int
    rejected: dict[str, str]
    was_there: bool = False


def train_baseline(
    dataset: Dataset,
    runs: Path,
    weights: Weights | None,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 7,
    reuse: bool = False,
    width: float = 1.0,
) -> BaselineTraining:
    """Train the baseline on a data set's own split and write a run folder.

    An equal training that was killed is resumed, in its folder, after its last finished epoch.

    Parameters
    ----------
    dataset : Dataset
        A data set with its split.
    runs : pathlib.Path
        The runs folder.
    weights : Weights or None
        Pretrained weights to start from; None for random ones.
    hyperparameters : mapping, optional
        Values that replace the classifier's defaults.
    seed : int
        Seed of the weights and of the order of patches.
    reuse : bool
        Return an equal finished run instead of training again.
    width : float
        Width multiplier of `YamNet`; a narrow network trains fast and detects worse.

    Raises
    ------
    AudiosError
        For bad arguments, an unusable data set, weights that do not fit or a loss that is not
        finite.
    """
    model = YamnetClassifier(hyperparameters, seed, width)
    if weights is not None:
        # First, so that what does not fit shows before recordings are read.
        weights.fill(YamNet(1, width))
    parts = load_patches(dataset, (TRAIN, VALIDATION), TRAIN_STAGE)
    for name, part in parts.items():
        part.clips.require_both_classes(name)
    settings = _settings(model, parts[TRAIN], weights)
    if width != 1:
        settings["width"] = width
    inputs: dict[str, Any] = {name: part.fingerprint for name, part in parts.items()}
    rejected = dataset.read_rejected(TRAIN_STAGE)
    if reuse:
        found = find_complete(list_runs(runs), Kind.TRAINING, settings, inputs)
        if found:
            return _finished(found, 0, rejected, was_there=True)
    train, validation = (Part(part.clips, part) for part in parts.values())
    with resumed_run(runs, Kind.TRAINING, settings, inputs) as run:
        record_inputs(run, train, validation)
        trainer = Trainer(model, parts[TRAIN].clips, parts[VALIDATION].clips, run.folder)
        progress = trainer.fit(weights)
        model.save(run.folder)
        _fit_reference(model, parts[TRAIN].clips, parts[VALIDATION].clips).write(run.folder)
        scores = model.score_clips(parts[VALIDATION].clips)
        record_outcome(run, validation, scores, progress.history())
        # Before the run is complete: nothing would remove it after a kill behind that.
        (run.folder / STATE).unlink(missing_ok=True)
    return _finished(run, progress.n_before, rejected)


def evaluate_baseline(
    run: Run, dataset: Dataset, gender: str | None = None, reuse: bool = False
) -> Evaluation:
    """Test a run of the baseline on a data set's own test split, as `evaluate_run` does.

    Parameters
    ----------
    run : Run
        A training run of the baseline.
    dataset : Dataset
        The data set whose test split is scored.
    gender, reuse
        See `evaluate_run`.

    Raises
    ------
    AudiosError
        When the split is absent or unusable, shares a speaker with what the run was trained on, or
        lacks a class.
    RunError
        When the model cannot be loaded.
    """
    part = load_patches(dataset, (TEST,), TEST_STAGE)[TEST]
    model = YamnetClassifier.of(run)
    return evaluate_clips(run, part, lambda: part.clips, model.score_clips, gender, reuse)


def _settings(
    model: YamnetClassifier, train: SplitPatches, weights: Weights | None
) -> dict[str, Any]:
    """Return the settings of a training, as its manifest keeps them."""
    units = train.clips.units
    # Named only where it differs, as all trainings do.
    return ({} if units == BY_SPEAKER else {"units": units}) | {
        "backbone": INPUT,
        "classifier": model.name,
        "weights": None if weights is None else weights.describe(),
        "hyperparameters": model.hyperparameters,
        "seed": model.seed,
    }


def _fit_reference(model: YamnetClassifier, train: PatchSet, validation: PatchSet) -> Reference:
    """Fit a reference on no more clips than it would use, since each must be computed."""
    some = (clips.where(enough_clips(len(clips))) for clips in (train, validation))
    return fit_reference(*(model.vectors(clips) for clips in some))


def _finished(
    run: Run, n_kept: int, rejected: dict[str, str], was_there: bool = False
) -> BaselineTraining:
    found = run.manifest["results"]
    return BaselineTraining(
        run=run,
        validation_eer=found["validation_eer"],
        threshold=found["threshold"],
        n_epochs=found["epochs"],
        best=found["best_epoch"],
        n_kept=n_kept,
        rejected=rejected,
        was_there=was_there,
    )
