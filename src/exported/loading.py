"""What makes vectors of waveforms and what scores them, of a run of one detector."""

from pathlib import Path
from typing import Any

from src.exported.about import is_exported
from src.exported.model import load_exported
from src.models.classifier import Scorer
from src.models.lookup import is_network, require_current
from src.models.registry import load_classifier
from src.utils.config import WEIGHTED
from src.utils.embeddings.backbones import Backbone, load_backbone
from src.utils.embeddings.backbones.selected import SelectedBackbone
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.selection import Selection
from src.utils.errors import ArgumentError, CheckpointError
from src.utils.runs import Run

_SPAN = ("first_layer", "layers")
"""Entries of a backbone's description that select layers, and do not change their values."""


def load_single(run: Run, checkpoint: str | None = None) -> tuple[Backbone, Scorer]:
    """Load what makes vectors of waveforms and what scores them, of a run that is no fusion.

    Parameters
    ----------
    run : Run
        A finished training, or an exported one.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).

    Raises
    ------
    ArgumentError
        When a checkpoint is given for a backbone that has none.
    CheckpointError
        When the checkpoint cannot be loaded or is another than the run was trained on.
    RunError
        When a file of the run is absent or damaged, or the run is of before its backbone had
        its name.
    """
    if is_exported(run.folder):
        network, scorer = load_exported(run)
        if network is None:
            return _load_backbone(run, checkpoint), scorer
        if checkpoint is not None:
            raise ArgumentError("--checkpoint: an exported network holds all of its weights")
        return network, scorer
    if is_network(run):
        # Here, since torch is not needed for classifiers of built-in vectors.
        from src.networks.loading import load_network

        return load_network(run, checkpoint)
    require_current(run)
    classifier = load_classifier(run)
    return _load_backbone(run, checkpoint), classifier


def _load_backbone(run: Run, checkpoint: str | None) -> Backbone:
    ours, selection = run.settings["backbone"], Selection.of(run.settings)
    if selection.layer == WEIGHTED:
        first = ours.get("first_layer", 0)
        span = first, first + ours["layers"] - 1
    else:
        span = selection.layer, selection.layer
    backbone = load_own_backbone(run, span, checkpoint)
    return backbone if selection.is_plain else SelectedBackbone(backbone, selection)


def load_own_backbone(run: Run, span: tuple[int, int], checkpoint: str | None = None) -> Backbone:
    """Load the backbone whose vectors a classifier was trained on.

    Parameters
    ----------
    run : Run
        A training of a classifier of vectors.
    span : (int, int)
        The first and the last layer that are wanted of it.
    checkpoint : str, optional
        Folder or hub id of its checkpoint (default: where it was in training).

    Raises
    ------
    CheckpointError
        When the checkpoint cannot be loaded or is another than the run was trained on.
    """
    ours = run.settings["backbone"]
    name, precision = ours["name"], ours.get("precision", "auto")
    named = checkpoint or ours.get("checkpoint")
    if checkpoint is None and named and _is_gone(named):
        raise CheckpointError(
            f"the checkpoint of run {run.number} is no longer at {named}; pass the folder where it "
            f"is now: --checkpoint=FOLDER"
        )
    backbone = load_backbone(name, named, precision, span)
    differs = backbone_differences(_without_span(ours), _without_span(backbone.describe()))
    if differs:
        what, remedy = f"the built-in {name}", "train anew"
        if named:
            what, remedy = f"the checkpoint {named}", "pass that one: --checkpoint=FOLDER"
        raise CheckpointError(
            f"{what} is another than run {run.number} was trained on ({', '.join(differs)} "
            f"differ); {remedy}"
        )
    return backbone


def _is_gone(checkpoint: str) -> bool:
    """Return whether a checkpoint is the absolute path of a folder that no longer exists."""
    path = Path(checkpoint)
    return path.is_absolute() and not path.is_dir()


def _without_span(about: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key not in _SPAN}
