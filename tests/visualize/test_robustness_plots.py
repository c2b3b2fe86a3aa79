"""The figures of a test of robustness."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from src.visualize import robustness_plots
from src.visualize.robustness_plots import plot_bars, plot_heat_map


def table(*rows: tuple[str, float]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["strength", "eer"])
    return found.assign(low=found["eer"] / 2, high=found["eer"] * 1.5)


GROUPS = {
    "messenger": table(("Opus 24", 0.1)),
    "a $x_1$ name": table(("25 dB", 0.2), ("a strength with a very long name", 0.4)),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Axes]:
    """The axes of the figures that are drawn."""
    found: list[Axes] = []
    plain = robustness_plots._plain
    monkeypatch.setattr(
        robustness_plots, "_plain", lambda axes: (found.append(axes), plain(axes))[1]
    )
    return found


def test_the_heat_map(drawn: list[Axes], tmp_path: Path) -> None:
    plot_heat_map(GROUPS, 0.05, tmp_path / "a.png", "EER: a set")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    [axes] = drawn
    assert [label.get_text() for label in axes.get_yticklabels()] == ["clean", *GROUPS]
    values = np.ma.filled(axes.collections[0].get_array(), np.nan).reshape(3, 2)
    np.testing.assert_allclose(values, [[5, np.nan], [10, np.nan], [20, 40]])
    texts = [text.get_text() for text in axes.texts]
    assert texts[:3] == ["5.0%", "10.0%\nOpus 24", "20.0%\n25 dB"]


def test_the_bars(drawn: list[Axes], tmp_path: Path) -> None:
    plot_bars(GROUPS, table(("", 0.05)), tmp_path / "b.png", "EER: a set")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    [axes] = drawn
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([5, 10, 20, 40])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:3] == ["clean", "messenger, Opus 24", "a $x_1$ name, 25 dB"]
