"""Every figure is a PNG that appears whole, whatever the data."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from src.models.classifier import History
from src.utils.eer import det_curve, evaluate_scores
from src.visualize import plots

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


def test_points_losses_and_searches(tmp_path: Path) -> None:
    points = pd.DataFrame(
        {
            "x": [0.0, 1, 2],
            "y": [0.0, 1, 0],
            "label": ["spoof", "spoof", "bona-fide"],
            "gender": ["", "M", "F"],
        }
    )
    plots.plot_points(points, tmp_path / "points.png", "a title", "UMAP")
    plots.plot_points(points[:1], tmp_path / "point.png", "a title", "UMAP")
    for steps in (1, 5):
        values = np.linspace(1, 0.5, steps)
        history = History(values, values, values, values / 2, "epoch", steps - 1)
        plots.plot_losses(history, tmp_path / f"losses{steps}.png", "mlp")
    trials = pd.DataFrame({"trial": [0, 1, 2], "validation_eer": [0.3, np.nan, 0.1]})
    plots.plot_search(trials, tmp_path / "search.png", "a search")
    assert all(is_png(path) for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 5


def test_nothing_is_shown_or_left_open() -> None:
    assert mpl.get_backend().lower() == "agg"
    assert not plt.get_fignums()
