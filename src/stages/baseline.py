"""Stages 10 and 11 of the baseline, which is given recordings and no vectors."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from src.audit.summary import Audited, find_audit
from src.models.data import TEST
from src.models.evaluate import Evaluation
from src.models.lookup import find_training
from src.models.yamnet.train_and_test import BaselineTraining, train_baseline
from src.models.yamnet.weights import NONE, load_weights
from src.networks.evaluate import evaluate_network
from src.results.report import write_report
from src.utils.config import BASELINE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings


def train(
    dataset: Path,
    runs: Path,
    weights: str = NONE,
    epochs: int | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 7,
    on_audit: Callable[[Audited | None], None] | None = None,
) -> BaselineTraining:
    """Train the baseline, into a run folder with its page.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    weights : str
        What it starts from: a file, `package` or `none` (see `load_weights`).
    epochs : int, optional
        The most there are, in place of what `hyperparameters` says.
    hyperparameters : mapping, optional
        In place of the classifier's defaults.
    seed : int
        Of everything random.
    on_audit : callable, optional
        Called, before the training, with what the newest audit says of the recordings.

    Raises
    ------
    AudiosError
        As `load_weights` and `train_baseline` do.
    """
    values = dict(hyperparameters or {})
    if epochs is not None:
        values["epochs"] = epochs
    loaded, source = load_weights(weights), Dataset.open(dataset)
    if on_audit is not None:
        on_audit(find_audit(runs, str(source.audio.resolve())))
    training = train_baseline(source, runs, loaded, values, seed)
    write_report(training.run, runs)
    return training


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
