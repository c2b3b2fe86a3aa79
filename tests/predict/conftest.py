"""A detector that needs no training: its backbone sees the level, its classifier judges it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from src.predict import recording
from src.predict.detector import Detector
from src.utils.audio.voice_activity import FRAME
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


class EverythingSpeaks:
    """In place of the network, which takes made-up voices for none: every frame is speech."""

    def __init__(self, sample_rate: int) -> None:
        self._frame = FRAME * sample_rate / 16_000
        self._count = 0

    def add(self, mono: np.ndarray) -> None:
        self._count += len(mono)

    def finish(self) -> np.ndarray:
        return np.ones(int(np.ceil(self._count / self._frame)), np.float32)


@pytest.fixture(autouse=True)
def everything_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "VoiceActivity", EverythingSpeaks)
