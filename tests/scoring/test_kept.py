"""Kept scores: what is read back, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from src.scoring.kept import KeptScores
from src.utils.errors import RunError


def test_damaged_scores_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    kept = KeptScores(path, "f", np.array([0.5, np.nan, np.nan]), {1: "is short"})
    kept.write()
    read = KeptScores.read(path)
    assert read.is_done.tolist() == [True, True, False]
    assert read.is_scored.tolist() == [True, False, False]
    path.write_text(path.read_text().replace('"1"', '"3"'))
    with pytest.raises(RunError, match="there is no clip '3'"):
        KeptScores.read(path)
    path.write_text('{"fingerprint": "f", "scores": [0.5]}')
    with pytest.raises(RunError, match=r"is damaged: .*failed"):
        KeptScores.read(path)
