"""The baseline in run folders: what they hold, what is refused, and what goes on."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.models.calibrate import calibration_of
from src.models.evaluate import evaluate_run
from src.models.lookup import find_training
from src.models.registry import load_classifier
from src.models.trained_on import TRAINED_ON
from src.models.yamnet.backbone import YamnetBackbone
from src.models.yamnet.model import YamnetClassifier
from src.models.yamnet.state import STATE
from src.models.yamnet.train_and_test import BaselineTraining, evaluate_baseline, train_baseline
from src.models.yamnet.training import Trainer
from src.models.yamnet.weights import Weights
from src.predict.detector import Detector
from src.predict.predict import predict
from src.results.compare import compare_runs
from src.results.listing import list_all
from src.results.report import write_report
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.patches import load_patches
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.errors import (
    ArgumentError,
    AudiosError,
    CheckpointError,
    DatasetError,
    EmbeddingError,
    RunError,
)
from src.utils.files import locked
from src.utils.runs import find_run, list_runs
from tests.reports.telling import told

SETTINGS = {"epochs": 2, "batch_size": 8, "learning_rate": 0.01}
WIDTH = 1 / 16


@pytest.fixture(scope="session")
def make_dataset(voice: Callable, write_audio: Callable) -> Callable[..., Dataset]:
    """Write ten people of two real and two hissing fake clips each, split by person."""

    def make(root: Path, prefix: str = "s") -> Dataset:
        random, rows = np.random.default_rng(7), []
        for number in range(10):
            person = f"{prefix}{number}"
            for label in ("bona-fide", "spoof"):
                for take in range(2):
                    wave = voice(0.3 + 0.5 * take, seed=10 * number + take)
                    hiss = random.normal(0, 0.1, len(wave)) * (label == "spoof")
                    file = f"{label}/{person}-{take}.wav"
                    write_audio(root / file, (wave + hiss).astype(np.float32))
                    rows.append((file, person, person, "MF"[number % 2], label))
        found = Dataset.open(root)
        table = pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"])
        table["attack"] = np.where(table["label"] == "spoof", "hiss", "")
        found.write_tables(table.assign(language="pt"))
        shares = Shares(pretext=0.0, downstream_train=0.5, downstream_val=0.2, downstream_test=0.3)
        split_dataset(found, SplitSettings(shares=shares), seed=7)
        return found

    return make


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("baseline") / "data")


def train(dataset: Dataset, runs: Path, **options: object) -> BaselineTraining:
    given = {"hyperparameters": SETTINGS, "width": WIDTH} | options
    return train_baseline(dataset, runs, None, **given)


@pytest.fixture(scope="module")
def runs(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run 0 is trained and tested."""
    folder = tmp_path_factory.mktemp("made") / "runs"
    evaluate_baseline(train(dataset, folder).run, dataset)
    return folder


def test_a_run_holds_what_every_training_does(runs: Path, dataset: Dataset) -> None:
    run = find_run(runs, 0)
    expected = {"manifest.json", "hyperparameters.json", "model.safetensors", "trained_on.csv"}
    expected |= {"calibration.json", "scores_val.csv", "loss_plot.png", "reference.safetensors"}
    curves = ("train_losses", "val_losses", "val_accuracies", "val_eers")
    expected |= {f"{name}.npy" for name in curves}
    expected |= {"test_results.json", "scores_test.csv", "roc_curve.png", "det_curve.png"}
    there = {path.name for path in run.folder.iterdir()}
    assert expected <= there
    assert STATE not in there
    assert {len(np.load(run.folder / f"{name}.npy")) for name in curves} == {2}
    assert run.is_complete
    assert (run.kind, run.settings["classifier"], run.settings["weights"]) == (
        "train",
        "yamnet",
        None,
    )
    assert run.settings["hyperparameters"] == SETTINGS | {"patience": 10}
    assert set(run.inputs) == {"downstream_train", "downstream_val"}
    assert run.manifest["root"] == str(dataset.root)
    assert run.manifest["split"]["strategy"] == "speaker"
    assert {"validation_eer", "threshold", "best_epoch", "epochs"} <= set(run.manifest["results"])
    seen = pd.read_csv(run.folder / TRAINED_ON)
    assert set(seen["split"]) == {"downstream_train", "downstream_val"}
    assert {"label", "attack", "language"} <= set(seen)
    scores = pd.read_csv(run.folder / "scores_val.csv")
    calibration = calibration_of(run)
    np.testing.assert_allclose(scores["llr"], calibration.llrs(scores["score"]))


