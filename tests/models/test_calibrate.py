"""The calibration that a run keeps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.models.calibrate import (
    CALIBRATION,
    VALIDATION_SCORES,
    calibration_of,
    has_calibration,
    write_calibration,
)
from src.utils.errors import AudiosError, RunError
from src.utils.files import read_json, write_json
from src.utils.metrics.calibration import Calibration, fit_calibration
from src.utils.runs import Run

FITTED = Calibration(1.5, -0.25, 0.125, 0.9, 12, 34)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(0, tmp_path)


def write_validation(run: Run, scores: list, labels: list) -> None:
    files = [f"{number}.wav" for number in range(len(scores))]
    table = pd.DataFrame({"file": files, "label": labels, "score": scores})
    table.to_csv(run.folder / VALIDATION_SCORES, index=False)


def test_what_is_written_is_read(run: Run) -> None:
    write_calibration(run.folder, FITTED)
    assert calibration_of(run) == FITTED
    assert set(read_json(run.folder / CALIBRATION)) == {
        *("slope", "offset", "threshold", "confidence", "n_bona_fide", "n_spoof")
    }
    assert [path.name for path in run.folder.iterdir()] == [CALIBRATION]


def test_a_fitted_one_loses_no_digit(run: Run) -> None:
    chance = np.random.default_rng(2)
    labels = np.arange(50) % 2
    fitted = fit_calibration(chance.normal(labels), labels, confidence=0.8)
    write_calibration(run.folder, fitted)
    assert calibration_of(run) == fitted


def test_what_is_kept_goes_before_validation_scores(run: Run) -> None:
    write_calibration(run.folder, FITTED)
    write_validation(run, [-1.0, 1.0], ["spoof", "bona-fide"])
    assert calibration_of(run) == FITTED


def test_an_older_run_is_calibrated_by_its_validation_scores(run: Run) -> None:
    chance = np.random.default_rng(1)
    labels = chance.integers(0, 2, 40)
    scores = chance.normal(labels)
    write_validation(run, scores.tolist(), np.where(labels == 1, "bona-fide", "spoof").tolist())
    assert calibration_of(run) == fit_calibration(scores, labels)
    # Nothing is added to a run that is only looked at.
    assert not (run.folder / CALIBRATION).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"slope": None},
        {"slope": "steep"},
        {"slope": [1.0]},
        {"n_spoof": "3.5"},
        {"slope": float("nan")},
        {"offset": float("inf")},
        {"threshold": float("-inf")},
        {"slope": -1.0},
        {"n_spoof": float("inf")},
    ],
)
def test_a_damaged_calibration(run: Run, change: dict) -> None:
    values = {name: getattr(FITTED, name) for name in Calibration.__dataclass_fields__}
    path = run.folder / CALIBRATION
    path.write_text(json.dumps(values | change), encoding="utf-8")
    with pytest.raises(RunError, match=r"is damaged|is not valid JSON") as caught:
        calibration_of(run)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["slope", "threshold", "n_bona_fide"])
def test_a_calibration_that_lacks_a_number(run: Run, missing: str) -> None:
    write_calibration(run.folder, FITTED)
    values = read_json(run.folder / CALIBRATION)
    del values[missing]
    write_json(run.folder / CALIBRATION, values)
    with pytest.raises(RunError, match=f"is damaged.*{missing}"):
        calibration_of(run)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "7"])
def test_what_is_no_calibration_at_all(run: Run, text: str) -> None:
    (run.folder / CALIBRATION).write_text(text, encoding="utf-8")
    with pytest.raises(AudiosError, match=CALIBRATION):
        calibration_of(run)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("file,label\na.wav,spoof\n", "is damaged.*score"),
        ("file,score\na.wav,1\n", "is damaged.*label"),
        ("file,label,score\na.wav,spoof,low\nb.wav,bona-fide,1\n", "is damaged.*low"),
        ("file,label,score\na.wav,spoof,0\nb.wav,spoof,1\n", "no bona-fide"),
        ("file,label,score\na.wav,spoof,nan\nb.wav,bona-fide,1\n", "not finite"),
        ("file,label,score\na.wav,real,0\nb.wav,bona-fide,1\n", "must be 1 .bona-fide. or 0"),
    ],
)
def test_damaged_validation_scores(run: Run, text: str, error: str) -> None:
    (run.folder / VALIDATION_SCORES).write_text(text, encoding="utf-8")
    with pytest.raises(AudiosError, match=error):
        calibration_of(run)


def test_a_run_with_neither(run: Run) -> None:
    assert not has_calibration(run)
    with pytest.raises(RunError, match=rf"run {run.number} \(.*\) has no calibration") as caught:
        calibration_of(run)
    assert f"fab CalibrateRun --run-number={run.number} --dataset=" in str(caught.value)
