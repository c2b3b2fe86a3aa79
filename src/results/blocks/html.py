"""Blocks as one HTML file that needs nothing else: no network, no script, no other file."""

import base64
import struct
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined

from src.results.blocks.blocks import Block, Cell, Figure, write_cell
from src.utils.files import write_text
from src.utils.shown_text import visible
from src.visualize.figure import DPI

TO, DASH = " – ", "–"

_BROWSER_DPI = 96
"""A browser's pixels in an inch."""


def write_page(path: Path, title: str, blocks: Iterable[Block]) -> None:
    """Write blocks as a page.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    title : str
        Of the page, plain text.
    blocks : iterable of Block
        From top to bottom.

    Raises
    ------
    AudiosError
        When the file cannot be written.
    """
    write_text(path, render_page(title, blocks))


def render_page(title: str, blocks: Iterable[Block]) -> str:
    """Return blocks as a whole page.

    Parameters
    ----------
    title : str
        Of the page, plain text.
    blocks : iterable of Block
        From top to bottom.
    """
    page = _environment().get_template("page.html.j2")
    return page.render(title=title, style=_read("page.css"), body=render_html(blocks))


def render_html(blocks: Iterable[Block]) -> str:
    """Return blocks as the part of a page that they are.

    Parameters
    ----------
    blocks : iterable of Block
        From top to bottom.
    """
    macros = _environment().get_template("blocks.html.j2").module
    return "\n".join(getattr(macros, type(block).__name__)(block) for block in blocks)


@cache
def _environment() -> Environment:
    """Return jinja2, set up to escape all that is not markup of the templates."""
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "png": _png, "base64": _data, "size": _size}
    environment.globals["render"] = render_html
    return environment


def _read(name: str) -> str:
    """Return a file of this package, which may lie in an archive."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    """Return text with nothing unseen in it, and markup of the templates as it is."""
    is_markup = hasattr(value, "__html__")
    return visible(value) if isinstance(value, str) and not is_markup else value


def _cell(cell: Cell) -> str:
    return write_cell(cell, TO, DASH)


def _png(figure: Figure) -> bytes:
    return figure.path.read_bytes() if figure.content is None else figure.content


def _data(png: bytes) -> str:
    return base64.b64encode(png).decode()


def _size(png: bytes) -> tuple[int, int] | None:
    """Return the size that a figure is drawn for, so that its letters are as large as the text."""
    if png[12:16] != b"IHDR" or len(png) < 24:
        return None
    width, height = struct.unpack(">II", png[16:24])
    return round(width * _BROWSER_DPI / DPI), round(height * _BROWSER_DPI / DPI)
