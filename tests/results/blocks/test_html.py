"""A report as one HTML file that needs nothing else."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from src.results.blocks import html as page
from src.visualize.figure import figure_axes
from tests.visualize.reading import Page, read_page

NASTY = "<script>alert('x')</script> & \"quoted\" <b>"


def test_everything_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG not really")
    parts = [
        page.heading(NASTY),
        page.heading(NASTY, 3),
        page.paragraph(NASTY, "soft"),
        page.verdict(NASTY, [NASTY, "point"], True),
        page.table([NASTY, "n"], [(NASTY, 1), ("x", None)], [1], {0: "bad"}),
        page.image(tmp_path / "a.png", NASTY),
    ]
    page.write_page(tmp_path / "a.html", NASTY, parts)
    read = read_page(tmp_path / "a.html")
    assert not {"script", "b"} & set(read.tags)
    # The title twice, two headings, a paragraph, the verdict and its point, a head and a cell.
    assert read.text.count(NASTY) == 9
    assert read.attributes("img", "alt") == [NASTY]
    assert read.attributes("tr", "class") == [None, "bad", None]
    assert read.attributes("td", "class") == [None, "number"] * 2
    assert "None" in read.text


def test_the_picture_is_inside(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    page.write_page(tmp_path / "a.html", "title", [page.image(tmp_path / "a.png", "what")])
    read = read_page(tmp_path / "a.html")
    assert read.attributes("img", "src") == ["data:image/png;base64,iVBORw=="]
    assert read.attributes("html", "lang") == ["en"]
    assert "<title>title</title>" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_facts_lists_and_commands(tmp_path: Path) -> None:
    parts = [page.facts([(NASTY, NASTY), ("n", 1)]), page.bullets([NASTY]), page.command(NASTY)]
    page.write_page(tmp_path / "a.html", "", [page.side_by_side(parts)])
    read = read_page(tmp_path / "a.html")
    assert not {"script", "b"} & set(read.tags)
    assert read.text.count(NASTY) == 4
    assert read.attributes("th", "scope") == ["row", "row"]
    assert read.tags.count("li") == read.tags.count("pre") == 1


def test_a_figure_is_as_large_as_it_was_drawn(tmp_path: Path) -> None:
    with figure_axes(tmp_path / "a.png", "", (6.0, 5.0)):
        pass
    page.write_page(tmp_path / "a.html", "", [page.image(tmp_path / "a.png", "what", NASTY)])
    read = read_page(tmp_path / "a.html")
    # 96 of a browser's pixels are an inch.
    assert read.attributes("img", "width") == ["576"]
    assert read.attributes("img", "height") == ["480"]
    assert NASTY in read.text


def test_rates(tmp_path: Path) -> None:
    assert page.percent(0.0726) == "7.3%"
    assert page.percent(float("nan")) == "–"


def test_an_empty_page_and_table(tmp_path: Path) -> None:
    page.write_page(tmp_path / "a.html", "", [page.table(["a"], []), page.verdict("x", [], False)])
    read = read_page(tmp_path / "a.html")
    assert "ul" not in read.tags
    assert read.attributes("div", "class") == ["scroll", "verdict"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_reader_bites() -> None:
    for broken in (
        "<p><b></p></b>",
        "<p>",
        "</p>",
        '<img src="a.png">',
        '<a href="http://x">x</a>',
    ):
        with pytest.raises(AssertionError):
            Page().read(broken)
    assert issubclass(Page, HTMLParser)
