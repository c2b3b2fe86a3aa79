"""Training on augmented copies, and calibrating on degraded validation clips."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src import stages
from src.models.calibrate import calibration_of, fitted_on
from src.models.data import TrainingStores
from src.models.registry import load_classifier
from src.models.train import Training, train_model
from src.models.trained_on import read_trained_on
from src.reports import report_training
from src.results.blocks.text import render_text
from src.results.listing import list_all
from src.results.sections.calibration import calibration_facts
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import ALL, CLEAN, MATCHED
from src.utils.dataset.split import Shares, SplitSettings
from src.utils.embeddings.copies import Copies
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, DatasetError, EmbeddingError
from src.utils.files import read_json, write_json
from src.utils.metrics.calibration import fit_calibration
from tests.utils.embeddings.toy import PEOPLE

TRAIN, VAL = "downstream_train", "downstream_val"
COPIES = Copies(Recipe(("noise", "gain"), (1, 2), Material(snr_db=(-5.0, 5.0))), 2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, make_cetuc: Callable) -> Path:
    """A folder with a data set, and its embeddings with two copies of the training clips."""
    folder = tmp_path_factory.mktemp("augmented")
    stages.dataset.generate_tables(make_cetuc(folder / "release", PEOPLE))
    stages.dataset.split(folder / "release", SplitSettings(shares=Shares(pretext=0.0)))
    stages.embeddings.generate_embeddings(folder / "release", "lfcc", folder / "e", copies=COPIES)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """The embeddings in a folder that the test may change; the recordings stay where they are."""
    shutil.copytree(made / "e", tmp_path / "e")
    return tmp_path


def train(place: Path, calibrate: str = CLEAN, classifier: str = "lr", **options):
    options = {"augmented": True, "calibrate": calibrate} | options
    return stages.models.train("lfcc", classifier, place / "e", place / "runs", **options)


def test_it_learns_from_all_copies(place: Path) -> None:
    stores = TrainingStores.open(place / "e", "lfcc", augmented=True)
    learnt, validation = stores.load(Selection(0))
    clean = stores.train.load(0)
    assert len(learnt) == 3 * len(clean)
    assert learnt.copy.tolist() == [n for n in (0, 1, 2) for _ in range(len(clean))]
    np.testing.assert_array_equal(learnt.as_recorded.x, clean.x)
    for number, store in enumerate(stores.copies, 1):
        np.testing.assert_array_equal(learnt.x[learnt.copy == number], store.load(0).x)
    assert set(validation.copy) == {0}
    # What layers are compared by is as it was recorded.
    assert len(stores.load_together(Selection(0))) == len(clean) + len(validation)
    plain = TrainingStores.open(place / "e", "lfcc")
    training, other = (train_model(one, place / "runs", "lr", 0) for one in (stores, plain))
    scores = [load_classifier(one.run).score(validation.x) for one in (training, other)]
    assert not np.allclose(*scores)
    seen = read_trained_on(training.run)
    assert sorted(seen["file"]) == sorted([*clean.files, *validation.files])


def test_a_run_says_that_it_is_augmented(place: Path) -> None:
    training = train(place, MATCHED)
    plain = train_model(TrainingStores.open(place / "e", "lfcc"), place / "runs", "lr", 0)
    how = training.run.settings["augmented"]
    assert how == COPIES.recipe.describe() | {"seed": 7, "copies": 2}
    names = {TRAIN, VAL, f"{TRAIN}.copy1", f"{TRAIN}.copy2", f"{VAL}.degraded1"}
    assert set(training.run.inputs) == names
    assert "augmented" not in plain.run.settings
    assert {row["run"]: row["what"] for row in list_all(place / "runs").rows} == {
        "0": "lfcc + lr, augmented, layer 0",
        "1": "lfcc + lr, layer 0",
    }
    told = "2 copies of each training clip by 1 to 2 of noise, gain (noise at -5 to 5 dB, seed 7)"
    assert told in render_text(report_training(training))
    stages.models.test(place / "e", place / "runs", run_number=0)
    for path in (training.run.report, training.run.folder / "model_card.md"):
        text = path.read_text().replace("&#39;", "'")
        assert told in text
        assert "clips of validation, degraded as the training's copies are" in text

    # Neither is taken for the other, nor for one on fewer copies.
    def again() -> Training:
        stores = TrainingStores.open(place / "e", "lfcc", augmented=True)
        return train_model(stores, place / "runs", "lr", 0, reuse=True)

    assert [again().was_there, again().was_there] == [False, True]
    shutil.rmtree(place / "e/lfcc" / f"{TRAIN}.copy2")
    assert not again().was_there


def test_a_study_learns_from_them(place: Path) -> None:
    def search(augmented: bool, n_trials: int = 1):
        return stages.models.optimize(
            "lfcc", "lr", place / "e", place / "runs", n_trials, reuse=True, augmented=augmented
        )

    study, other = search(True), search(False)
    assert (study.study.number, other.study.number) == (0, 1)
    assert study.study.settings["augmented"]["copies"] == 2
    assert "2 copies of each training clip" in study.study.report.read_text()
    assert search(True).study.number == 0
    best = study.best
    assert best is not None
    [trial] = study.study.folder.glob("run*")
    assert "augmented" in read_json(trial / "manifest.json")["settings"]


def test_what_the_calibration_is_fitted_on(place: Path) -> None:
    stores = TrainingStores.open(place / "e", "lfcc", augmented=True)
    degraded = stages.models.degrade_validation(stores)
    done = {
        way: train_model(one, place / "runs", "lr", 0).run
        for way, one in (
            (CLEAN, stores),
            (MATCHED, replace(stores, calibrate=MATCHED, degraded=degraded)),
            (ALL, replace(stores, calibrate=ALL, degraded=degraded)),
        )
    }
    clean = EmbeddingStore.open(place / "e", "lfcc", VAL)
    assert degraded.folder.name == f"{VAL}.degraded1"
    assert degraded.clips()["file"].tolist() == clean.clips()["file"].tolist()
    x = {CLEAN: clean.load(0).x, MATCHED: degraded.load(0).x}
    x[ALL] = np.concatenate([*x.values()])
    y = clean.load(0).y
    fitted = {}
    for way, run in done.items():
        labels = np.r_[y, y] if way == ALL else y
        fitted[way] = calibration_of(run)
        assert fitted[way] == fit_calibration(load_classifier(run).score(x[way]), labels)
        assert fitted_on(run) == way
        # Choosing is by the clips as they are.
        assert (
            run.manifest["results"]["validation_eer"]
            == (done[CLEAN].manifest["results"]["validation_eer"])
        )
        assert len((run.folder / "scores_val.csv").read_text().splitlines()) == 1 + len(y)
    assert len({one.threshold for one in fitted.values()}) == 3
    assert "fitted_on" not in read_json(done[CLEAN].folder / "calibration.json")
    for way, told in (
        (MATCHED, "of validation, degraded as the training's copies are"),
        (ALL, "of validation, as recorded and degraded as the training's copies are"),
    ):
        assert told in str(dict(calibration_facts(done[way]))["calibration"])
        assert f"{VAL}.degraded1" in done[way].inputs
        assert done[way].settings["calibrate"] == way


def test_degraded_clips_are_kept_for_when_recordings_are_gone(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "e/lfcc").glob("*/manifest.json"):
        about = read_json(path)
        write_json(path, about | dict.fromkeys(("dataset", "root"), str(tmp_path / "release")))
    gone = tmp_path / "gone"
    (tmp_path / "release").rename(gone)
    stores = TrainingStores.open(tmp_path / "e", "lfcc", augmented=True)
    degrade = stages.models.degrade_validation
    with pytest.raises(EmbeddingError, match="degrading downstream_val takes its recordings, whic"):
        degrade(stores)
    gone.rename(tmp_path / "release")
    made_now = degrade(stores)
    shutil.rmtree(tmp_path / "release")
    assert degrade(stores) == made_now


def test_copies_are_of_training_splits_alone(made: Path, tmp_path: Path) -> None:
    stores = {path.name for path in (made / "e/lfcc").iterdir()}
    assert {name for name in stores if "." in name} >= {f"{TRAIN}.copy1", f"{TRAIN}.copy2"}
    assert not [name for name in stores if ".copy" in name and not name.startswith(TRAIN)]
    with pytest.raises(ArgumentError, match=r"--augment is for splits to train on .* has none"):
        stages.embeddings.generate_embeddings(
            made / "release", "lfcc", tmp_path, [VAL, "downstream_test", "full"], copies=COPIES
        )
    assert not list(tmp_path.iterdir())


def test_copies_that_are_not_of_the_training_clips(place: Path) -> None:
    folder = place / "e/lfcc"
    copy = folder / f"{TRAIN}.copy1"
    clips = (copy / "clips.csv").read_text()
    (copy / "clips.csv").write_text(clips.replace("spoof", "bona-fide", 1))
    with pytest.raises(EmbeddingError, match="copy1 is of other recordings or labels than"):
        train(place)
    (copy / "clips.csv").write_text(clips)
    about = read_json(copy / "manifest.json")
    about["augmentation"]["seed"] = 8
    write_json(copy / "manifest.json", about)
    with pytest.raises(EmbeddingError, match="were augmented differently; remove one of them"):
        train(place)
    shutil.rmtree(copy)
    # One alone is enough; an unfinished one is left out.
    (folder / f"{TRAIN}.copy2").rename(folder / f"{TRAIN}.copy2.partial")
    with pytest.raises(EmbeddingError, match="no augmented lfcc embeddings of downstream_train"):
        train(place)
    (folder / f"{TRAIN}.copy2.partial").rename(folder / f"{TRAIN}.copy2")
    [left] = TrainingStores.open(place / "e", "lfcc", augmented=True).copies
    assert left.folder.name == f"{TRAIN}.copy2"


@pytest.mark.parametrize("way", [MATCHED, ALL])
def test_a_matched_calibration_goes_with_copies(place: Path, way: str) -> None:
    with pytest.raises(ArgumentError, match=f"--calibrate={way} .* add --augmented"):
        train(place, way, augmented=False)
    with pytest.raises(ArgumentError, match="--calibrate=most"):
        train(place, "most")
    assert not (place / "runs").exists()


def test_a_rejected_copy_is_not_missed(place: Path) -> None:
    stores = TrainingStores.open(place / "e", "lfcc", augmented=True)
    [first, _], before = stores.copies, len(stores.load(Selection(0))[0])
    table = first.clips()
    (first.folder / "clips.csv").write_text(table.iloc[1:].to_csv(index=False))
    np.save(first.folder / "embeddings.npy", first.array()[1:].copy())
    rejected = table.iloc[:1][["file", "bytes", "mtime_ns", "parameters"]].assign(reason="too odd")
    (first.folder / "rejected.csv").write_text(rejected.to_csv(index=False))
    about = read_json(first.folder / "manifest.json")
    write_json(first.folder / "manifest.json", about | {"fingerprint": "another"})
    again = TrainingStores.open(place / "e", "lfcc", augmented=True)
    assert len(again.load(Selection(0))[0]) == before - 1


def test_they_are_removed_with_the_others(place: Path) -> None:
    from src.clean import find_removable, remove

    folder = place / "e"
    (folder / "lfcc" / f"{TRAIN}.copy1").rename(folder / "lfcc" / f"{TRAIN}.copy1.partial")
    train_lock = folder / "lfcc" / f".{TRAIN}.copy2.lock"
    found = {one.path.name: one for one in find_removable("embeddings", folder)}
    assert found[f"{TRAIN}.copy2"].locks == (train_lock,)
    assert found[f"{TRAIN}.copy1.partial"].locks[0].name == f".{TRAIN}.copy1.lock"
    remove(list(found.values()), folder)
    assert not folder.exists()


def test_a_split_without_training_tables_is_told(tmp_path: Path, made: Path) -> None:
    with pytest.raises(DatasetError, match="pretext_train"):
        stages.embeddings.generate_embeddings(
            made / "release", "lfcc", tmp_path, ["pretext_train"], copies=COPIES
        )
