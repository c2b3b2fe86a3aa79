"""Rich output of notebooks: tables, figures and audio players."""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from src.results.blocks.blocks import Figure
from src.results.blocks.html import render_html
from src.utils.audio.resampler import Resampler
from src.utils.audio.writing import write_waveform
from src.utils.config import SAMPLE_RATE

SHOWN = 10
"""Rows of a long table that are shown."""

LONGEST_SOUND = 3.0
"""Seconds of a clip that can be heard: a notebook holds its sounds as text."""


@dataclass(frozen=True)
class Picture:
    """A figure as HTML, with alternative text for screen readers.

    Attributes
    ----------
    markup : str
        The HTML, which holds the image.
    """

    markup: str

    def _repr_html_(self) -> str:
        return self.markup


@dataclass(frozen=True)
class Sounds:
    """Audio players as HTML, one below the other.

    Attributes
    ----------
    wavs : dict of str to bytes
        WAV files by the name that stands beside the player.
    """

    wavs: dict[str, bytes]

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td style='text-align: left'>{html.escape(name)}</td>"
            f"<td><audio controls preload='none' "
            f"src='data:audio/wav;base64,{base64.b64encode(wav).decode()}'></audio></td></tr>"
            for name, wav in self.wavs.items()
        ]
        return f"<table>{''.join(rows)}</table>"


def draw(plot: Callable[..., None], *values: Any, about: str, data: str = "") -> Picture:
    """Return the figure that a function of `src.visualize` draws.

    Parameters
    ----------
    plot : callable
        Takes `values` and then the path to write a PNG to.
    *values
        What is drawn.
    about : str
        Alternative text of the figure, for screen readers.
    data : str
        The name of what it is drawn of, for a function that puts it into the title.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        plot(*values, path, **({"data": data} if data else {}))
        return picture(path, about)


def picture(path: Path, about: str) -> Picture:
    """Return a PNG file as a picture.

    Parameters
    ----------
    path : pathlib.Path
        The file, which is copied into the page.
    about : str
        Alternative text, for screen readers.
    """
    # Browsers move figures to the right unless told otherwise.
    markup = render_html([Figure(path, about)])
    return Picture(markup.replace("<figure>", '<figure style="margin: 0">', 1))


def play(waveforms: dict[str, np.ndarray], sample_rate: int) -> Sounds:
    """Return audio players of the first seconds of waveforms, at 16 kHz and 16 bit.

    Parameters
    ----------
    waveforms : dict of str to numpy.ndarray
        By name, shape (samples,); samples beyond full scale are clipped.
    sample_rate : int
        Sample rate of the waveforms in Hz.
    """
    wavs = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        for name, waveform in waveforms.items():
            resampler = Resampler(sample_rate, SAMPLE_RATE)
            resampler.add(waveform[: round(LONGEST_SOUND * sample_rate)].clip(-1, 1))
            write_waveform(path, resampler.finish())
            wavs[name] = path.read_bytes()
    return Sounds(wavs)


def show(table: pd.DataFrame, rows: int = SHOWN, **formats: str) -> Styler:
    """Return a styled table: text to the left, numbers to the right, a long one cut short.

    Parameters
    ----------
    table : pandas.DataFrame
        What is shown, without its index.
    rows : int
        The most rows to show; the others are counted below.
    **formats
        The format of a column, such as `share="{:.1%}"`, by its name; a float without one has two
        places. Spaces and hyphens of the name are written as underscores.
    """
    numbers = list(table.select_dtypes("number"))
    named = {
        column: formats.get(_plain(column), "{:,.2f}") for column in table.select_dtypes("float")
    }
    side = {column: "right" if column in numbers else "left" for column in table}
    aligned = {
        column: [{"selector": "th, td", "props": f"text-align: {where}; white-space: nowrap"}]
        for column, where in side.items()
    }
    style = (
        table.head(rows)
        .reset_index(drop=True)
        .style.format(named, na_rep="–", thousands=",", escape="html")
        .format_index(lambda name: html.escape(str(name).replace("_", " ")), axis=1)
        .hide(axis="index")
        .set_table_styles(aligned)
    )
    if len(table) <= rows:
        return style
    below = [{"selector": "caption", "props": "caption-side: bottom; text-align: left"}]
    return style.set_table_styles(below, overwrite=False).set_caption(
        f"and {len(table) - rows:,} rows more"
    )


def _plain(column: object) -> str:
    return str(column).replace(" ", "_").replace("-", "_")
