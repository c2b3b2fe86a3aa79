"""The figures of an audit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from src.utils.config import LABELS, SPOOF
from src.visualize.figure import COLOURS, figure_axes, named, saved_figure

_CHANCE = 0.5
_COLUMNS = 4
_BINS = 40
_LEAST_STEPS = 4
"""Of a nuisance's resolution, that a histogram spans at least."""
_MOST_BARS = 6


class MeasuredNuisance(Protocol):
    """A nuisance with the EER of telling the classes apart by it; rates are between 0 and 1."""

    @property
    def label(self) -> str:
        """Its name for people."""

    @property
    def eer(self) -> float:
        """The equal error rate."""

    @property
    def low(self) -> float:
        """Lower end of the EER's 95 % interval, NaN where it is unknown."""

    @property
    def high(self) -> float:
        """Upper end of the EER's 95 % interval, NaN where it is unknown."""

    @property
    def is_flagged(self) -> bool:
        """Whether it is marked as a shortcut."""


class NuisanceColumn(Protocol):
    """A nuisance as a column of the clips' table."""

    @property
    def name(self) -> str:
        """The column."""

    @property
    def title(self) -> str:
        """Title of its panel."""

    @property
    def is_category(self) -> bool:
        """Whether its values are categorical and drawn as bars, not as a histogram."""

    @property
    def step(self) -> float:
        """Its resolution, of which a histogram shows a few at least."""


def plot_shortcuts(
    shortcuts: Sequence[MeasuredNuisance], flagged_below: float, path: Path, data: str = ""
) -> None:
    """Draw the EER of each nuisance with its interval, the lowest on top.

    Parameters
    ----------
    shortcuts : sequence of MeasuredNuisance
        The nuisances, in any order.
    flagged_below : float
        The EER below which a nuisance is flagged, which is shaded.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    ordered = sorted(shortcuts, key=lambda one: -one.eer)
    size = (8.0, 1.2 + 0.3 * len(ordered))
    title = named("How well a nuisance alone tells the classes apart", data)
    with figure_axes(path, title, size) as axes:
        axes.axvspan(0, flagged_below, color=COLOURS[SPOOF], alpha=0.08, linewidth=0)
        axes.axvline(_CHANCE, color="#999999", linestyle=":")
        for row, one in enumerate(ordered):
            colour = COLOURS[SPOOF] if one.is_flagged else "#444444"
            axes.plot([one.low, one.high], [row, row], color=colour, linewidth=2, alpha=0.5)
            axes.plot(one.eer, row, "o", color=colour)
        axes.set_yticks(range(len(ordered)), [one.label for one in ordered])
        axes.set(xlabel="EER with its 95 % interval (shaded: flagged; dotted: chance)")
        axes.set_xlim(-0.01, max([0.6, *(one.high for one in ordered if not np.isnan(one.high))]))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="y", visible=False)


def plot_nuisances(
    files: pd.DataFrame, nuisances: Sequence[NuisanceColumn], path: Path, data: str = ""
) -> None:
    """Draw the distribution of each nuisance by class, as histograms and bar charts.

    Parameters
    ----------
    files : pandas.DataFrame
        A row a clip, with the column `label` and those of `Nuisances`.
    nuisances : sequence of NuisanceColumn
        A panel each, in this order; `bandwidth` is in kHz, `dc_offset` by its logarithm.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    rows = max(1, -(-len(nuisances) // _COLUMNS))
    title = named("Share of each class's clips by nuisance, the most telling first", data)
    with saved_figure(path, (12.0, 2.3 * rows + 0.4), title) as figure:
        grid = figure.subplots(rows, _COLUMNS).ravel()
        for axes, nuisance in zip(grid, nuisances, strict=False):
            draw = _draw_bars if nuisance.is_category else _draw_histogram
            draw(axes, files, nuisance)
            axes.set_title(nuisance.title, fontsize=10)
            axes.tick_params(labelsize=8)
        for axes in grid[len(nuisances) :]:
            axes.axis("off")
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)


def _draw_histogram(axes: Axes, files: pd.DataFrame, nuisance: NuisanceColumn) -> None:
    name, step = nuisance.name, nuisance.step
    values = files[name].to_numpy(float)
    if name == "bandwidth":
        values, step = values / 1000, step / 1000
    elif name == "dc_offset":
        values, step = np.log10(np.maximum(values, 1e-8)), 0.1
    # Outliers would press all the rest into one bin, and what nobody hears would look like much.
    low, high = np.percentile(values, (0.5, 99.5))
    wider = max(0.0, _LEAST_STEPS * step - (high - low)) / 2
    edges = np.linspace(low - wider, high + wider, _BINS + 1)
    for label in LABELS:
        part = values[(files["label"] == label).to_numpy()].clip(edges[0], edges[-1])
        if len(part):
            heights = np.histogram(part, edges)[0] / len(part)
            axes.stairs(heights, edges, fill=True, alpha=0.35, color=COLOURS[label], label=label)
            axes.stairs(heights, edges, color=COLOURS[label], linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.set_yticks([])
    axes.grid(visible=False)


def _draw_bars(axes: Axes, files: pd.DataFrame, nuisance: NuisanceColumn) -> None:
    values = files[nuisance.name].map(_format_value)
    commonest = values.value_counts().index
    shown = list(commonest[:_MOST_BARS])
    for side, label in enumerate(LABELS):
        part = values[files["label"] == label]
        shares = [(part == value).mean() if len(part) else 0.0 for value in shown]
        at = np.arange(len(shown)) + 0.4 * side - 0.2
        axes.barh(at, shares, 0.38, color=COLOURS[label], alpha=0.8, label=label)
    axes.set_yticks(range(len(shown)), shown)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)


def _format_value(value: object) -> str:
    text = f"{value:,.0f}" if isinstance(value, int | float) else str(value) or "not named"
    return text if len(text) <= 18 else f"{text[:17]}…"
