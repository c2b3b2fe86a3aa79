"""Figures of a search of hyperparameters; each function writes a PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.ticker import MaxNLocator

from src.utils.config import BONA_FIDE, SPOOF, VALIDATION_EER, WEIGHTED
from src.visualize.figure import COLOURS, figure_axes, saved_figure
from src.visualize.scales import Scale

_POINT, _BEST = COLOURS[BONA_FIDE], COLOURS[SPOOF]
_KINDS = (
    *(("#0072B2", "o"), ("#009E73", "^"), ("#CC79A7", "s"), ("#E69F00", "D"), ("#56B4E9", "v")),
    *(("#882255", "P"), ("#44AA99", "X"), ("#000000", "*")),
)
"""Colour and marker of classifiers or poolings: orange is the best trial's alone."""
_SOFT = "#777777"
_BELOW_ZERO = 0.05
"""Share of the height of a plot that is left below 0, so that points at 0 are not cut."""
_PANELS = 4
"""Panels in a row of slices."""
_TOP_SHARE = 75
"""Percentile of the EERs at which colours end: a few bad trials would leave the good ones one."""


@dataclass(frozen=True)
class Dimension:
    """What a search has drawn, as a figure shows it.

    Attributes
    ----------
    column : str
        Of the table of trials.
    is_logarithmic : bool
        Whether it is drawn by its logarithm.
    values : tuple or None
        What it was chosen from, in this order; None for a number in a range.
    """

    column: str
    is_logarithmic: bool = False
    values: tuple[Any, ...] | None = None

    @property
    def title(self) -> str:
        """Its name as it is written."""
        return self.column.replace("_", " ")

    def scale(self, trials: pd.DataFrame) -> Scale:
        """Return the places of its values in trials.

        Parameters
        ----------
        trials : pandas.DataFrame
            A row a search trial.
        """
        return Scale.of(trials[self.column].dropna().tolist(), self.values, self.is_logarithmic)


def plot_search(trials: pd.DataFrame, path: Path, title: str) -> None:
    """Draw the validation EER of every search trial, and the best so far.

    Parameters
    ----------
    trials : pandas.DataFrame
        A row a search trial, with the columns `trial` and `validation_eer`, NaN for one without;
        `classifier` where several were searched, and `state` where some were pruned.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    with figure_axes(path, title, (7.0, 4.5)) as axes:
        eer = 100 * trials[VALIDATION_EER]
        axes.step(trials["trial"], eer.cummin(), where="post", color=_BEST, label="best so far")
        for name, colour, marker, rows in _kinds(trials, "classifier"):
            # Many trials may have no error at all: their points are whole, and above the line.
            axes.plot(
                *(rows["trial"], 100 * rows[VALIDATION_EER], marker),
                label=name or "trial",
                color=colour,
                alpha=0.6,
                clip_on=False,
                zorder=3,
            )
        axes.set(xlabel="trial", ylabel="validation EER (%)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        top = _limit(axes, eer)
        pruned = trials["trial"][trials.get("state", pd.Series("", trials.index)) == "pruned"]
        if len(pruned):
            axes.plot(pruned, [top] * len(pruned), "x", color=_SOFT, ms=5, label="pruned")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def plot_importances(found: pd.DataFrame, path: Path, title: str) -> None:
    """Draw the share of the variance between trials that each hyperparameter explains.

    Parameters
    ----------
    found : pandas.DataFrame
        `hyperparameter`, `importance` and `among`: a panel for all trials, where this is empty,
        and one for those of each classifier.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    groups = list(found.groupby("among", sort=False))
    heights = [len(rows) + 0.8 for _, rows in groups]
    with saved_figure(path, (7.0, 1.5 + 0.36 * sum(heights)), title) as figure:
        panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)
        for (among, rows), axes in zip(groups, panels[:, 0], strict=True):
            names = [name.replace("_", " ") for name in rows["hyperparameter"]]
            shares = 100 * rows["importance"].to_numpy(float)
            bars = axes.barh(range(len(names)), shares, height=0.7, color=_POINT, alpha=0.8)
            axes.bar_label(bars, [f"{share:.1f} %" for share in shares], padding=4, fontsize=9)
            axes.set_yticks(range(len(names)), names)
            axes.set_ylim(len(names) - 0.4, -0.6)
            axes.grid(axis="y", visible=False)
            if len(groups) > 1:
                which = f"trials of {among}" if among else "all trials"
                axes.set_title(f"Among {which}", loc="left", fontsize=10)
            # Room for the numbers behind the bars.
            axes.set_xlim(0, 1.15 * 100 * found["importance"].max())
        panels[-1, 0].set(xlabel="share of the variance between trials (%)")


