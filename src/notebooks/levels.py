"""An experiment for a notebook: the baseline with and without level normalisation."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation.results import Results
from src.models.data import TEST
from src.networks.choice import NetworkChoice
from src.networks.evaluate import evaluate_network
from src.networks.train import NetworkTraining, train_network
from src.utils.config import BASELINE, LOG_MEL
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.normalize import normalize_dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.dataset.split_recordings import SplitRecordings

AS_RECORDED, AT_ONE_LEVEL = "as recorded", "RMS 0.1"

# A few dozen recordings make only a few steps of 16 an epoch, too few to learn anything in.
_SMALL_STEPS: dict[str, Any] = {"batch_size": 8, "learning_rate": 2e-3}

_SHARES = Shares(0.0, downstream_train=0.6, downstream_val=0.2, downstream_test=0.2)


@dataclass(frozen=True)
class Attempt:
    """The baseline trained and tested on one version of the recordings.

    Attributes
    ----------
    name : str
        The version of the recordings.
    training : NetworkTraining
        The training run.
    results : Results
        The metrics of the test.
    """

    name: str
    training: NetworkTraining
    results: Results

    @property
    def curve(self) -> Path:
        """The figure of its learning curve."""
        return self.training.run.folder / "loss_plot.png"

    @property
    def validation_accuracy(self) -> float:
        """Accuracy on validation of the epoch that early stopping kept."""
        accuracies = np.load(self.training.run.folder / "val_accuracies.npy")
        return float(accuracies[self.training.results["best_epoch"]])


@dataclass(frozen=True)
class Experiment:
    """Both attempts, with the temporary folder that holds their files.

    Attributes
    ----------
    attempts : list of Attempt
        As recorded, then at one level.
    folder : tempfile.TemporaryDirectory
        Removed with this object.
    """

    attempts: list[Attempt]
    folder: TemporaryDirectory

    @property
    def table(self) -> pd.DataFrame:
        """Metrics of validation and test, a row an attempt; rates are between 0 and 1."""
        rows = []
        for one in self.attempts:
            low, high = one.results.ci95["eer"]
            rows.append(
                {
                    "recordings": one.name,
                    "validation EER": one.training.results["validation_eer"],
                    "validation accuracy": one.validation_accuracy,
                    "test EER": one.results.detection.eer,
                    "test from": low,
                    "test to": high,
                }
            )
        return pd.DataFrame(rows)


def try_levels(dataset: Dataset, epochs: int, width: float, seed: int = 7) -> Experiment:
    """Train and test the baseline on the recordings as they are, and on a copy at one level.

    The same people train, validate and test both. Nothing is written into the data set.

    Parameters
    ----------
    dataset : Dataset
        A data set with its tables.
    epochs : int
        Number of training epochs.
    width : float
        Width multiplier of the network (see `Yamnet`).
    seed : int
        Seed of the split and of the training.

    Raises
    ------
    AudiosError
        When it cannot be split or trained on.
    """
    folder = TemporaryDirectory()
    root = Path(folder.name)
    recorded = Dataset.create(root / "recorded", dataset.audio, dataset.mounts)
    recorded.write_tables(dataset.read_files())
    levelled = normalize_dataset(recorded, root / "levelled").dataset
    attempts = []
    for name, version in ((AS_RECORDED, recorded), (AT_ONE_LEVEL, levelled)):
        split_dataset(version, SplitSettings(shares=_SHARES, spread_without_spoofs=True), seed)
        steps = _SMALL_STEPS | {"epochs": epochs}
        choice = NetworkChoice(LOG_MEL, BASELINE, {"width": str(width)}, seconds=2, trainer=steps)
        training = train_network(version, root / "runs", choice.recipe(), seed, workers=0)
        evaluation = evaluate_network(training.run, SplitRecordings.read(version, TEST))
        attempts.append(Attempt(name, training, evaluation.results))
    return Experiment(attempts, folder)
