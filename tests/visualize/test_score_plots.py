"""Every figure of scores is a PNG that appears whole, whatever the scores."""

from pathlib import Path

import numpy as np
import pytest

from src.utils.detection import evaluate_scores
from src.utils.eer import det_curve
from src.visualize import score_plots as plots

CASES = {
    "plain": ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.3),
    "perfect": ([0.0, 1.0], [0, 1], 1.0),
    "reversed": ([1.0, 0.0], [0, 1], 0.5),
    "equal": ([1.0, 1.0], [0, 1], 9.0),
}


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 2000


@pytest.mark.parametrize("case", CASES)
def test_curves(tmp_path: Path, case: str) -> None:
    scores, labels, threshold = (np.array(part) for part in CASES[case])
    curve, found = det_curve(scores, labels), evaluate_scores(scores, labels, float(threshold))
    plots.plot_roc(curve, found, tmp_path / "roc.png", case)
    plots.plot_det(curve, found, tmp_path / "det.png", case)
    plots.plot_confusion(found, tmp_path / "confusion.png", case)
    assert all(is_png(path) for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 3


def test_the_cells_of_a_confusion_matrix(tmp_path: Path, monkeypatch) -> None:
    seen = {}

    def heatmap(shares, annot, **options):
        seen.update(shares=shares, cells=annot, **options)

    monkeypatch.setattr(plots.seaborn, "heatmap", heatmap)
    scores = np.array([0, 0, 1, 0, 1, 1, 1, 1.0])
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    plots.plot_confusion(evaluate_scores(scores, labels, 0.5), tmp_path / "a.png", "a")
    assert seen["yticklabels"] == seen["xticklabels"] == ["bona-fide", "spoof"]
    cells = [[cell.split("\n")[0] for cell in row] for row in seen["cells"]]
    assert cells == [["4", "1"], ["1", "2"]]  # rows are true, columns decided
    np.testing.assert_allclose(seen["shares"], [[0.8, 0.2], [1 / 3, 2 / 3]])