def plot_slices(
    trials: pd.DataFrame, dimensions: Sequence[Dimension], best: int, path: Path, title: str
) -> None:
    """Draw the validation EER over everything that was drawn, a panel each.

    Parameters
    ----------
    trials : pandas.DataFrame
        A row a finished search trial; what it has not drawn is empty.
    dimensions : sequence of Dimension
        Of its columns.
    best : int
        The `run` of the best trial, which is marked.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    n_columns = min(_PANELS, len(dimensions))
    n_rows = -(-len(dimensions) // n_columns)
    size = (max(5.0, 0.8 + 2.7 * n_columns), 1.4 + 2.5 * n_rows)
    with saved_figure(path, size, title) as figure:
        panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes in panels.flat[len(dimensions) :]:
            axes.set_visible(False)
        for dimension, axes in zip(dimensions, panels.flat, strict=False):
            _slice(axes, trials[trials[dimension.column].notna()], dimension, trials, best)
        eers = 100 * trials[VALIDATION_EER]
        margin = 0.08 * max(float(np.ptp(eers)), 1.0)
        panels[0, 0].set_ylim(eers.min() - margin, eers.max() + margin)
        for row in panels:
            row[0].set(ylabel="validation EER (%)")
        told: dict[str, Artist] = {}
        for axes in panels.flat:
            keys, names = axes.get_legend_handles_labels()
            told |= dict(zip(names, keys, strict=True))
        figure.legend(
            *([*told.values()], [*told]), loc="outside lower center", ncols=6, frameon=False
        )


def plot_parallel(
    trials: pd.DataFrame, dimensions: Sequence[Dimension], best: int, path: Path, title: str
) -> None:
    """Draw every trial as a line across axes of what was drawn, coloured by its EER.

    A line ends where its trial has drawn nothing more.

    Parameters
    ----------
    trials : pandas.DataFrame
        A row a finished search trial; what it has not drawn is empty.
    dimensions : sequence of Dimension
        Of its columns, those that all trials have first.
    best : int
        The `run` of the best trial, which is drawn over all others.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    ranked = trials.sort_values(VALIDATION_EER, ascending=False, kind="stable")
    eers = 100 * ranked[VALIDATION_EER].to_numpy(float)
    axes_of = [Dimension(VALIDATION_EER), *dimensions]
    places = np.column_stack([_spread(ranked, one) for one in axes_of])
    top = max(float(np.percentile(eers, _TOP_SHARE)), float(eers.min()) + 1e-6)
    norm = Normalize(float(eers.min()), top, clip=True)
    # Of one hue, the dark end being the good one, so that orange is the best trial's alone.
    colours = ListedColormap(colormaps["Blues_r"](np.linspace(0, 0.78, 256)))
    with saved_figure(path, (max(6.0, 2.0 + 1.12 * len(axes_of)), 5.4), title) as figure:
        axes = figure.subplots()
        lines = [_line(row) for row in places]
        axes.add_collection(
            LineCollection(lines, colors=colours(norm(eers)), linewidths=1.1, alpha=0.55, zorder=2)
        )
        [at] = np.flatnonzero(ranked["run"] == best)[:1] if (ranked["run"] == best).any() else [-1]
        axes.plot(
            *(lines[at][:, 0], lines[at][:, 1], "o-"),
            color=_BEST,
            linewidth=2.4,
            markersize=5,
            zorder=4,
            label=f"best: {eers[at]:.1f} %",
        )
        for number, dimension in enumerate(axes_of):
            _upright(axes, number, ranked, dimension)
        axes.set_xlim(-0.55, len(axes_of) - 0.3)
        axes.set_ylim(-0.04, 1.16)
        axes.set_axis_off()
        bar = figure.colorbar(
            ScalarMappable(norm, colours), ax=axes, extend="max", pad=0.01, shrink=0.85, aspect=30
        )
        bar.set_label("validation EER (%)")
        figure.legend(loc="outside lower center", frameon=False)


