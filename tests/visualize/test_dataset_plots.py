"""Figures of a data set are whole PNGs that show every group, whatever the data."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from src.utils.config import SPLITS
from src.utils.dataset import summary
from src.utils.dataset.split.overlap import count_shared, describe_splits
from src.visualize import dataset_plots, figure
from src.visualize.figure import COLOURS


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Figure]:
    """Draw, check the PNG, and return the figure to look at."""
    close, open_figures = plt.close, []
    monkeypatch.setattr(figure.plt, "close", open_figures.append)

    def draw(plot: Callable, *values) -> Figure:
        path = tmp_path / "figure.png"
        plot(*values, path)
        assert path.read_bytes().startswith(b"\x89PNG")
        close(open_figures[-1])
        return open_figures[-1]

    return draw


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    table = make_table(*((f"s{n:02d}$x", "FM"[n % 2], 1 + n % 2, 1) for n in range(6)))
    return table.assign(duration=60.0, amplitude=np.linspace(0.1, 0.9, len(table)))


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (6, 6), (100, 40)])
def test_speakers(drawn: Callable, count: int, shown: int) -> None:
    names = ["bona-fide clips", "spoof clips", "bona-fide minutes", "spoof minutes"]
    speakers = pd.DataFrame(dict.fromkeys(names, 2.0), index=range(count))
    axes = drawn(dataset_plots.plot_speakers, speakers.assign(speaker="$a$" * 9)).axes
    assert [len(one.patches) for one in axes] == [2 * shown, 2 * shown]
    tops = {patch.get_y() + patch.get_height() for patch in axes[0].patches}
    assert tops == {2.0, 4.0}
    assert ("100" in axes[0].get_title()) == (count > 40)


def test_balance(drawn: Callable, files: pd.DataFrame) -> None:
    axes = drawn(dataset_plots.plot_balance, summary.describe_groups(files)).axes
    assert [one.get_xlabel() for one in axes] == ["clips", "minutes", "speakers"]
    # Three men with two bona-fide clips each, three women with one.
    assert [patch.get_width() for patch in axes[0].patches] == [6, 3, 3, 3]
    one_class = files[files["label"] == "spoof"]
    drawn(dataset_plots.plot_balance, summary.describe_groups(one_class))


def test_boxes(drawn: Callable, files: pd.DataFrame) -> None:
    shown = summary.with_gender(files)
    left, right = drawn(dataset_plots.plot_boxes, shown).axes
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["M", "F"]
    assert right.get_ylim() == (0, 63.0)
    drawn(dataset_plots.plot_boxes, summary.with_gender(files.assign(gender="")))


def test_ways(drawn: Callable) -> None:
    rows = [(way, label, 0.5) for way in ("a", "b") for label in COLOURS]
    levels = pd.DataFrame(rows, columns=["normalization", "label", "peak"])
    [axes] = drawn(dataset_plots.plot_normalizations, levels).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "b"]
    assert axes.get_yscale() == "log"


def test_waveforms_beyond_full_scale_are_marked(drawn: Callable) -> None:
    quiet = np.sin(np.arange(5000)).astype(np.float32) / 2
    ways = {"original": [quiet, quiet[:3]], "loud": [4 * quiet, quiet]}
    axes = drawn(dataset_plots.plot_waveforms, ways, ["$one$", "two"]).axes
    # The bars above and below full scale are the second and third collection.
    marked = [sum(len(lines.get_segments()) for lines in one.collections[1:]) for one in axes]
    assert [count > 0 for count in marked] == [False, False, True, False]
    assert axes[2].get_ylim()[1] > 2 > axes[0].get_ylim()[1]


def test_splits(drawn: Callable, files: pd.DataFrame) -> None:
    splits = pd.Series(["downstream_train"] * 9 + ["downstream_test"] * 6)
    axes = drawn(dataset_plots.plot_splits, describe_splits(files, splits)).axes
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == list(SPLITS)
    assert sum(patch.get_width() for patch in axes[0].patches) == len(files)
    assert sum(patch.get_width() for patch in axes[2].patches) == len(files)
    drawn(dataset_plots.plot_splits, describe_splits(files, pd.Series([""] * len(files))))


def test_shared_speakers_stand_out(drawn: Callable, files: pd.DataFrame) -> None:
    splits = pd.Series(["downstream_train"] * 8 + ["downstream_test"] * 7)
    shared = count_shared(files, splits, "speaker")
    [axes] = drawn(dataset_plots.plot_shared, shared, "a title").axes
    loud = [same_color(patch.get_facecolor(), COLOURS["spoof"]) for patch in axes.patches]
    assert sum(loud) == 2
    assert [text.get_text() for text in axes.texts][12] == "4"
