"""Figures of a data set: speakers, class balance, levels, durations, waveforms and splits."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from src.utils.config import LABELS, SPOOF
from src.visualize.figure import COLOURS, named, saved_figure

GENDER_COLOURS = {"M": "#009E73", "F": "#CC79A7", "unknown": "#999999"}

_MOST_NAMES = 40
_LONGEST_NAME = 18
_COLUMNS = 600
_INK = "#555555"
_OWN = "#D8E6F0"


def plot_speakers(speakers: pd.DataFrame, path: Path, data: str = "") -> None:
    """Draw clips and minutes of the first 40 speakers as bars, stacked by class.

    Parameters
    ----------
    speakers : pandas.DataFrame
        With `speaker`, `bona-fide clips`, `spoof clips`, `bona-fide minutes` and `spoof minutes`,
        in the order to be drawn.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    shown = speakers.head(_MOST_NAMES)
    places = np.arange(len(shown))
    with saved_figure(
        path, (10.0, 5.5), named("Clips and minutes of each speaker, by class", data)
    ) as figure:
        rows = figure.subplots(2, sharex=True)
        for axes, what in zip(rows, ("clips", "minutes"), strict=True):
            bottom = np.zeros(len(shown))
            for label in LABELS:
                heights = shown[f"{label} {what}"].to_numpy(float)
                axes.bar(places, heights, 0.8, bottom, color=COLOURS[label], linewidth=0)
                bottom += heights
            axes.set_ylabel(what)
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=what == "clips"))
            axes.grid(axis="x", visible=False)
        names = [_shortened(name) for name in shown["speaker"]]
        rows[1].set_xticks(places, names, rotation=45, ha="right", parse_math=False)
        rows[1].set_xlim(-0.6, len(shown) - 0.4)
        if len(shown) < len(speakers):
            rows[0].set_title(f"the first {len(shown)} of {len(speakers):,} speakers", fontsize=11)
        _add_legend(figure, COLOURS)


def plot_balance(groups: pd.DataFrame, path: Path, data: str = "") -> None:
    """Draw clips, minutes and speakers of each class as bars, stacked by gender.

    Parameters
    ----------
    groups : pandas.DataFrame
        A row a class and gender, with `label, gender, clips, minutes, speakers`.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    genders = [name for name in GENDER_COLOURS if (groups["gender"] == name).any()]
    with saved_figure(
        path, (10.0, 2.6), named("Clips, minutes and speakers of each class, by gender", data)
    ) as figure:
        for axes, what in zip(figure.subplots(1, 3), ("clips", "minutes", "speakers"), strict=True):
            table = groups.pivot_table(what, "label", "gender", "sum", observed=True)
            table = table.reindex(index=list(LABELS), columns=genders).fillna(0)
            _stack(axes, table, GENDER_COLOURS)
            axes.set_xlabel(what)
        _add_legend(figure, {name: GENDER_COLOURS[name] for name in genders})


def plot_boxes(files: pd.DataFrame, path: Path, data: str = "") -> None:
    """Draw amplitude and duration as box plots by class and gender.

    Parameters
    ----------
    files : pandas.DataFrame
        A row a clip, with `label, gender, amplitude` (peak) and `duration` (s).
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    names = {"amplitude": "amplitude (peak, full scale 1)", "duration": "duration (s)"}
    with saved_figure(
        path, (10.0, 4.2), named("Amplitude and duration of the clips, by class and gender", data)
    ) as figure:
        for axes, (column, name) in zip(figure.subplots(1, 2), names.items(), strict=True):
            _draw_boxes(axes, files, "gender", column)
            axes.set_ylabel(name)
            axes.set_ylim(0, 1.05 * files[column].max())
        _add_legend(figure, COLOURS)


def plot_normalizations(levels: pd.DataFrame, path: Path, data: str = "") -> None:
    """Draw box plots of the peak after each normalisation, by class.

    Parameters
    ----------
    levels : pandas.DataFrame
        A row a clip and method, with `normalization, label, peak`, in the order to be drawn.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    with saved_figure(
        path, (10.0, 4.2), named("Peaks of the clips after each normalisation, by class", data)
    ) as figure:
        axes = figure.subplots()
        _draw_boxes(axes, levels, "normalization", "peak")
        axes.axhline(1.0, color=COLOURS[SPOOF], linestyle="--", linewidth=1)
        axes.set_yscale("log")
        ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_ylabel("peak (dashed: full scale)")
        _add_legend(figure, COLOURS)


def plot_waveforms(
    rows: Mapping[str, Sequence[np.ndarray]], titles: Sequence[str], path: Path, data: str = ""
) -> None:
    """Draw waveforms, a column a clip and a row a normalisation; clipped samples are marked.

    Parameters
    ----------
    rows : mapping of str to sequence of numpy.ndarray
        By name of the normalisation: the waveform of each clip, shape (samples,).
    titles : sequence of str
        Title of each clip.
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    title = named("Waveforms after each normalisation (dashed: full scale)", data)
    with saved_figure(path, (10.0, 1.15 * len(rows) + 0.8), title) as figure:
        grid = figure.subplots(len(rows), len(titles), sharey="row", squeeze=False)
        for line, (name, waveforms) in zip(grid, rows.items(), strict=True):
            top = max(1.15, 1.05 * max(float(np.abs(one).max()) for one in waveforms))
            for axes, waveform in zip(line, waveforms, strict=True):
                _draw_waveform(axes, waveform)
                axes.set_ylim(-top, top)
                whole = int(top)
                axes.set_yticks([-whole, 0, whole])
                axes.tick_params(labelsize=8)
                axes.set_xticks([])
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title, fontsize=10, parse_math=False)


