"""Figures of embeddings, trainings and layer probes; each function writes a PNG."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.history import History
from src.visualize.figure import COLOURS, figure_axes, shortened

MARKERS = {"F": "o", "M": "^", "unknown": "s"}
_CURVES = (("#0072B2", "o-"), ("#E69F00", "s-"), ("#009E73", "^-"), ("#CC79A7", "D-"))

_GROUP_COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#F0E442"),
    *("#44AA99", "#000000"),
)
"""Of the ten commonest groups; more could not be told apart, and are grey together."""
_FAINT = "#BBBBBB"


def plot_points(points: pd.DataFrame, path: Path, title: str, axis: str) -> None:
    """Draw a scatter plot of projected clips: colour by label, marker by gender.

    Parameters
    ----------
    points : pandas.DataFrame
        A row a clip, with the columns `x`, `y`, `label` and `gender`.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    axis : str
        Name of the projection method, for the axes.
    """
    shown = points.assign(gender=points["gender"].replace("", "unknown"))
    labels = [label for label in COLOURS if (shown["label"] == label).any()]
    genders = [gender for gender in MARKERS if (shown["gender"] == gender).any()]
    with figure_axes(path, title, (8.0, 6.0)) as axes:
        seaborn.scatterplot(
            shown,
            x="x",
            y="y",
            hue="label",
            style="gender",
            palette=COLOURS,
            markers=MARKERS,
            alpha=0.7,
            s=28,
            linewidth=0.3,
            legend=False,
            ax=axes,
        )
        axes.set(xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        # Squares of colour for labels and grey shapes for genders: one entry says one thing.
        keys: list[Artist] = [Patch(color=COLOURS[label], label=label) for label in labels]
        keys += [
            Line2D([], [], color="#555555", marker=MARKERS[gender], linestyle="", label=gender)
            for gender in genders
        ]
        axes.legend(handles=keys, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def plot_groups(points: pd.DataFrame, column: str, path: Path, title: str, axis: str) -> None:
    """Draw a scatter plot of projected clips by a condition: its commonest values have colours.

    Parameters
    ----------
    points : pandas.DataFrame
        A row a clip, with `x`, `y`, `label` and the condition, empty where it is unknown.
    column : str
        The condition, such as `speaker`. By `attack`, the bona-fide clips are a group of their own.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    axis : str
        Name of the projection method, for the axes.
    """
    values = points[column].astype(str)
    sizes = values[values != ""].value_counts()
    # In a settled order, as of equal sizes none is the commoner.
    names = sorted(sizes.index, key=lambda name: (-sizes[name], name))
    named_ones = names[: len(_GROUP_COLOURS)]
    n_others = len(names) - len(named_ones)
    unknown = values == ""
    if column == "attack":
        unknown &= points["label"] == SPOOF
    parts = [
        ("unknown", _FAINT, ".", unknown),
        (f"{n_others:,} others", _FAINT, "o", values.isin(names[len(named_ones) :])),
    ]
    if column == "attack":
        parts.append((BONA_FIDE, "#444444", "+", points["label"] == BONA_FIDE))
    shapes = zip(named_ones, _GROUP_COLOURS, cycle("o^sDv"), strict=False)
    parts += [(name, colour, shape, values == name) for name, colour, shape in shapes]
    with figure_axes(path, title, (8.5, 6.0)) as axes:
        for name, colour, shape, mask in parts:
            if mask.any():
                x, y = points.loc[mask, "x"], points.loc[mask, "y"]
                # The name last: what begins with an underscore is left out of legends.
                label = f"{mask.sum():,}: {shortened(name)}"
                axes.scatter(
                    x, y, s=24, c=colour, label=label, marker=shape, alpha=0.75, linewidths=0.5
                )
        axes.set(xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        legend = axes.legend(
            title=f"clips by {column}",
            fontsize=9,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)


def plot_losses(history: History, path: Path, name: str) -> None:
    """Draw the learning curves: training and validation loss, and the validation EER.

    Parameters
    ----------
    history : History
        The values of each step; the step kept by early stopping is marked.
    path : pathlib.Path
        The PNG file to write.
    name : str
        What was trained on what, for the title.
    """
    steps = np.arange(1, len(history.val_losses) + 1)
    with figure_axes(
        path, f"Learning curves of training and validation\n{name}", (7.0, 4.5)
    ) as axes:
        axes.plot(steps, history.train_losses, label="training loss", color="#555555")
        axes.plot(steps, history.val_losses, label="validation loss", color=COLOURS[BONA_FIDE])
        axes.axvline(history.best + 1, color="#555555", linestyle=":", label=f"kept {history.step}")
        axes.set(xlabel=history.step, ylabel="cross-entropy (nats)")
        right = axes.twinx()
        right.plot(steps, 100 * history.val_eers, label="validation EER", color=COLOURS[SPOOF])
        right.set(ylabel="EER (%)")
        right.set_ylim(bottom=0)
        right.grid(False)
        lines = [*axes.get_lines(), *right.get_lines()]
        names = [str(line.get_label()) for line in lines]
        axes.figure.legend(lines, names, loc="outside lower center", ncols=4, frameon=False)


def plot_layers(table: pd.DataFrame, best: pd.Series, path: Path, title: str) -> None:
    """Draw the EER over the layers, a curve for each pooling with its standard error.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a layer and pooling, with the columns `layer`, `pooling`, `eer`, `standard_error`.
    best : pandas.Series
        The row to mark as the best.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    with figure_axes(path, title, (8.0, 5.0)) as axes:
        poolings = table.groupby("pooling", sort=False)
        for (pooling, rows), (colour, marker) in zip(poolings, cycle(_CURVES)):
            eer, error = 100 * rows["eer"], 100 * rows["standard_error"]
            axes.plot(rows["layer"], eer, marker, color=colour, markersize=4, label=pooling)
            if len(rows) > 1:
                axes.fill_between(
                    rows["layer"], eer - error, eer + error, color=colour, alpha=0.12, linewidth=0
                )
            else:
                axes.errorbar(rows["layer"], eer, error, color=colour, capsize=4)
        axes.plot(
            best["layer"],
            100 * best["eer"],
            "o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor="#222222",
            markeredgewidth=1.5,
            linestyle="",
            label=f"best: layer {best['layer']}, {best['pooling']}, {best['eer']:.1%}",
        )
        highest = (table["eer"] + table["standard_error"]).max()
        if highest > 0.3:
            axes.axhline(50, color="#999999", linestyle=":", label="chance")
        axes.set(xlabel="layer", ylabel="EER (%) ± standard error")
        axes.set_ylim(0, 100 * max(1.08 * highest, 0.01, 0.54 * (highest > 0.3)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.figure.legend(loc="outside lower center", ncols=6, frameon=False)
