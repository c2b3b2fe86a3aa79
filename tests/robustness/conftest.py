"""A detector that needs no training, judges by the level, and a small data set to test it on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from src.models.calibrate import calibration_of, write_calibration
from src.models.trained_on import TRAINED_ON
from src.predict.detector import Detector
from src.utils.config import SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.store import write_splits
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.metrics.calibration import Calibration
from src.utils.runs import Kind, Run, find_run, new_run
from src.utils.tables import write_csv

N_SPEAKERS = 4
"""Of the test, with two bona-fide clips and two spoofs each."""
SETTINGS = {
    "backbone": {"name": "acoustic", "sample_rate": 16_000},
    "classifier": "svm",
    "layer": 0,
    "seed": 7,
    "hyperparameters": {},
}


class LoudnessBackbone:
    """One number: the level. What it was given is counted."""

    name = "loudness"
    sample_rate = 16_000
    leaves_cpu_free = False
    # Two clips a batch.
    batch_seconds = 1.2

    def __init__(self) -> None:
        self.n_embedded = 0
        self.n_left: int | None = None

    def describe(self) -> dict:
        return {"name": self.name}

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        return waveform

    def embed(self, prepared) -> np.ndarray:
        if self.n_left is not None:
            self.n_left -= 1
            if self.n_left < 0:
                raise KeyboardInterrupt
        self.n_embedded += len(prepared)
        levels = [np.sqrt(np.mean(np.square(one, dtype=np.float64))) for one in prepared]
        return np.array(levels, np.float32).reshape(-1, 1, 1, 1)


@pytest.fixture(scope="session")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    make_table: Callable,
    voice: Callable,
    write_audio: Callable,
) -> Path:
    """A data set in `set`, whose bona-fide clips are loud, and a run on others in `runs`."""
    here = tmp_path_factory.mktemp("robust")
    people = [(f"p{n}", "FM"[n % 2], 2, 2) for n in range(N_SPEAKERS + 2)]
    files = make_table(*people)
    for number, (file, label) in enumerate(zip(files["file"], files["label"], strict=True)):
        peak = 0.5 if label == "bona-fide" else 0.1
        write_audio(here / "set" / file, voice(0.5, seed=number, peak=peak + 0.005 * number))
    dataset = Dataset.open(here / "set")
    dataset.write_tables(files)
    of = {"p0": "downstream_train", "p1": "downstream_val"}
    splits = files["speaker"].map(of).fillna("downstream_test")
    recipe = {"strategy": "speaker", "shares": dict.fromkeys(SPLITS, 0.2), "seed": 7}
    write_splits(dataset, files, splits, recipe)
    for number in range(2):
        with new_run(here / "runs", Kind.TRAINING, SETTINGS) as run:
            run.update(dataset=str(dataset.audio.resolve()), root=str(dataset.root.resolve()))
            # Between the two levels; the second run is less sure of where.
            calibration = Calibration(20.0, -2.0, 0.1 - 0.02 * number, 0.9, 8, 8)
            write_calibration(run.folder, calibration)
            trained_on = files[files["speaker"].isin(of)][["file", "speaker", "label"]]
            write_csv(run.folder / TRAINED_ON, trained_on.assign(split="downstream_train"))
            (run.folder / "model.skops").write_bytes(b"a model")
    return here


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` whose runs may be changed; the data set stays where it was."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path


@pytest.fixture
def run(place: Path) -> Run:
    return find_run(place / "runs", 0)


@pytest.fixture
def clips(made: Path) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(made / "set"), "downstream_test")


@pytest.fixture
def backbone(monkeypatch: pytest.MonkeyPatch) -> LoudnessBackbone:
    """The backbone of every detector that is loaded; its classifier gives the level itself."""
    backbone = LoudnessBackbone()
    classifier = SimpleNamespace(score=lambda x: x[:, 0].astype(np.float64))

    def load(run: Run, checkpoint: str | None = None) -> Detector:
        return Detector(run, backbone, classifier, calibration_of(run), None)

    monkeypatch.setattr(Detector, "load", load)
    return backbone


@pytest.fixture(scope="session")
def scored() -> Callable[..., pd.DataFrame]:
    """Make a table of clips, eight speakers with both classes each."""

    def make(n: int = 160) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "file": [f"{i}.wav" for i in range(n)],
                "y": np.arange(n) % 2,
                "speaker": [f"s{(i // 2) % 8}" for i in range(n)],
            }
        )

    return make