def plot_splits(table: pd.DataFrame, path: Path, data: str = "") -> None:
    """Draw the content of each split: clips and minutes by class, minutes by gender.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a split, with `split` and the counts of classes and genders (`spoof clips`,
        `F minutes`).
    path : pathlib.Path
        The PNG file to write.
    data : str
        The data set's name, for the title.
    """
    genders = {
        name: colour for name, colour in GENDER_COLOURS.items() if f"{name} minutes" in table
    }
    panels = (("clips", COLOURS), ("minutes", COLOURS), ("minutes", genders))
    title = named("Clips and minutes of each split, by class and gender", data)
    with saved_figure(path, (10.0, 3.7), title) as figure:
        for axes, (what, colours) in zip(figure.subplots(1, 3, sharey=True), panels, strict=True):
            parts = table.set_index("split")[[f"{name} {what}" for name in colours]]
            parts.columns = list(colours)
            _stack(axes, parts, colours)
            axes.set_xlabel(what)
        _add_legend(figure, {**COLOURS, **genders})


def plot_shared(shared: pd.DataFrame, title: str, path: Path) -> None:
    """Draw the overlap of every two splits as a matrix, in which overlaps are marked.

    Parameters
    ----------
    shared : pandas.DataFrame
        A square matrix of counts, a row and a column a split; the diagonal counts the split itself.
    title : str
        Title of the figure.
    path : pathlib.Path
        The PNG file to write.
    """
    values = shared.to_numpy()
    with saved_figure(path, (6.0, 3.6)) as figure:
        axes = figure.subplots()
        for row, column in np.ndindex(values.shape):
            is_breach = row != column and values[row, column] > 0
            colour = COLOURS[SPOOF] if is_breach else _OWN if row == column else "#FFFFFF"
            axes.add_patch(_square(row, column, colour))
            axes.text(column, row, f"{values[row, column]:,}", ha="center", va="center")
        places = range(len(shared))
        axes.set_xticks(places, shared.columns, rotation=30, ha="right")
        axes.set_yticks(places, shared.index)
        axes.set(xlim=(-0.5, len(shared) - 0.5), ylim=(len(shared) - 0.5, -0.5))
        axes.set_title(title, fontsize=11)
        axes.grid(False)


def _draw_boxes(axes: Axes, table: pd.DataFrame, x: str, y: str) -> None:
    seaborn.boxplot(
        table,
        x=x,
        y=y,
        hue="label",
        hue_order=list(LABELS),
        palette=COLOURS,
        saturation=1.0,
        fill=False,
        gap=0.2,
        width=0.7,
        flierprops={"marker": ".", "markersize": 4, "alpha": 0.5},
        legend=False,
        ax=axes,
    )


def _draw_waveform(axes: Axes, waveform: np.ndarray) -> None:
    """Draw a waveform downsampled to its envelope: minimum and maximum of each pixel column."""
    parts = np.array_split(waveform, min(_COLUMNS, len(waveform)))
    lowest = np.array([part.min() for part in parts])
    highest = np.array([part.max() for part in parts])
    places = np.arange(len(parts))
    axes.fill_between(places, lowest, highest, color=_INK, linewidth=0.3, step="mid")
    for edge, beyond in ((1.0, highest > 1), (-1.0, lowest < -1)):
        axes.axhline(edge, color=COLOURS[SPOOF], linestyle="--", linewidth=0.7)
        end = highest if edge > 0 else lowest
        axes.vlines(places[beyond], edge, end[beyond], color=COLOURS[SPOOF], linewidth=0.8)
    axes.set_xlim(0, len(parts))


def _stack(axes: Axes, table: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw a stacked bar for each row of a table."""
    left = np.zeros(len(table))
    for name in table.columns:
        widths = table[name].to_numpy(float)
        axes.barh(np.arange(len(table)), widths, 0.65, left, color=colours[name], linewidth=0)
        left += widths
    axes.set_xlim(0, 1.05 * max(left.max(), 1e-3))
    axes.set_yticks(range(len(table)), table.index)
    # A shared axis must be inverted only once.
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _square(row: int, column: int, colour: str) -> Rectangle:
    return Rectangle(
        (column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="#BBBBBB", linewidth=0.8
    )


def _add_legend(figure: Figure, colours: Mapping[str, str]) -> None:
    keys = [Patch(color=colour, label=name) for name, colour in colours.items()]
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
