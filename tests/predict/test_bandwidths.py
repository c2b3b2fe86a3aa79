"""How far up the training recordings reach."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfilt

from src.models.trained_on import TRAINED_ON
from src.predict import bandwidths as module
from src.predict.bandwidths import BANDWIDTHS, Bandwidths, bandwidths_of
from src.utils.dataset.dataset import Dataset
from src.utils.runs import Run
from src.utils.tables import write_csv


@pytest.fixture
def run(tmp_path: Path, write_audio: Callable) -> Run:
    """Trained on forty clips cut off at 3 kHz; validated on ones of the whole band."""
    low = butter(8, 3_000, fs=16_000, output="sos")
    rows = []
    for number in range(44):
        noise = 0.1 * np.random.default_rng(number).normal(size=8_000)
        is_train = number < 40
        file = f"a/{number}.wav"
        samples = sosfilt(low, noise) if is_train else noise
        write_audio(tmp_path / "data" / file, samples.astype(np.float32))
        rows.append(("downstream_train" if is_train else "downstream_val", file, "s"))
    folder = tmp_path / "run"
    folder.mkdir()
    write_csv(folder / TRAINED_ON, pd.DataFrame(rows, columns=["split", "file", "speaker"]))
    return Run(3, folder, {"dataset": str(tmp_path / "data")})


def test_those_of_training_are_measured_and_kept(run: Run, tmp_path: Path) -> None:
    found = bandwidths_of(run, 16_000)
    assert found is not None
    assert 3_000 < found.low <= found.high < 5_500
    assert found.count == 40
    assert json.loads((run.folder / BANDWIDTHS).read_text())["count"] == 40
    # Asked again, nothing is opened.
    (tmp_path / "data").rename(tmp_path / "gone")
    assert bandwidths_of(run, 16_000) == found


def test_evenly_spread_over_the_training(run: Run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_RECORDINGS", 12)
    opened = []
    real = module.measure_nuisances
    monkeypatch.setattr(module, "measure_nuisances", lambda p: opened.append(p.stem) or real(p))
    found = bandwidths_of(run, 16_000)
    assert found is not None
    numbers = sorted(map(int, opened))
    assert (len(numbers), numbers[0], numbers[-1]) == (12, 0, 39)
    assert max(np.diff(numbers)) <= 4


def test_recordings_that_are_gone(run: Run, tmp_path: Path) -> None:
    for number in range(31):
        (tmp_path / f"data/a/{number}.wav").unlink()
    assert bandwidths_of(run, 16_000) is None
    assert not (run.folder / BANDWIDTHS).exists()
    run.manifest["dataset"] = str(tmp_path / "nowhere")
    assert bandwidths_of(run, 16_000) is None
    assert bandwidths_of(Run(3, run.folder, {}), 16_000) is None


def test_clips_of_another_data_set_lie_there(run: Run, tmp_path: Path) -> None:
    """As those that a run was adapted with, whose files may have the names of the run's own."""
    listed = pd.read_csv(run.folder / TRAINED_ON).assign(dataset="")
    (tmp_path / "data" / "a").rename(tmp_path / "mine")
    others = listed.assign(file=listed["file"].str.removeprefix("a/"), dataset=tmp_path / "mine")
    write_csv(run.folder / TRAINED_ON, pd.concat([listed, others]))
    found = bandwidths_of(run, 16_000)
    assert found is not None
    assert found.count == 40


def test_an_older_run_does_not_list_them(run: Run) -> None:
    (run.folder / TRAINED_ON).unlink()
    assert bandwidths_of(run, 16_000) is None


def test_a_data_set_that_points_elsewhere(run: Run, tmp_path: Path) -> None:
    """By its root, recordings of a second folder are found too."""
    files = tmp_path / "data" / "a"
    (tmp_path / "main").mkdir()
    Dataset.create(tmp_path / "tables", tmp_path / "main", {"a": files})
    manifest = {"dataset": str(tmp_path / "main"), "root": str(tmp_path / "tables")}
    found = bandwidths_of(Run(3, run.folder, manifest), 16_000)
    assert found is not None
    assert found.count == 40


def test_a_damaged_file_is_measured_anew(run: Run) -> None:
    for text in ("", "[]", '{"low": 1}'):
        (run.folder / BANDWIDTHS).write_text(text)
        found = bandwidths_of(run, 16_000)
        assert found is not None
        assert found.count == 40


def test_what_clearly_differs() -> None:
    known = Bandwidths(3_000.0, 4_000.0, 16_000, 50)
    for bandwidth, differs in ((3_000, False), (2_750, False), (2_650, True), (4_350, False)):
        assert known.differs(bandwidth) == differs
    assert known.differs(4_450)
    # What lies above half the backbone's rate is not heard.
    assert not Bandwidths(7_400.0, 7_600.0, 16_000, 50).differs(20_000)
