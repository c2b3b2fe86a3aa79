"""The experiment of the baseline's notebook: one network, two versions of the recordings."""

from pathlib import Path

import pandas as pd
import pytest

from src.notebooks.levels import AS_RECORDED, AT_ONE_LEVEL, Experiment, try_levels
from src.utils.audio.io import measure_level
from src.utils.dataset.dataset import Dataset


@pytest.fixture(scope="module")
def experiment(tones: Path) -> Experiment:
    before = {path: path.read_bytes() for path in tones.rglob("*") if path.is_file()}
    done = try_levels(Dataset.open(tones), epochs=1, width=0.125)
    # The data set itself is only read.
    assert {path: path.read_bytes() for path in tones.rglob("*") if path.is_file()} == before
    return done


def test_the_same_people_on_either_side(experiment: Experiment) -> None:
    recorded, levelled = (
        pd.read_csv(one.training.run.folder / "trained_on.csv") for one in experiment.attempts
    )
    columns = ["split", "file", "speaker"]
    pd.testing.assert_frame_equal(recorded[columns], levelled[columns])
    tests = [
        pd.read_csv(one.training.run.folder / "scores_test.csv")["file"].tolist()
        for one in experiment.attempts
    ]
    assert tests[0] == tests[1]
    assert not set(tests[0]) & set(recorded["file"])


def test_one_is_at_one_level(experiment: Experiment) -> None:
    root = Path(experiment.folder.name) / "levelled"
    levels = [measure_level(path).rms for path in root.rglob("*.wav")]
    assert levels == pytest.approx([0.1] * len(levels), abs=1e-3)


def test_the_table_tells_both(experiment: Experiment) -> None:
    table = experiment.table
    assert table["recordings"].tolist() == [AS_RECORDED, AT_ONE_LEVEL]
    for one, row in zip(experiment.attempts, table.itertuples(index=False), strict=True):
        assert row[1] == one.training.results["validation_eer"]
        assert row[3] == one.results.detection.eer
        assert 0 <= row[2] <= 1
        assert one.curve.read_bytes().startswith(b"\x89PNG")
