"""A released detector becomes a run, which is calibrated, tested, judged by and told of."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from src.models.calibrate import calibration_of, write_calibration
from src.models.lookup import is_network
from src.models.reference import REFERENCE, Reference
from src.models.trained_on import read_trained_on
from src.networks.released.importing import Origin, import_detector
from src.networks.released.released import PUBLISHED_SAMPLES
from src.networks.trained import TrainedNetwork
from src.predict.choice import choose_detector
from src.predict.detector import Detector
from src.results.listing import list_all
from src.stages import models, released
from src.utils.audio.io import read_waveform
from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import AudiosError, CheckpointError, DatasetError, EmbeddingError, RunError
from src.utils.files import sha256_file
from src.utils.runs import Kind, Run, find_run, new_run
from tests.networks.released.back_ends import aasist_state
from tests.networks.runs import make_run, write_hissing
from tests.reports.telling import told

SHARED = ROOT.parent / "shared"
WEIGHTS = SHARED / "weights"
NAME = "AASIST-L.pth"


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """Windows of 0.3 s, of which a hundred take as long as ten of those that were published."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("src.networks.released.aasist.PUBLISHED_SAMPLES", 4800)
        yield


@pytest.fixture(scope="module")
def made(
    short: None, tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable
) -> Path:
    """A file of released weights, and a run of it that is calibrated on `data`."""
    here = tmp_path_factory.mktemp("released")
    write_hissing(here / "data", voice, write_audio)
    write_hissing(here / "other", voice, write_audio, prefix="t", n_people=5)
    torch.manual_seed(7)
    torch.save(aasist_state("aasist-l"), here / NAME)
    import_detector("aasist", here / NAME, here / "runs")
    released.calibrate(here / "data", here / "runs", run_number=0)
    return here


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, which takes most of the time."""
    monkeypatch.setattr("src.models.evaluate.draw_figures", lambda *_: [])
    monkeypatch.setattr("src.results.sections.validation._draw", lambda *_: [])


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy whose runs may be changed; the data sets stay where they are."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path


@pytest.fixture
def run(place: Path) -> Run:
    return find_run(place / "runs", 0)


def recordings(dataset: Path, split: str) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(dataset), split)


def test_what_a_run_keeps_of_where_it_is_from(made: Path, tmp_path: Path) -> None:
    origin = Origin("github.com/clovaai/aasist", "MIT")
    done = released.import_weights("aasist", made / NAME, tmp_path / "runs", origin=origin)
    run, sha256 = done.run, sha256_file(made / NAME)
    assert run.settings["released"] == {
        "kind": "aasist",
        "file": NAME,
        "sha256": sha256,
        "source": "github.com/clovaai/aasist",
        "licence": "MIT",
    }
    assert run.inputs == {"weights": sha256}
    assert is_network(run)
    assert (run.is_complete, run.kind) == (True, "train")
    assert (run.settings["backbone"]["name"], run.settings["classifier"]) == ("raw", "aasist")
    page = run.report.read_text()
    assert "Not calibrated yet: nothing tells what its scores mean." in page
    assert f"fab CalibrateRun --dataset=FOLDER --run-number=0 --runs={tmp_path}" in page
    for word in ("MIT", "github.com/clovaai/aasist", sha256):
        assert word in page
    shown = told("imported", done.run, done.calibrated)
    assert "it was trained elsewhere, and which clips and voices it has heard" in shown
    assert "fab CalibrateRun --run-number=0 --dataset=FOLDER" in shown


def test_without_a_calibration_it_is_refused(made: Path, tmp_path: Path) -> None:
    run = import_detector("aasist", made / NAME, tmp_path / "runs")
    assert "source" not in run.settings["released"]
    refused = r"run 0 \(.*\) has no calibration: .*: fab CalibrateRun --run-number=0 --dataset="
    with pytest.raises(RunError, match=refused):
        models.test(tmp_path, tmp_path / "runs", run_number=0, dataset=made / "data")
    with pytest.raises(RunError, match=refused):
        Detector.load(run)


def test_no_run_is_made_of_what_cannot_be_imported(made: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no sls"):
        released.import_weights("sls", made / NAME, tmp_path / "runs")
    with pytest.raises(AudiosError):
        released.import_weights("aasist", made / NAME, tmp_path / "runs", dataset=tmp_path)
    with pytest.raises(CheckpointError, match="no file of weights"):
        released.import_weights("aasist", made / "gone.pth", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_calibration_is_of_the_scores_of_its_clips(made: Path, run: Run) -> None:
    source = recordings(made / "data", "downstream_val")
    trained = TrainedNetwork.of(run)
    prepared = [
        trained.prepare(read_waveform(source.path(row), 16_000)) for row in range(len(source))
    ]
    wanted = trained.score(trained.vectors(prepared))
    table = pd.read_csv(run.folder / "scores_val.csv")
    assert table["file"].tolist() == source.clips.files.tolist()
    np.testing.assert_allclose(table["score"], wanted, atol=1e-4)
    found = calibration_of(run)
    assert found.n_bona_fide + found.n_spoof == len(source)
    results = run.manifest["results"]
    assert results["threshold"] == found.threshold
    assert 0 <= results["validation_eer"] <= 1
    assert run.manifest["calibrated_on"] == {
        "dataset": str(made / "data"),
        "split": "downstream_val",
        "clips": len(source),
    }
    assert run.manifest["dataset"] == str(made / "data")
    seen = read_trained_on(run)
    assert set(seen["split"]) == {"downstream_val"}
    assert seen["file"].tolist() == source.clips.files.tolist()
    reference = Reference.read(run.folder)
    assert reference is not None
    assert reference.mean.shape == (160,)
    assert reference.limit > 0


def test_it_is_tested_and_told_of_as_every_run(made: Path, place: Path, run: Run) -> None:
    runs = place / "runs"
    done = models.test(place, runs, run_number=0)
    assert done.path.name == "test_results.json"
    note = json.loads(done.path.read_text())["note"]
    assert note.startswith("it was trained elsewhere")
    card = (run.folder / "model_card.md").read_text().replace("\\_", "_")
    for words in (
        "| imported |",
        "Which clips it was trained on is not known here",
        "It was trained elsewhere, and which clips and voices it has heard there is not known",
        "fixed on downstream_val of data",
        "Of a recording the first 0.3 s are heard",
    ):
        assert words in card, words
    assert "training" not in [
        line.split("|")[1].strip() for line in card.splitlines() if "|" in line
    ]
    assert list_all(runs).table["what"].tolist() == ["raw + aasist"]
    assert Detector.load(run).calibration == calibration_of(run)
    headline = choose_detector(runs, run_number=0).headline
    assert "what it was trained on is not known" in headline
    assert "; trained" not in headline
    with pytest.raises(EmbeddingError, match=r"shares .* speakers with the training of run 0"):
        shift_speakers(run, recordings(made / "data", "downstream_test").clips.speaker[0])
        models.test(place, runs, run_number=0)


def test_calibrated_elsewhere_it_does_not_tell_of_earlier_tests(
    made: Path, place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = place / "runs"
    models.test(place, runs, run_number=0)
    of_conditions = ("robustness.json", "robustness_bars.png", "robustness_heatmap.png")
    for name in (*of_conditions, "robustness_third.json"):
        (run.folder / name).write_text("{}")
    run.update(settings=run.settings | {"units": "clip"})
    with monkeypatch.context() as patch:
        # Of the third data set it is told as before.
        patch.setattr("src.results.pages.training.read_all", lambda _: {})
        released.calibrate(made / "other", runs, run_number=0)
    run = find_run(runs, 0)
    assert not list(run.folder.glob("test_results*"))
    assert [path.name for path in run.folder.glob("robustness*")] == ["robustness_third.json"]
    assert not list(run.folder.glob("scores_test*"))
    assert "test of other" not in run.report.read_text()
    assert "units" not in run.settings


def test_a_test_during_which_it_is_calibrated_is_not_kept(
    made: Path, place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = TrainedNetwork.score

    def calibrate(network: TrainedNetwork, x: np.ndarray) -> np.ndarray:
        calibration = replace(calibration_of(run), threshold=1.5)
        write_calibration(run.folder, calibration)
        return score(network, x)

    monkeypatch.setattr(TrainedNetwork, "score", calibrate)
    with pytest.raises(RunError, match="run 0 was calibrated anew meanwhile; test it again"):
        models.test(place, place / "runs", run_number=0)
    assert not list(run.folder.glob("test_results*"))


def shift_speakers(run: Run, name: str) -> None:
    path = run.folder / "trained_on.csv"
    pd.read_csv(path).assign(speaker=name).to_csv(path, index=False)


def test_a_run_that_was_trained_here_is_calibrated_anew(made: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run = make_run(Dataset.open(made / "data"), runs)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    models.test(tmp_path, runs, run_number=0)
    done = released.calibrate(made / "other", runs, run_number=0)
    run = find_run(runs, 0)
    for name in (REFERENCE, "model.safetensors", "hyperparameters.json"):
        assert (run.folder / name).read_bytes() == before[name]
    scored = pd.read_csv(run.folder / "scores_val.csv")["file"].tolist()
    assert scored == recordings(made / "other", "downstream_val").clips.files.tolist()
    assert run.manifest["dataset"] == str(made / "data")
    assert run.manifest["tested"] == {}
    shown = told("calibrated", done)
    assert f"fitted on downstream_val of {made / 'other'}: " in shown
    assert "by the earlier threshold: test it again" in shown
    seen = read_trained_on(run)
    assert {"s0", "t0"} & set(seen["speaker"]) or len(set(seen["speaker"])) > 2
    old, new = (
        set(recordings(made / name, "downstream_val").clips.files) for name in ("data", "other")
    )
    assert old | new <= set(seen["file"])
    page = run.report.read_text()
    assert "fixed on downstream_val of other" in page


class Level:
    """A backbone of one number, the level of a recording, which is its score as well."""

    sample_rate = 16_000
    batch_seconds = 60.0

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        return waveform

    def embed(self, prepared: list[np.ndarray]) -> np.ndarray:
        return np.array([wave.std() for wave in prepared], np.float32)[:, None, None, None]

    def score(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0].astype(np.float64)


def test_a_run_on_vectors_is_calibrated_by_its_recordings(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "backbone": {"name": "acoustic", "sample_rate": 16_000},
        "classifier": "svm",
        "layer": 0,
        "seed": 7,
        "hyperparameters": {},
    }
    with new_run(tmp_path / "runs", Kind.TRAINING, settings) as run:
        seen = pd.DataFrame({"split": ["downstream_train"], "file": ["x.wav"], "speaker": ["x"]})
        seen.to_csv(run.folder / "trained_on.csv", index=False)
    level = Level()
    monkeypatch.setattr("src.predict.calibrating.load_parts", lambda *_: (level, level))
    done = released.calibrate(made / "data", tmp_path / "runs", run_number=0)
    source = recordings(made / "data", "downstream_val")
    wanted = [read_waveform(source.path(row), 16_000).std() for row in range(len(source))]
    scores = pd.read_csv(run.folder / "scores_val.csv")["score"]
    np.testing.assert_allclose(scores, wanted, rtol=1e-5)
    assert calibration_of(run).threshold == done.threshold
    assert set(read_trained_on(run)["speaker"]) > {"x"}
    assert (run.folder / REFERENCE).is_file()


def test_clips_of_the_training_are_refused(made: Path, tmp_path: Path) -> None:
    make_run(Dataset.open(made / "data"), tmp_path / "runs")
    with pytest.raises(EmbeddingError, match="calibrate on clips that it has not learnt from"):
        released.calibrate(made / "data", tmp_path / "runs", "downstream_train", run_number=0)


def test_recordings_that_cannot_be_read_are_told(made: Path, place: Path) -> None:
    shutil.copytree(made / "data", place / "data")
    files = recordings(place / "data", "downstream_val").clips.files.tolist()
    (place / "data" / files[0]).write_bytes(b"no sound")
    done = released.calibrate(place / "data", place / "runs", run_number=0)
    assert set(done.rejected) == {files[0]}
    assert len(done.clips) == len(files) - 1
    assert "rejected: 1" in told("calibrated", done)
    for file in files:
        (place / "data" / file).write_bytes(b"no sound")
    with pytest.raises(DatasetError, match="what can be scored of downstream_val"):
        released.calibrate(place / "data", place / "runs", run_number=0)


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="needs ../shared/weights")
@pytest.mark.parametrize("name", ["AASIST", "AASIST-L"])
def test_released_weights_give_the_released_scores(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.networks.released.aasist.PUBLISHED_SAMPLES", PUBLISHED_SAMPLES)
    run = import_detector("aasist", WEIGHTS / f"{name}.pth", tmp_path / "runs")
    trained = TrainedNetwork.of(run)
    with (WEIGHTS / "aasist-reference.csv").open() as file:
        rows = list(csv.DictReader(file))
    # A few of them: a clip takes up to a second.
    rows = rows[::5]
    prepared = [
        trained.prepare(read_waveform(SHARED / "corpora" / "mixed" / row["path"], 16_000))
        for row in rows
    ]
    ours = trained.score(trained.vectors(prepared))
    np.testing.assert_allclose(ours, [float(row[name]) for row in rows], atol=1e-4)
