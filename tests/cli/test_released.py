"""Detectors that others released, from the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.networks.released.back_ends import aasist_state
from tests.networks.runs import write_hissing


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable) -> Path:
    """A file of released weights, and a small data set."""
    folder = tmp_path_factory.mktemp("released")
    write_hissing(folder / "data", voice, write_audio, n_people=4)
    torch.manual_seed(7)
    torch.save(aasist_state("aasist-l"), folder / "AASIST-L.pth")
    return folder


def test_from_a_file_to_a_verdict(fab, here: Path) -> None:
    runs, data = f"--runs={here / 'runs'}", f"--dataset={here / 'data'}"
    weights = f"--weights={here / 'AASIST-L.pth'}"
    fab("ImportDetector", "--kind=aasist", weights, runs).succeeds(
        "it was trained elsewhere", "fab CalibrateRun --run-number=0 --dataset=FOLDER"
    )
    untested = (runs, "--run-number=0")
    fab("TestModel", *untested, data).fails(1, "has no calibration", "fab CalibrateRun")
    clip = next((here / "data").rglob("*.wav"))
    judged = ("Predict", f"--audio={clip}", "--any-sound", *untested)
    fab(*judged).fails(1, "has no calibration", "fab CalibrateRun")
    fab("CalibrateRun", *untested, data).succeeds("fitted on downstream_val of", "validation EER")
    fab("TestModel", *untested).succeeds("it was trained elsewhere", "EER")
    fab(*judged).succeeds("raw + aasist")
    fab("ListRuns", runs).succeeds("raw + aasist", "complete")


def test_mistakes(fab, here: Path) -> None:
    runs = f"--runs={here / 'none'}"
    fab("ImportDetector", runs).fails(2, "--kind is needed: one of aasist, ssl-aasist")
    fab("ImportDetector", runs, "--kind=aasist").fails(2, "--weights is needed")
    weights = f"--weights={here / 'AASIST-L.pth'}"
    fab("ImportDetector", runs, "--kind=sls", weights).fails(1, "is no sls", "it lacks fc0.weight")
    fab("ImportDetector", runs, "--kind=aasist", weights, "--split=mine").fails(2, "--split=mine")
    fab("CalibrateRun", runs, "--run-number=0", f"--dataset={here / 'data'}").fails(1, "no run 0")
    assert not (here / "none").exists()
