"""A page as one HTML file that needs nothing else."""

import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from src.results.blocks import html
from src.results.blocks.blocks import Facts, Figure, Paragraph, SideBySide, Table, Verdict
from src.utils.config import ROOT
from src.visualize.figure import figure_axes
from tests.results.blocks.samples import NASTY, every_block
from tests.visualize.reading import Page, read_page


def test_everything_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG not really")
    blocks = every_block(NASTY, tmp_path / "a.png")
    html.write_page(tmp_path / "a.html", NASTY, blocks)
    read = read_page(tmp_path / "a.html")
    assert not {"script", "b"} & set(read.tags)
    # The title twice, two headings, two paragraphs, the warning, the verdict and its point, a fact
    # and its name, a caption, a head and a cell, a bullet, a command, a caption, and one aside.
    assert read.text.count(NASTY) == 18
    assert read.attributes("img", "alt") == [NASTY]
    assert read.attributes("tr", "class") == [None, None, "best"]
    assert read.attributes("td", "class") == [None, None, "number pointed-at"]
    assert read.attributes("th", "scope") == ["row", None, None]
    assert read.attributes("p", "class") == [None, "soft", "bad-text", None, None]


def test_the_picture_is_inside(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    html.write_page(tmp_path / "a.html", "title", [Figure(tmp_path / "a.png", "what")])
    read = read_page(tmp_path / "a.html")
    assert read.attributes("img", "src") == ["data:image/png;base64,iVBORw=="]
    assert read.attributes("html", "lang") == ["en"]
    assert "<title>title</title>" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "max-width" in (tmp_path / "a.html").read_text(encoding="utf-8").split("</style>")[0]


def test_a_picture_may_be_in_no_file(tmp_path: Path) -> None:
    figure = Figure(tmp_path / "gone.png", "what", content=b"\x89PNG")
    read = Page().read(html.render_html([SideBySide([figure])]))
    assert read.attributes("img", "src") == ["data:image/png;base64,iVBORw=="]
    assert read.attributes("img", "width") == [None]


def test_a_figure_is_as_large_as_it_was_drawn(tmp_path: Path) -> None:
    with figure_axes(tmp_path / "a.png", "", (6.0, 5.0)):
        pass
    read = Page().read(html.render_html([Figure(tmp_path / "a.png", "what", NASTY)]))
    # 96 of a browser's pixels are an inch.
    assert read.attributes("img", "width") == ["576"]
    assert read.attributes("img", "height") == ["480"]
    assert NASTY in read.text


def test_an_empty_page_and_table(tmp_path: Path) -> None:
    html.write_page(tmp_path / "a.html", "", [Table(["a"], []), Verdict("x"), Facts([])])
    read = read_page(tmp_path / "a.html")
    assert "ul" not in read.tags
    assert read.attributes("div", "class") == ["scroll", "verdict"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_templates_need_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed copy may be an archive."""
    archive = tmp_path / "copy.zip"
    folder = ROOT / "src/results/blocks"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("packed/__init__.py", "")
        for path in folder.iterdir():
            if path.is_file() and path.suffix != ".py":
                file.write(path, f"packed/{path.name}")
    monkeypatch.syspath_prepend(str(archive))
    monkeypatch.setattr(html, "__package__", "packed")
    html._environment.cache_clear()
    try:
        assert "<p>x</p>" in html.render_page("t", [Paragraph("x")])
    finally:
        html._environment.cache_clear()


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
