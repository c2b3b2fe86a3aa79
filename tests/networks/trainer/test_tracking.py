"""Programs that draw a training: named where they are absent, and told what was measured."""

from pathlib import Path

import pytest

from src.networks.trainer import tracking
from src.networks.trainer.processes import Processes
from src.utils.errors import ArgumentError


def test_a_package_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    with pytest.raises(ArgumentError, match="needs the package mlflow-skinny: pip install"):
        tracking.require_tracker("mlflow")


def test_tensorboard_is_told(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with tracking.tracked("tensorboard", tmp_path, Processes.join()) as log:
        log({"validation EER": 0.25}, 3)
    found = reader.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(one.step, one.value) for one in found.Scalars("validation EER")] == [(3, 0.25)]


def test_nobody_is_told_where_nobody_asks(tmp_path: Path) -> None:
    with tracking.tracked(None, tmp_path, Processes.join()) as log:
        assert log is None
    assert not list(tmp_path.iterdir())