def test_results_have_figures_intervals_and_groups(runs: Path) -> None:
    values = json.loads((find_run(runs, 0).folder / "test_results.json").read_text())
    assert values["n_bona_fide"] == values["n_spoof"] > 0
    assert "eer" in values["ci95"]
    assert "gender" in values["breakdowns"]


def test_the_model_is_kept_and_scores_alike_again(runs: Path, dataset: Dataset) -> None:
    run = find_run(runs, 0)
    clips = load_patches(dataset, ["downstream_test"], "Test")["downstream_test"].clips
    scores = pd.read_csv(run.folder / "scores_test.csv")
    model = load_classifier(run)
    assert isinstance(model, YamnetClassifier)
    np.testing.assert_allclose(model.score_clips(clips), scores["score"], rtol=1e-6)
    # The vector of a clip, as Predict makes it, gives the same.
    np.testing.assert_allclose(model.score(model.vectors(clips)), scores["score"], atol=1e-4)
    backbone = YamnetBackbone(model)
    waveforms = [read_waveform(dataset.path(file)) for file in clips.files]
    vectors = backbone.embed([backbone.prepare(waveform) for waveform in waveforms])
    assert vectors.shape == (len(clips), 1, 1, backbone.describe()["dim"])
    np.testing.assert_array_equal(vectors[:, 0, 0], model.vectors(clips))


def test_speakers_of_the_training_are_refused(runs: Path, dataset: Dataset, tmp_path: Path) -> None:
    root = tmp_path / "other"
    other = Dataset.create(root, dataset.audio)
    other.write_tables(dataset.read_files())
    shares = Shares(pretext=0.0, downstream_train=0.4, downstream_val=0.2, downstream_test=0.4)
    split_dataset(other, SplitSettings(shares=shares), seed=3)
    with pytest.raises(EmbeddingError, match=r"shares \d speakers with the training of run 0"):
        evaluate_baseline(find_run(runs, 0), other)


@pytest.mark.usefixtures("undrawn")
def test_results_on_another_data_set_stand_beside_its_own(
    runs: Path, make_dataset: Callable, tmp_path: Path
) -> None:
    other = make_dataset(tmp_path / "elsewhere", prefix="t")
    found = evaluate_baseline(find_run(runs, 0), other)
    assert found.path.name == "test_results_elsewhere.json"
    assert found.elsewhere == str(other.audio)
    assert (found.run.folder / "test_results.json").is_file()


@pytest.mark.usefixtures("undrawn")
def test_one_gender_is_tested_alone(runs: Path, dataset: Dataset) -> None:
    found = evaluate_baseline(find_run(runs, 0), dataset, "F")
    assert found.path.name == "test_results_F.json"
    scores = pd.read_csv(found.run.folder / "scores_test_F.csv")
    assert set(scores["gender"]) == {"F"}


def test_an_equal_run_is_found_and_a_test_too(
    runs: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Trainer, "fit", fail)
    monkeypatch.setattr(YamnetClassifier, "score_clips", fail)
    found = train(dataset, runs, reuse=True)
    assert found.was_there
    assert found.run.number == 0
    assert "(already trained)" in told("baseline", found)
    assert evaluate_baseline(found.run, dataset, reuse=True).results is not None


def test_a_killed_training_goes_on_in_its_folder(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    validate, done = Trainer._validate, []

    def stop(self: Trainer, loss: float) -> object:
        done.append(loss)
        if len(done) == 2:
            raise KeyboardInterrupt
        return validate(self, loss)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "_validate", stop)
        train(dataset, tmp_path)
    [run] = list_runs(tmp_path)
    assert run.manifest["status"] == "interrupted"
    # A kill leaves it as it was.
    run.update(status="running")
    train(dataset, tmp_path, seed=8)
    found = train(dataset, tmp_path)
    assert (found.run.number, found.n_kept) == (0, 1)
    assert "went on behind epoch 1" in told("baseline", found)
    assert [one.is_complete for one in list_runs(tmp_path)] == [True, True]
    whole = find_run(runs, 0).folder
    for name in ("model.safetensors", "val_losses.npy", "scores_val.csv", "calibration.json"):
        assert (found.run.folder / name).read_bytes() == (whole / name).read_bytes(), name


