"""The figures of an audit, whatever the data."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from src.audit.catalogue import BY_NAME, NUISANCES
from src.audit.shortcuts import Shortcut
from src.visualize import audit_plots, figure
from src.visualize.audit_plots import plot_nuisances, plot_shortcuts

NAN = float("nan")


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 2000


@pytest.fixture
def files() -> pd.DataFrame:
    chance = np.random.default_rng(0)
    columns = {one.name: "x" if one.is_category else chance.random(40) for one in NUISANCES}
    columns["sample_rate"] = np.repeat([8000, 16_000], 20)
    columns["encoder"] = [f"an encoder with a very long name {n % 9}" for n in range(39)] + [""]
    return pd.DataFrame(columns).assign(label=np.tile(["bona-fide", "spoof"], 20))


@pytest.fixture
def drawn(monkeypatch) -> dict[str, object]:
    """Keep each figure's axes as they are when it is saved."""
    seen: dict[str, object] = {}
    close = plt.close

    def watched(one=None) -> None:
        if one is not None:
            seen["axes"] = [axes for axes in one.axes if axes.get_visible()]
        close(one)

    monkeypatch.setattr(figure.plt, "close", watched)
    return seen


def test_shortcuts(tmp_path: Path, drawn: dict) -> None:
    rows = [
        Shortcut("rms", "RMS level", 0.1, 0.05, 0.15, "", "", "", 20),
        Shortcut("peak", "peak", 0.5, 0.4, 0.7, "", "", "", 20),
        Shortcut("format", "file format", 0.2, NAN, NAN, "", "", "", 20),
    ]
    plot_shortcuts(rows, 0.35, tmp_path / "a.png")
    assert is_png(tmp_path / "a.png")
    [axes] = drawn["axes"]
    # The most telling on top.
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["peak", "file format", "RMS level"]
    assert axes.get_xlim()[1] >= 0.7


def test_shortcuts_without_any_interval(tmp_path: Path) -> None:
    plot_shortcuts([Shortcut("a", "a", 0.5, NAN, NAN, "", "", "", 20)], 0.35, tmp_path / "a.png")
    assert is_png(tmp_path / "a.png")


def test_every_nuisance(files: pd.DataFrame, tmp_path: Path, drawn: dict) -> None:
    plot_nuisances(files, NUISANCES, tmp_path / "a.png")
    assert is_png(tmp_path / "a.png")
    titles = [axes.get_title() or axes.get_xlabel() for axes in drawn["axes"]]
    for one in NUISANCES:
        assert any(one.title in title for title in titles), one.name
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "names", [["rms"], ["encoder"], ["rms", "encoder", "peak", "dc_offset", "bandwidth"]]
)
def test_some(files: pd.DataFrame, tmp_path: Path, names: list[str]) -> None:
    plot_nuisances(files, [BY_NAME[name] for name in names], tmp_path / "a.png")
    assert is_png(tmp_path / "a.png")


def test_one_class_equal_values_and_outliers(files: pd.DataFrame, tmp_path: Path) -> None:
    files = files.assign(rms=-20.0, peak=np.r_[np.zeros(39), 1e9])
    for number, part in enumerate((files, files[files["label"] == "spoof"], files[:1])):
        some = [BY_NAME[name] for name in ("rms", "peak", "format")]
        plot_nuisances(part, some, tmp_path / f"{number}.png")
        assert is_png(tmp_path / f"{number}.png")


def test_titles_name_the_data(files: pd.DataFrame, tmp_path: Path, drawn: dict) -> None:
    plot_shortcuts(
        [Shortcut("a", "a", 0.5, NAN, NAN, "", "", "", 20)], 0.35, tmp_path / "a.png", "my corpus"
    )
    assert drawn["axes"][0].get_title().endswith(": my corpus")
    plot_nuisances(files, [BY_NAME["rms"]], tmp_path / "a.png", "my_$corpus$")
    assert drawn["axes"][0].figure.get_suptitle().endswith(": my_$corpus$")


def test_what_nobody_hears_is_drawn_small(files: pd.DataFrame, tmp_path: Path, drawn: dict) -> None:
    """A ten thousandth of a decibel does not fill the width, and ticks are plain numbers."""
    files = files.assign(rms=-26 + 1e-4 * np.arange(len(files)))
    plot_nuisances(files, [BY_NAME["rms"]], tmp_path / "a.png")
    low, high = drawn["axes"][0].get_xlim()
    assert high - low >= 4 * BY_NAME["rms"].step


def test_nothing_differs(files: pd.DataFrame, tmp_path: Path) -> None:
    plot_nuisances(files, [], tmp_path / "a.png")
    assert is_png(tmp_path / "a.png")


def test_a_stopped_figure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), figure.figure_axes(tmp_path / "a.png", "t"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    assert plt.get_fignums() == []


def test_long_names_are_cut() -> None:
    shown: Callable = audit_plots._format_value
    assert shown("x" * 19) == "x" * 17 + "…"
    assert (shown(16_000), shown(""), shown("x" * 18)) == ("16,000", "not named", "x" * 18)
