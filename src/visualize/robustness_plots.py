"""Figures of a detector under conditions, one function each, which writes a PNG."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes

from src.utils.config import BONA_FIDE, SPOOF
from src.visualize.figure import COLOURS, figure_axes

_WORST = 0.5
"""The EER of guessing, at which colours end."""
_LONGEST = 20
"""Letters of a strength that fit into a cell."""


def plot_heat_map(groups: Mapping[str, pd.DataFrame], clean: float, path: Path, title: str) -> None:
    """Draw the EER of every condition as a cell: a row a group, from mild to severe.

    Parameters
    ----------
    groups : mapping of str to pandas.DataFrame
        By group, from top to bottom: `strength` and `eer` of each condition, from left to right.
    clean : float
        The EER without any condition, which the top row shows.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    n_columns = max(map(len, groups.values()))
    values = np.full((1 + len(groups), n_columns), np.nan)
    texts = np.full(values.shape, "", dtype=object)
    values[0, 0], texts[0, 0] = clean, f"{clean:.1%}"
    for row, table in enumerate(groups.values(), 1):
        for column, one in enumerate(table.itertuples()):
            values[row, column] = one.eer
            strength = shorten(str(one.strength), _LONGEST, placeholder="…")
            texts[row, column] = f"{one.eer:.1%}\n{strength}".strip()
    size = (2.6 + 1.15 * max(n_columns, 3), 1.6 + 0.42 * len(values))
    with figure_axes(path, title, size) as axes:
        seaborn.heatmap(
            100 * values,
            annot=texts,
            fmt="",
            cmap="YlOrRd",
            vmin=0,
            vmax=100 * _WORST,
            yticklabels=["clean", *groups],
            xticklabels=False,
            linewidths=1,
            cbar_kws={"label": "EER (%)", "extend": "max", "shrink": 0.5, "aspect": 30},
            annot_kws={"size": 7},
            ax=axes,
        )
        _plain(axes)
        axes.set(xlabel="strength, from mild to severe")
        axes.tick_params(axis="y", rotation=0)
        axes.grid(visible=False)


def plot_bars(
    groups: Mapping[str, pd.DataFrame], clean: pd.DataFrame, path: Path, title: str
) -> None:
    """Draw the EER of every condition as a bar with its interval, and that of clean clips.

    Parameters
    ----------
    groups : mapping of str to pandas.DataFrame
        By group, from top to bottom: `strength`, `eer`, `low` and `high` of each condition.
    clean : pandas.DataFrame
        The same of clean clips, a row.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    tables = {"clean": clean, **groups}
    n_rows = sum(len(table) for table in tables.values()) + 0.6 * (len(tables) - 1)
    without = float(clean["eer"].iloc[0])
    with figure_axes(path, title, (8.0, 1.4 + 0.2 * n_rows)) as axes:
        names: dict[float, str] = {}
        place = 0.0
        for group, table in tables.items():
            for one in table.itertuples():
                colour = COLOURS[BONA_FIDE] if group == "clean" else COLOURS[SPOOF]
                axes.barh(place, 100 * one.eer, height=0.8, color=colour, alpha=0.75)
                if not np.isnan(one.low):
                    axes.plot([100 * one.low, 100 * one.high], [place, place], color="#333333")
                names[place] = ", ".join(filter(None, (group, str(one.strength))))
                place += 1
            # A gap parts the groups.
            place += 0.6
        axes.axvline(
            100 * without,
            color=COLOURS[BONA_FIDE],
            linestyle="--",
            label=f"clean: {without:.1%}",
        )
        axes.plot([], [], color="#333333", label="95 % interval")
        axes.set_yticks(list(names), list(names.values()))
        _plain(axes)
        axes.set_ylim(place - 0.4, -0.8)
        axes.set_xlim(left=0)
        axes.set(xlabel="EER (%)")
        axes.tick_params(axis="y", labelsize=7)
        axes.grid(axis="y", visible=False)
        axes.figure.legend(loc="outside lower center", ncols=2, frameon=False)


def _plain(axes: Axes) -> None:
    """Show names as they are: a folder's may hold what is read as a formula."""
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
