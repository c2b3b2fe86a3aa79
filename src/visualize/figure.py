"""Style and saving of all figures: colours, axes, resolution."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill, wrap

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
_LONGEST_NAME = 40


@contextmanager
def saved_figure(path: Path, size: tuple[float, float], title: str = "") -> Iterator[Figure]:
    """Open an empty figure and save it atomically when the block ends.

    Parameters
    ----------
    path : pathlib.Path
        The PNG file to write.
    size : tuple of float
        Width and height in inches.
    title : str
        What a figure of several plots shows; empty for one plot, which has a title of its own.

    Yields
    ------
    matplotlib.figure.Figure
        To be drawn on.
    """
    with seaborn.axes_style("whitegrid"):
        figure = plt.figure(figsize=size, layout="constrained")
        if title:
            figure.suptitle(_broken(title, size[0])).set_parse_math(False)
        try:
            yield figure
            _lay_out(figure)
            with replacing(path) as temporary:
                figure.savefig(temporary, dpi=DPI)
        finally:
            plt.close(figure)


def _lay_out(figure: Figure) -> None:
    """Give everything its place, once and for all.

    Saving would do it too, but draw the whole figure for it, once more than it takes.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        # Of which the sizes of letters are rounded.
        figure.set_dpi(DPI)
        engine.execute(figure)
        figure.set_layout_engine(None)


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
        axes.set_title(_broken(title, size[0]), parse_math=False)
        yield axes


def named(what: str, data: str) -> str:
    """Return the title of a figure: what it shows, and of which data.

    Parameters
    ----------
    what : str
        What is drawn.
    data : str
        The data set, the run or the split that it is drawn of; empty where that is not known.
    """
    return f"{what}: {data}" if data else what


def shortened(name: str) -> str:
    """Shorten a long name in the middle; its end often tells it from others.

    Parameters
    ----------
    name : str
        Of a group or a detector.
    """
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def _broken(title: str, width: float) -> str:
    """Break a title into lines, each of its own lines by itself.

    It may hold the name of a file or folder: not to be cut off, nor read as a formula.
    """
    letters = int(_LETTERS_PER_INCH * width)
    lines = [line for part in title.splitlines() for line in wrap(part, letters)]
    if len(lines) > _TITLE_LINES:
        return fill(title, letters, max_lines=_TITLE_LINES, placeholder="…")
    return "\n".join(lines)
