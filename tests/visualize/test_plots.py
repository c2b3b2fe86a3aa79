"""Every figure is a PNG that appears whole, whatever the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from src.utils.history import History
from src.visualize import figure, plots


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 2000


def test_points_and_losses(tmp_path: Path) -> None:
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
    assert all(is_png(path) for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("highest", [0.0, 0.02, 0.4, 0.9])
@pytest.mark.parametrize("poolings", [["descriptor"], ["mean", "std", "both"], list("abcde")])
@pytest.mark.parametrize("layers", [[4], [4, 5, 6]])
def test_layers(tmp_path: Path, monkeypatch, layers: list, poolings: list, highest: float) -> None:
    rows = [
        (layer, pooling, highest / (n + 1), 0.01)
        for n, (layer, pooling) in enumerate(
            (layer, pooling) for layer in layers for pooling in poolings
        )
    ]
    table = pd.DataFrame(rows, columns=["layer", "pooling", "eer", "standard_error"])
    best = table.loc[table["eer"].idxmin()]
    path = tmp_path / "layers.png"
    [axes] = axes_of(monkeypatch, lambda: plots.plot_layers(table, best, path, "a title"))
    assert is_png(path)
    lines = {str(line.get_label()): line for line in axes.get_lines()}
    for pooling in poolings:
        mine = table[table["pooling"] == pooling]
        np.testing.assert_array_equal(lines[pooling].get_xdata(), layers)
        np.testing.assert_allclose(lines[pooling].get_ydata(), 100 * mine["eer"])
    [mark] = [line for label, line in lines.items() if label.startswith("best: layer")]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (best["layer"], 100 * best["eer"])
    # Chance is drawn where it is near, and nothing drawn lies outside.
    assert ("chance" in lines) == (highest > 0.3)
    low, high = axes.get_ylim()
    assert low == 0
    assert high > 100 * (highest + 0.01)
    assert high > 50 or highest < 0.3
    assert axes.get_xlabel() == "layer"
    assert "EER" in axes.get_ylabel()
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_the_commonest_groups_have_colours(tmp_path: Path, monkeypatch) -> None:
    names = [f"_s${n:02d}" for n in range(14) for _ in range(20 - n)] + [""] * 3
    points = pd.DataFrame({"speaker": names, "label": "spoof"})
    points = points.assign(x=np.arange(len(points)), y=0.0)
    path = tmp_path / "a.png"
    [axes] = axes_of(
        monkeypatch, lambda: plots.plot_groups(points, "speaker", path, "a title", "UMAP")
    )
    assert is_png(path)
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "clips by speaker"
    told = [text.get_text() for text in legend.get_texts()]
    ten = [f"{20 - n}: _s${n:02d}" for n in range(10)]
    assert told == ["3: unknown", "34: 4 others", *ten]
    drawn = {str(one.get_label()): one for one in axes.collections}
    colours = [tuple(np.asarray(drawn[name].get_facecolor())[0][:3]) for name in told]
    # The rest is grey, in one tone; the others have a colour each.
    assert colours[0] == colours[1] and len(set(colours[0])) == 1
    assert len(set(colours)) == 11
    assert [len(np.asarray(drawn[name].get_offsets())) for name in told[1:3]] == [34, 20]
    # Outside of the axes, and whole.
    assert legend.get_bbox_to_anchor().x0 >= axes.bbox.x1 - 1


def test_bona_fide_clips_are_of_no_attack(tmp_path: Path, monkeypatch) -> None:
    points = pd.DataFrame({"x": range(6), "y": 0.0, "attack": ["", "", "", "A1", "A2", "A1"]})
    points["label"] = ["bona-fide", "bona-fide", *["spoof"] * 4]
    [axes] = axes_of(
        monkeypatch,
        lambda: plots.plot_groups(points, "attack", tmp_path / "a.png", "a title", "UMAP"),
    )
    legend = axes.get_legend()
    assert legend is not None
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["1: unknown", "2: bona-fide", "2: A1", "1: A2"]


def axes_of(monkeypatch: pytest.MonkeyPatch, draw: Callable[[], None]) -> list[Axes]:
    """Return the axes of the figure that something draws."""
    seen: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(figure.plt, "close", seen.append)
        draw()
    plt.close(seen[0])
    found: list[Axes] = seen[0].axes
    return found


def test_nothing_is_shown_or_left_open() -> None:
    assert mpl.get_backend().lower() == "agg"
    assert not plt.get_fignums()
