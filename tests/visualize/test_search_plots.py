"""Figures of a search: whole, legible, and true to the trials."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from src.visualize import figure, search_plots
from src.visualize.scales import Scale
from src.visualize.search_plots import Dimension
from tests.visualize.test_plots import axes_of, is_png

N = 24


@pytest.fixture
def trials() -> pd.DataFrame:
    """Two classifiers, layers of which all may be weighed, and numbers that one alone has."""
    numbers = np.arange(N)
    is_mlp = numbers % 2 == 0
    return pd.DataFrame(
        {
            "trial": numbers,
            "run": numbers + 100,
            "state": "complete",
            "validation_eer": 0.1 + 0.01 * ((numbers * 7) % N),
            "classifier": np.where(is_mlp, "mlp", "lr"),
            "layer": [("weighted" if n % 6 == 0 else n % 5) for n in numbers],
            "pooling": np.where(numbers % 3 == 0, "mean", "all"),
            "learning_rate": np.where(is_mlp, 10.0 ** -(1 + numbers % 4), np.nan),
            "C": np.where(is_mlp, np.nan, numbers + 1.0),
        }
    )


DIMENSIONS = (
    Dimension("classifier", values=("mlp", "lr")),
    Dimension("layer"),
    Dimension("pooling", values=("mean", "all")),
    Dimension("learning_rate", is_logarithmic=True),
    Dimension("C"),
)


@pytest.fixture
def drawn() -> Iterator[list[Figure]]:
    """The figures that were drawn, the last one last."""
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure.plt, "close", seen.append)
        yield seen
    for one in seen:
        plt.close(one)


@pytest.mark.parametrize("eers", [[0.0, 0.0, 0.0], [0.3, np.nan, 0.0], [0.5]])
def test_no_trial_of_a_search_is_cut(tmp_path: Path, monkeypatch, eers: list) -> None:
    """Points at zero are whole: they lie above the lower end of the axis, which cuts nothing."""
    table = pd.DataFrame({"trial": range(len(eers)), "validation_eer": eers})
    path = tmp_path / "search.png"
    [axes] = axes_of(monkeypatch, lambda: search_plots.plot_search(table, path, "a search"))
    assert is_png(path)
    low, high = axes.get_ylim()
    assert low < 0 <= 100 * np.nanmax(eers) < high
    [points] = [line for line in axes.get_lines() if line.get_label() == "trial"]
    assert not points.get_clip_on()
    np.testing.assert_allclose(points.get_ydata(), 100 * np.array(eers))


def test_the_history_tells_classifiers_and_pruned_trials(
    tmp_path: Path, monkeypatch, trials: pd.DataFrame
) -> None:
    trials.loc[3, ["state", "validation_eer"]] = ["pruned", np.nan]
    trials.loc[5, ["state", "validation_eer"]] = ["failed", np.nan]
    path = tmp_path / "search.png"
    [axes] = axes_of(monkeypatch, lambda: search_plots.plot_search(trials, path, "a search"))
    lines = {str(line.get_label()): line for line in axes.get_lines()}
    assert set(lines) == {"best so far", "lr", "mlp", "pruned"}
    assert np.asarray(lines["pruned"].get_xdata()).tolist() == [3]


def test_a_slice_shows_only_who_has_drawn_it(tmp_path: Path, drawn, trials: pd.DataFrame) -> None:
    best = int(trials["run"][trials["validation_eer"].idxmin()])
    path = tmp_path / "slices.png"
    search_plots.plot_slices(trials, DIMENSIONS, best, path, "slices")
    [figure] = drawn
    panels = {axes.get_xlabel(): axes for axes in figure.axes if axes.get_visible()}
    assert set(panels) == {"classifier", "layer", "pooling", "learning rate (mlp)", "C (lr)"}
    assert panels["learning rate (mlp)"].get_xscale() == "log"
    assert panels["C (lr)"].get_xscale() == "linear"
    assert [text.get_text() for text in panels["pooling"].get_xticklabels()] == ["mean", "all"]
    points = {str(one.get_label()): one for one in panels["C (lr)"].collections}
    assert len(points["lr"].get_offsets()) == N / 2
    assert "mlp" not in points
    # The best trial, an mlp, is ringed where it has a value.
    assert "best" not in points
    ringed = {str(one.get_label()): one for one in panels["layer"].collections}["best"]
    assert ringed.get_offsets()[0][1] == pytest.approx(10)
    for axes in panels.values():
        assert not overlapping(figure, axes.get_xticklabels())


def overlapping(figure: Figure, labels: list) -> bool:
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [one.get_window_extent(renderer) for one in labels if one.get_text()]
    boxes.sort(key=lambda box: box.x0)
    return any(one.x1 > other.x0 for one, other in pairwise(boxes))


def test_a_line_of_parallel_coordinates_ends_where_its_trial_has_no_more(
    tmp_path: Path, drawn, trials: pd.DataFrame
) -> None:
    best = int(trials["run"][trials["validation_eer"].idxmin()])
    path = tmp_path / "parallel.png"
    search_plots.plot_parallel(trials, DIMENSIONS[:4], best, path, "parallel")
    assert is_png(path)
    axes = drawn[0].axes[0]
    [lines] = [one for one in axes.collections if len(one.get_paths()) == N]
    assert isinstance(lines, LineCollection)
    lengths = [len(path.vertices) for path in lines.get_paths()]
    assert sorted(set(lengths)) == [4, 5]
    assert lengths.count(5) == N / 2
    assert all(0 <= y <= 1 for path in lines.get_paths() for y in path.vertices[:, 1])
    [strong] = [line for line in axes.get_lines() if "best" in str(line.get_label())]
    assert strong.get_label() == "best: 10.0 %"
    assert strong.get_ydata()[0] == 0
    names = [text.get_text() for text in axes.texts]
    assert {"validation\nEER (%)", "learning\nrate", "weighted", "mean"} <= set(names)


def test_weighted_layers_stand_apart(tmp_path: Path, drawn, trials: pd.DataFrame) -> None:
    path = tmp_path / "layers.png"
    search_plots.plot_search_layers(trials, 100, path, "layers")
    assert is_png(path)
    [axes] = drawn[0].axes
    [line] = [one for one in axes.get_lines() if one.get_label() == "best of the layer"]
    assert np.asarray(line.get_xdata()).tolist() == [0, 1, 2, 3, 4]
    expected = [100 * trials["validation_eer"][trials["layer"] == n].min() for n in range(5)]
    np.testing.assert_allclose(line.get_ydata(), expected)
    assert axes.get_xticklabels()[-1].get_text() == "weighted"
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["best of the layer", "all", "mean", "best"]


def test_importances_of_all_and_of_the_best_classifier(tmp_path: Path, drawn) -> None:
    found = pd.DataFrame(
        {
            "hyperparameter": ["layer", "classifier", "learning_rate"],
            "importance": [0.75, 0.25, 1.0],
            "among": ["", "", "mlp"],
        }
    )
    search_plots.plot_importances(found, tmp_path / "importances.png", "importances")
    both, own = drawn[0].axes
    assert [text.get_text() for text in both.get_yticklabels()] == ["layer", "classifier"]
    assert [patch.get_width() for patch in both.patches] == [75, 25]
    assert own.get_title(loc="left") == "Among trials of mlp"


def test_places_and_labels_of_a_scale() -> None:
    words = Scale.of(["b", "a", "b"], ("a", "b", "c"), False)
    assert words.words == ("a", "b")
    assert words.heights(["a", "b"]).tolist() == [0.25, 0.75]
    numbers = Scale.of([1e-4, 1e-2, 1e-3], None, True)
    np.testing.assert_allclose(numbers.heights([1e-4, 1e-3, 1e-2]), [0, 0.5, 1])
    assert [label for _, label in numbers.labels()] == ["0.0001", "0.001", "0.01"]
    layers = Scale.of([0, 12, "weighted"], None, False)
    assert [label for _, label in layers.labels()] == ["0", "6", "12", "weighted"]
    assert layers.places(["weighted"])[0] > 12
    # Of one value, and of zero among what is drawn by its logarithm.
    assert Scale.of([3.0, 3.0], None, True).heights([3.0]).tolist() == [0.5]
    assert not Scale.of([0.0, 1.0], None, True).is_logarithmic