def test_two_do_not_train_into_one_folder(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "fit", stop)
        train(dataset, tmp_path)
    [run] = list_runs(tmp_path)
    with (
        locked(run.folder / ".lock", "it"),
        pytest.raises(AudiosError, match="another process is writing"),
    ):
        train(dataset, tmp_path)


def test_tasks_for_vectors_name_the_right_one(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run 0 is a yamnet baseline.*fab TestBaseline --run-num"):
        evaluate_run(find_run(runs, 0), tmp_path)
    # It is not found where nobody asked for it.
    with pytest.raises(RunError, match=r"no trained run in .*fab TrainModel"):
        find_training(runs)
    assert find_training(runs, classifier="yamnet").number == 0
    with pytest.raises(RunError, match=r"no yamnet run in .*fab TrainBaseline"):
        find_training(tmp_path, classifier="yamnet")


def test_weights_that_do_not_fit_leave_no_run(dataset: Dataset, tmp_path: Path) -> None:
    weights = Weights("a.pth", "0", {}, is_folded=False)
    with pytest.raises(CheckpointError, match=r"a\.pth lacks the weights layers\.1\.conv\.weight"):
        train_baseline(dataset, tmp_path, weights, SETTINGS, width=WIDTH)
    assert not list_runs(tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_the_weights_are_named_in_the_settings(dataset: Dataset, tmp_path: Path) -> None:
    given = YamnetClassifier(width=WIDTH).network.state_dict()
    found = train_baseline(
        dataset,
        tmp_path,
        Weights("a.pth", "0", given, False),
        SETTINGS | {"epochs": 1},
        width=WIDTH,
    )
    assert found.run.settings["weights"] == {"file": "a.pth", "sha256": "0"}
    assert found.run.settings["width"] == WIDTH
    assert "random weights" not in told("baseline", found)
    evaluate_baseline(found.run, dataset)
    write_report(found.run, tmp_path)
    card = (found.run.folder / "model_card.md").read_text()
    assert "trained as a whole from the weights of a.pth" in card


def test_a_split_without_a_class_is_told(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load_patches(dataset, ["downstream_train", "downstream_val"], "Test")
    validation = found["downstream_val"]
    only = validation.clips.where(validation.clips.y == 1)
    found["downstream_val"] = type(validation)(dataset, only, "")
    monkeypatch.setattr("src.models.yamnet.train_and_test.load_patches", lambda *_: found)
    with pytest.raises(DatasetError, match="downstream_val holds no spoof clip"):
        train(dataset, tmp_path)
    assert not list_runs(tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_pages_listings_and_comparisons_tell_of_it(runs: Path, dataset: Dataset) -> None:
    run = find_run(runs, 0)
    page = write_report(run, runs).read_text()
    card = (run.folder / "model_card.md").read_text()
    assert "log-mel + yamnet" in page
    assert "layer ?" not in page + card
    assert "trained as a whole from random weights" in card
    listing = list_all(runs, None, "yamnet")
    assert listing.table["what"].tolist() == ["log-mel + yamnet"]
    assert not listing.faults
    second = train(dataset, runs, seed=9).run
    untested = write_report(second, runs).read_text()
    assert f"fab TestBaseline --dataset={dataset.root} --run-number={second.number}" in untested
    with pytest.raises(RunError, match=r"is not tested; run first: fab TestBaseline --dataset"):
        compare_runs(runs, [0, second.number])
    evaluate_baseline(second, dataset)
    compared = compare_runs(runs, [0, second.number])
    assert {entry.run.number for entry in compared.entries} == {0, second.number}


def test_it_judges_new_recordings(runs: Path, dataset: Dataset) -> None:
    run = find_run(runs, 0)
    scores = pd.read_csv(run.folder / "scores_test.csv")
    # The others are too short to judge.
    file, score = scores.loc[scores["file"].str.endswith("-1.wav"), ["file", "score"]].iloc[0]
    # Made-up voices are no speech.
    found = predict(run, dataset.path(file), any_sound=True)
    [verdict] = found.verdicts
    assert verdict.score == pytest.approx(score, abs=1e-4)
    with pytest.raises(ArgumentError, match="--checkpoint: run 0 is of yamnet, and has none"):
        Detector.load(run, "somewhere")
