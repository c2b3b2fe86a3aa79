"""What a block refuses, and that no renderer lacks a kind of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.results.blocks import html, markdown, text
from src.results.blocks.blocks import Block, Interval, Paragraph, Table, percent, write_cell
from tests.results.blocks.samples import TABLE, every_block
from tests.results.reading import markdown_tables
from tests.visualize.reading import Page

RENDERERS: list[Callable] = [text.render_text, html.render_html, markdown.render_markdown]


@pytest.mark.parametrize("row", [["a"], ["a", "b", "c"], []])
def test_a_ragged_row_is_refused(row: list[str]) -> None:
    with pytest.raises(ValueError, match=f"row 1 has {len(row)} cells, the header 2"):
        Table(["x", "y"], [["1", "2"], row])


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"right": [2]}, "there are 2 columns"),
        ({"pointed_at": {(0, 5)}}, "there are 2 columns"),
        ({"pointed_at": {(1, 0)}}, "there are 1 rows"),
        ({"kinds": {1: "bad"}}, "there are 1 rows"),
        ({"kinds": {0: "ugly"}}, "not {'ugly'}"),
    ],
)
def test_what_is_not_there_cannot_be_marked(given: dict, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Table(["x", "y"], [["1", "2"]], **given)


def test_a_paragraph_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not 'loud'"):
        Paragraph("x", "loud")


def test_a_cell_is_written_in_the_manner_of_its_renderer() -> None:
    assert write_cell("x", " to ", "-") == "x"
    assert write_cell(None, " to ", "-") == "-"
    assert write_cell(Interval("1", "2"), " to ", "-") == "1 to 2"
    assert write_cell(Interval("1", "2", "1.5"), " .. ", "-") == "1.5 (1 .. 2)"


def test_a_rate_is_a_percentage_or_not_known() -> None:
    assert percent(0.0726) == "7.3%"
    assert percent(float("nan")) is None


@pytest.mark.parametrize("render", RENDERERS)
def test_every_kind_is_rendered(render: Callable, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    blocks = every_block("told", picture)
    shown = {type(block) for block in blocks} | {type(block) for block in blocks[-1].blocks}
    assert shown == set(Block.__subclasses__())
    for block in blocks:
        assert "told" in render([block]) or "a.png" in render([block]), block
    assert render([]).strip() == ""


def test_all_renderers_show_the_same_cells() -> None:
    """Their dash, their word between the ends of an interval and their marks apart."""
    [rows] = markdown_tables(markdown.render_markdown([TABLE]))
    in_markdown = [rows[0], *rows[2:]]
    page = Page().read(html.render_html([TABLE]))
    in_html = [line for line in page.rows if line]
    lines = text.render_text([TABLE]).splitlines()
    assert lines[0] == "what it shows"
    in_text = [[cell.strip() for cell in cut(line, lines[1])] for line in lines[1:]]
    expected = [
        list(TABLE.header),
        *([write_cell(cell, " ~ ", "~") for cell in row] for row in TABLE.rows),
    ]
    for found, to, dash in (
        (in_markdown, " to ", "–"),
        (in_html, " – ", "–"),
        (in_text, " .. ", "-"),
    ):
        for cells, row in zip(found, expected, strict=True):
            plain = [cell.removesuffix("<-").strip() for cell in cells]
            plain[-1] = plain[-1].removeprefix("<- ")
            wanted = [dash if cell == "~" else cell.replace(" ~ ", to) for cell in row]
            if plain[-1].startswith("(") and plain[-1].endswith(")") and found is in_text:
                plain[-1] = plain[-1][1:-1]
            assert plain == wanted


def cut(line: str, header: str) -> list[str]:
    """Cut a line of a terminal where the second and third column begin."""
    # The second column is set to the right and wide as its longest cell with an arrow.
    second = header.index("n", header.index("name") + 4)
    first = len("name") + 2
    third = second + 1 + len(" <-")
    return [line[:first], line[first:third], line[third:]]
