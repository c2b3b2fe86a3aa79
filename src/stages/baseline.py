"""Stages 10 and 11 of the YAMNet baseline, a network as others with a task of its own name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from src.audit.summary import Audited
from src.models.data import TEST
from src.models.evaluate import Evaluation
from src.models.lookup import find_training
from src.networks.back_ends.yamnet.start import YamnetStart
from src.networks.back_ends.yamnet.weights import NONE, load_weights
from src.networks.choice import NetworkChoice
from src.networks.evaluate import evaluate_network
from src.networks.train import NetworkTrainings
from src.results.report import write_report
from src.stages.networks import train_recipe
from src.utils.config import BASELINE, LOG_MEL
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings

DEFAULTS: dict[str, Any] = {"epochs": 10, "patience": 10, "batch_size": 16, "learning_rate": 3e-4}
"""How the baseline is trained where nobody says otherwise."""
_SECONDS = 3.375
"""Of a window: six patches, as many as a usual clip has, and not a sample more."""


def train(
    dataset: Path,
    runs: Path,
    weights: str = NONE,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 7,
    workers: int | None = None,
    on_audit: Callable[[Audited | None], None] | None = None,
) -> NetworkTrainings:
    """Train the baseline, into a run folder with its page.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    weights : str
        What it starts from: a file, `package` or `none` (see `load_weights`).
    hyperparameters : mapping, optional
        Of `TrainerSettings`, in place of `DEFAULTS`.
    seed : int
        Of everything random.
    workers : int, optional
        See `train_network`.
    on_audit : callable, optional
        Called, before the training, with what the newest audit says of the recordings.

    Raises
    ------
    AudiosError
        As `load_weights` and `train_network` do.
    """
    given = DEFAULTS | dict(hyperparameters or {})
    loaded = load_weights(weights)
    recipe = NetworkChoice(LOG_MEL, BASELINE, seconds=_SECONDS, trainer=given).recipe()
    if loaded is not None:
        recipe = replace(recipe, weights=YamnetStart(loaded))
    source = Dataset.open(dataset)
    return train_recipe(recipe, source, runs, seed, workers=workers, on_audit=on_audit)


def test(
    dataset: Path, runs: Path, run_number: int | None = None, gender: str | None = None
) -> Evaluation:
    """Test a training of the baseline, into its own folder, and write its page anew.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    run_number : int, optional
        The training's number; by default the baseline's newest.
    gender : {'M', 'F'}, optional
        Only recordings of this gender.

    Raises
    ------
    RunError
        When there is no such training.
    AudiosError
        As `evaluate_network` does.
    """
    run = find_training(runs, None, BASELINE, run_number)
    source = SplitRecordings.read(Dataset.open(dataset), TEST)
    evaluation = evaluate_network(run, source, gender)
    write_report(run, runs)
    return evaluation