def plot_search_layers(trials: pd.DataFrame, best: int, path: Path, title: str) -> None:
    """Draw the validation EER of every trial over its layer, and the best of each layer joined.

    Parameters
    ----------
    trials : pandas.DataFrame
        A row a finished search trial, with `layer`, `pooling` and `classifier` where several were
        searched: the first of them gives colours.
    best : int
        The `run` of the best trial, which is marked.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    scale = Dimension("layer").scale(trials)
    at = pd.Series(scale.places(trials["layer"]), trials.index)
    column = "pooling" if "pooling" in trials else "classifier"
    with figure_axes(path, title, (8.0, 5.0)) as axes:
        lowest = (100 * trials[VALIDATION_EER]).groupby(at).min()
        # Weighted layers are none of the row.
        is_one = lowest.index < scale.places([WEIGHTED])[0] if scale.others else slice(None)
        axes.plot(lowest[is_one], color=_SOFT, linewidth=1.2, label="best of the layer", zorder=2)
        for name, colour, marker, rows in _kinds(trials, column):
            axes.scatter(
                at[rows.index],
                100 * rows[VALIDATION_EER],
                s=30,
                color=colour,
                marker=marker,
                alpha=0.65,
                linewidths=0,
                label=name or "trial",
                clip_on=False,
                zorder=3,
            )
        _ring(axes, trials, at, best)
        axes.set(xlabel="layer", ylabel="validation EER (%)")
        scale.mark(axes)
        _limit(axes, 100 * trials[VALIDATION_EER])
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _kinds(trials: pd.DataFrame, column: str) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Return name, colour, marker and rows of each kind of trial; one without a name for all."""
    if column not in trials:
        return [("", _POINT, "o", trials)]
    # By their names, so that all figures of a study have the same colours.
    names = sorted(set(trials[column].dropna()))
    marked = zip(names, cycle(_KINDS))
    return [(name, *kind, trials[trials[column] == name]) for name, kind in marked]


def _slice(
    axes: Axes, rows: pd.DataFrame, dimension: Dimension, trials: pd.DataFrame, best: int
) -> None:
    scale = dimension.scale(trials)
    at = pd.Series(scale.places(rows[dimension.column]), rows.index)
    if scale.is_of_words:
        at += 0.44 * _jitter(rows["trial"])
        lowest = (100 * rows[VALIDATION_EER]).groupby(scale.places(rows[dimension.column])).median()
        axes.hlines(
            *(lowest, lowest.index - 0.32, lowest.index + 0.32),
            *("#333333", "solid"),
            linewidth=1.6,
            label="median",
            zorder=4,
        )
    there = []
    for name, colour, marker, of_kind in _kinds(trials, "classifier"):
        drawn = of_kind.loc[of_kind.index.intersection(rows.index)]
        if drawn.empty:
            continue
        there.append(name)
        axes.scatter(
            at[drawn.index],
            100 * drawn[VALIDATION_EER],
            s=20,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
            label=name or "trial",
            zorder=3,
        )
    _ring(axes, rows, at, best)
    scale.mark(axes)
    axes.tick_params(labelsize=8)
    is_own = all(there) and len(there) < len(_kinds(trials, "classifier"))
    whose = f" ({', '.join(there)})" if is_own else ""
    axes.set_xlabel(dimension.title + whose, fontsize=10)


def _ring(axes: Axes, rows: pd.DataFrame, at: pd.Series, best: int) -> None:
    one = rows[rows["run"] == best]
    axes.scatter(
        at[one.index],
        100 * one[VALIDATION_EER],
        s=95,
        facecolors="none",
        edgecolors=_BEST,
        linewidths=2,
        label="best" if len(one) else "",
        clip_on=False,
        zorder=5,
    )


def _spread(trials: pd.DataFrame, dimension: Dimension) -> np.ndarray:
    """Return the height of each trial on an axis, 0 to 1; of equal words a little apart."""
    scale = dimension.scale(trials)
    values = trials[dimension.column]
    heights = np.full(len(values), np.nan)
    is_known = values.notna().to_numpy()
    heights[is_known] = scale.heights(values[is_known])
    if scale.is_of_words:
        heights += _jitter(trials["trial"]).to_numpy() * 0.4 / scale.n_words
    return heights


def _jitter(numbers: pd.Series) -> pd.Series:
    """Return an even spread from -0.5 to 0.5 that is the same in every figure."""
    return (numbers.astype(float) * 0.6180339887) % 1 - 0.5


def _line(heights: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(~np.isnan(heights))
    return np.column_stack([known, heights[known]])


def _upright(axes: Axes, number: int, trials: pd.DataFrame, dimension: Dimension) -> None:
    """Draw an axis of parallel coordinates with its name and values."""
    axes.vlines(number, 0, 1, color="#333333", linewidth=1, zorder=3)
    name = "validation\nEER (%)" if number == 0 else dimension.title.replace(" ", "\n")
    axes.text(
        *(number, 1.03, name), ha="center", va="bottom", fontsize=9, fontweight="bold", zorder=5
    )
    factor = 100 if number == 0 else 1
    for height, label in dimension.scale(trials).labels(factor):
        axes.text(
            *(number - 0.05, height, label),
            ha="right",
            va="center",
            fontsize=7.5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
            zorder=5,
        )


def _limit(axes: Axes, eers: pd.Series) -> float:
    """Let the axis of the EER begin at 0, and return its upper end."""
    top = max(1.0, float(eers.max()))
    axes.set_ylim(-_BELOW_ZERO * top, (1 + _BELOW_ZERO) * top)
    return top
