"""Style and saving of all figures: colours, axes, resolution."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.files import replacing

# Okabe & Ito's colours, which colour-blind readers can tell apart.
COLOURS = {BONA_FIDE: "#0072B2", SPOOF: "#D55E00"}

DPI = 150
"""Resolution in pixels per inch: sharp on high-density screens too."""

_LETTERS_PER_INCH = 8
_TITLE_LINES = 3


@contextmanager
def saved_figure(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """Open an empty figure and save it atomically when the block ends.

    Parameters
    ----------
    path : pathlib.Path
        The PNG file to write.
    size : tuple of float
        Width and height in inches.

    Yields
    ------
    matplotlib.figure.Figure
        To be drawn on.
    """
    with seaborn.axes_style("whitegrid"):
        figure = plt.figure(figsize=size, layout="constrained")
        try:
            yield figure
            with replacing(path) as temporary:
                figure.savefig(temporary, dpi=DPI)
        finally:
            plt.close(figure)


@contextmanager
def figure_axes(path: Path, title: str, size: tuple[float, float] = (6.0, 5.0)) -> Iterator[Axes]:
    """Open a figure with a single, titled plot and save it atomically when the block ends.

    Parameters
    ----------
    title : str
        Broken into lines where it is long.
    path, size
        See `saved_figure`.

    Yields
    ------
    matplotlib.axes.Axes
        To be drawn on.
    """
    with saved_figure(path, size) as figure:
        axes = figure.subplots()
        # It may hold the name of a file or folder: not to be cut off, nor read as a formula.
        width = int(_LETTERS_PER_INCH * size[0])
        lines = fill(title, width, max_lines=_TITLE_LINES, placeholder="…")
        axes.set_title(lines, parse_math=False)
        yield axes
