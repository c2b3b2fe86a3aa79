"""Trainings of networks in run folders: what they hold, what is refused, and what goes on."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.models.calibrate import calibration_of
from src.models.lookup import is_network
from src.models.reference import Reference
from src.networks.examples import Augmenting
from src.networks.settings import NETWORK, NetworkSettings
from src.networks.train import NetworkRecipe, NetworkTraining, train_network
from src.networks.trained import TrainedNetwork
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.state import STATE, Progress
from src.utils.audio.augmentations.chain import Recipe
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.waveforms import NAME
from src.utils.errors import AudiosError, DatasetError
from src.utils.runs import list_runs
from tests.networks.runs import SETTINGS, make_run

RECIPE = NetworkRecipe(
    NetworkSettings("raw", "aasist", samples=4800, back={"variant": "aasist-l"}),
    trainer=TrainerSettings(epochs=2, batch_size=10, learning_rate=1e-3, front_learning_rate=1e-3),
    augmenting=Augmenting(Recipe(("white", "gain"), (1, 2)), 0.5),
)


def train(
    dataset: Dataset, runs: Path, recipe: NetworkRecipe = RECIPE, **options: Any
) -> NetworkTraining:
    return train_network(dataset, runs, recipe, **{"workers": 0} | options)


@pytest.fixture(scope="module")
def done(spoken: Dataset, tmp_path_factory: pytest.TempPathFactory) -> NetworkTraining:
    return train(spoken, tmp_path_factory.mktemp("trained") / "runs", log_to="tensorboard")


def bytes_of(training: NetworkTraining) -> dict[str, bytes]:
    """Return what a run holds, but for times and drawings."""
    left_out = {"manifest.json"}
    files = [path for path in training.run.folder.iterdir() if path.is_file()]
    return {path.name: path.read_bytes() for path in files if path.name not in left_out}


def test_a_run_holds_what_every_training_does(done: NetworkTraining, spoken: Dataset) -> None:
    run = done.run
    expected = {"manifest.json", "hyperparameters.json", "model.safetensors", "trained_on.csv"}
    expected |= {"calibration.json", "scores_val.csv", "loss_plot.png", "reference.safetensors"}
    curves = ("train_losses", "val_losses", "val_accuracies", "val_eers")
    expected |= {f"{name}.npy" for name in curves}
    there = {path.name for path in run.folder.iterdir()}
    assert expected <= there
    assert not there & {STATE, NAME}
    assert {len(np.load(run.folder / f"{name}.npy")) for name in curves} == {2}
    assert run.is_complete
    assert is_network(run)
    settings = run.settings
    assert (settings["backbone"]["name"], settings["classifier"]) == ("raw", "aasist")
    assert settings[NETWORK]["back"] == {"variant": "aasist-l"}
    assert settings["hyperparameters"]["loss"] == "cross-entropy"
    assert settings["augmentation"]["probability"] == 0.5
    assert set(run.inputs) == {"downstream_train", "downstream_val"}
    assert done.results["epochs"] == 2
    assert list((run.folder / "tensorboard").glob("events.*"))
    seen = pd.read_csv(run.folder / "trained_on.csv")
    assert set(seen["split"]) == {"downstream_train", "downstream_val"}


def test_the_kept_network_scores_as_on_validation(done: NetworkTraining, spoken: Dataset) -> None:
    trained = TrainedNetwork.of(done.run)
    scores = pd.read_csv(done.run.folder / "scores_val.csv")
    waveforms = [read_waveform(spoken.path(file)) for file in scores["file"]]
    vectors = trained.vectors([trained.prepare(one) for one in waveforms])
    np.testing.assert_allclose(trained.score(vectors), scores["score"], atol=1e-5)
    llrs = calibration_of(done.run).llrs(scores["score"].to_numpy())
    np.testing.assert_allclose(scores["llr"], llrs)
    reference = Reference.read(done.run.folder)
    assert reference is not None
    assert reference.mean.shape == (vectors.shape[1],)


def test_an_equal_training_is_found_or_made_to_the_same_bytes(
    done: NetworkTraining, spoken: Dataset
) -> None:
    runs = done.run.folder.parent
    again = train(spoken, runs, reuse=True)
    assert again.was_there
    assert again.run.folder == done.run.folder
    anew = train(spoken, runs)
    assert anew.run.folder != done.run.folder
    assert bytes_of(anew) == bytes_of(done)


class _KilledError(BaseException):
    pass


def test_a_killed_training_goes_on_in_its_folder(
    done: NetworkTraining, spoken: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Progress.write

    def killed(self: Progress, folder: Path) -> None:
        write(self, folder)
        raise _KilledError

    with monkeypatch.context() as patch, pytest.raises(_KilledError):
        patch.setattr(Progress, "write", killed)
        train(spoken, tmp_path)
    [run] = list_runs(tmp_path)
    assert (run.folder / STATE).is_file()
    assert not (run.folder / NAME).exists()
    resumed = train(spoken, tmp_path)
    assert resumed.run.folder == run.folder
    assert resumed.n_kept == 1
    assert bytes_of(resumed) == bytes_of(done)


def test_what_cannot_be_read_is_listed_and_left_out(
    make_spoken: Callable[[Path], Dataset], tmp_path: Path
) -> None:
    dataset = make_spoken(tmp_path / "data")
    table = pd.read_csv(dataset.root / "splits/by_file/files-downstream_train.csv")
    file = table["file"][0]
    dataset.path(file).write_bytes(b"no sound")
    one_epoch = replace(RECIPE, trainer=replace(RECIPE.trainer, epochs=1))
    found = train(dataset, tmp_path / "runs", one_epoch)
    assert list(found.rejected) == [file]
    assert list(dataset.read_rejected("TrainNetwork")) == [file]
    assert file not in set(pd.read_csv(found.run.folder / "trained_on.csv")["file"])
    for name in table["file"][table["label"] == "spoof"]:
        dataset.path(name).unlink()
    with pytest.raises(DatasetError, match=r"downstream_train .*spoof"):
        train(dataset, tmp_path / "runs", one_epoch)
    assert not list_runs(tmp_path / "runs")[-1].is_complete


def test_the_network_of_a_run_goes_on(
    done: NetworkTraining, spoken: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = NetworkSettings.of(done.run)
    further = replace(
        RECIPE,
        network=replace(settings, samples=3200),
        start=done.run,
        # A rate so low that what is learnt anew cannot be told from where it began.
        trainer=TrainerSettings(epochs=1, batch_size=10, learning_rate=0, front_learning_rate=0),
    )
    found = train(spoken, tmp_path, further)
    assert found.run.settings["started_from"] == done.run.folder.name
    assert set(found.run.inputs) == {"downstream_train", "downstream_val", "start"}
    assert NetworkSettings.of(found.run).samples == 3200
    before, after = (
        dict(TrainedNetwork.of(one.run).network.named_parameters()) for one in (done, found)
    )
    for name, value in before.items():
        np.testing.assert_array_equal(after[name].detach(), value.detach())


@pytest.mark.parametrize(
    ("head", "outputs", "loss", "is_kept"),
    [
        ("linear", 2, "cross-entropy", True),
        ("selu", 2, "cross-entropy", True),
        ("cosine", 2, "am-softmax", True),
        ("cosine", 1, "am-softmax", False),
        ("linear", 1, "oc-softmax", False),
        ("cosine", 1, "cross-entropy", False),
    ],
)
def test_a_trained_output_layer_goes_on_where_the_loss_takes_it(
    head: str,
    outputs: int,
    loss: str,
    is_kept: bool,
    spoken: Dataset,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As those of published detectors, which have one output a class; what begins anew is told."""
    start = make_run(spoken, tmp_path, settings=replace(SETTINGS, head=head, outputs=outputs))
    still = TrainerSettings(epochs=1, batch_size=10, learning_rate=0, front_learning_rate=0)
    further = NetworkRecipe(NetworkSettings.of(start), loss, still, start=start)
    found = TrainedNetwork.of(train(spoken, tmp_path, further).run)
    before = TrainedNetwork.of(start).network.head.state_dict()
    after = found.network.head.state_dict()
    is_same = before.keys() == after.keys() and all(
        np.array_equal(value, after[name]) for name, value in before.items()
    )
    assert is_same == is_kept
    assert (found.settings.head == head and found.settings.outputs == outputs) == is_kept
    told = f"--loss={loss} needs another output layer than run 0 has: a new one is trained"
    assert (told in caplog.text) != is_kept


def test_seeds_give_other_networks(done: NetworkTraining, spoken: Dataset, tmp_path: Path) -> None:
    other = train(spoken, tmp_path, seed=8)
    assert other.run.settings["seed"] == 8
    files = [one.run.folder / "model.safetensors" for one in (done, other)]
    assert files[0].read_bytes() != files[1].read_bytes()


def test_the_learning_rate_is_told_where_a_loss_is_never_finite(
    spoken: Dataset, tmp_path: Path
) -> None:
    wild = TrainerSettings(
        epochs=1, batch_size=10, warmup=0.0, max_norm=0.0, learning_rate=1e30, weight_decay=0.0
    )
    with pytest.raises(AudiosError, match=r"not a finite number.*learning-rate"):
        train(spoken, tmp_path, replace(RECIPE, trainer=wild))
    [run] = list_runs(tmp_path)
    assert json.loads((run.folder / "manifest.json").read_text())["status"] == "failed"
