"""Stages on scores: evaluated with a page, and taken along into another tool's file."""

from pathlib import Path

import numpy as np
import pytest

from src import stages
from src.utils.errors import RunError


@pytest.fixture
def scored(tmp_path: Path) -> tuple[Path, Path]:
    """A score file and its protocol, where spoofs score higher."""
    chance = np.random.default_rng(0)
    scores, protocol = ["file,score"], ["file,label"]
    for number in range(60):
        label = ("bona-fide", "spoof")[number % 2]
        scores.append(f"c{number},{chance.normal() + 3 * (label == 'spoof')}")
        protocol.append(f"c{number},{label}")
    files = tmp_path / "scores.csv", tmp_path / "protocol.csv"
    for path, lines in zip(files, (scores, protocol), strict=True):
        path.write_text("\n".join(lines) + "\n")
    return files


def test_an_evaluation_has_a_page_and_can_be_exported(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    done = stages.evaluation.evaluate_scores(*scored, runs, polarity="spoof", threshold=1.5)
    assert done.run.report.is_file()
    assert done.results.detection.eer < 0.2
    # In the scores of the house, which are higher for bona-fide.
    assert done.results.detection.threshold == -1.5
    assert done.run.settings["polarity"] == "spoof"
    export = stages.results.export_scores(tmp_path / "out.csv", runs, run_number=done.run.number)
    assert (export.run.folder, export.n_scores) == (done.run.folder, 60)
    assert len(export.path.read_text().splitlines()) == 61


def test_no_run_to_export(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        stages.results.export_scores(tmp_path / "out.csv", tmp_path / "runs")
    assert not (tmp_path / "out.csv").exists()
