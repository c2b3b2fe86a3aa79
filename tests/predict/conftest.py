"""A detector that needs no training: its backbone sees the level, its classifier judges it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from src.predict.detector import Detector
from src.utils.metrics.calibration import Calibration
from src.utils.runs import Run


class LoudnessBackbone:
    """One layer of one statistic of two numbers: the level and the number of samples."""

    name = "loudness"
    sample_rate = 16_000
    leaves_cpu_free = False

    def __init__(self, batch_seconds: float = 30.0) -> None:
        self.batch_seconds = batch_seconds
        self.batches: list[list[int]] = []

    def describe(self) -> dict:
        return {"name": self.name}

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        return waveform.copy()

    def embed(self, prepared) -> np.ndarray:
        self.batches.append([len(one) for one in prepared])
        found = [[[[np.sqrt(np.mean(one**2)), len(one)]]] for one in prepared]
        return np.array(found, np.float32)


@pytest.fixture
def detector(tmp_path: Path) -> Detector:
    """Scores ten times the level in excess of 0.1; a reference can be put in its place."""
    classifier = SimpleNamespace(score=lambda x: 10.0 * (x[:, 0].astype(np.float64) - 0.1))
    calibration = Calibration(4.0, 0.0, 0.0, 0.9, 10, 10)
    run = Run(0, tmp_path / "run", {})
    return Detector(run, LoudnessBackbone(), classifier, calibration, None)
