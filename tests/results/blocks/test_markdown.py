"""Blocks as Markdown."""

import re
from pathlib import Path

import pytest

from src.results.blocks.blocks import Bullets, Code, Facts, Figure, Heading, Paragraph, Table
from src.results.blocks.markdown import escape, render_markdown
from tests.results.blocks.samples import NASTY, TABLE, every_block
from tests.results.reading import markdown_tables, tables_of


def test_nothing_of_a_name_is_markup() -> None:
    for block in every_block(NASTY, Path("a.png")):
        if isinstance(block, Code):
            continue
        text = render_markdown([block])
        bare = re.sub(r"\\.", "", text)
        # A picture's path stands between angle brackets.
        for mark in "`~&_" if isinstance(block, Figure) else "`~&_<[":
            assert mark not in bare, (block, mark)
        if not isinstance(block, Table | Facts):
            assert escape(NASTY) in text
    [table] = markdown_tables(render_markdown([Table(["x"], [[NASTY]])]))
    assert table[2] == [NASTY]


def test_tables_stay_whole() -> None:
    nasty = "a|b\n*c* _d_ <e> `f` [g](h) #i"
    text = render_markdown([Table(["x", "n"], [[nasty, "1"]], [1])])
    assert tables_of("\n" + text)[0][0] == ["x", "n"]
    assert text.splitlines()[1] == "| --- | ---: |"
    assert text.splitlines()[2].startswith(r"| a\|b \*c\* \_d\_ \<e\> \`f\` \[g\](h) \#i |")


def test_rows_that_stand_out() -> None:
    text = render_markdown([TABLE]).splitlines()
    assert text[0] == "what it shows"
    assert text[4].startswith(r"| **a\|b** | 1,024 |")
    assert text[5] == r"| *\<i\>* | *–* | *0.15 (0.1 to 0.2)* |"
    assert text[6] == r"| **\`c\`** | **3** | cannot be told |"
    assert text[7] == "| *d* | *4* |  |"


def test_lists_and_code() -> None:
    assert render_markdown([Bullets(["a", "b"])]) == "- a\n- b\n"
    assert render_markdown([Code("a ``` b")]).startswith("````\n")
    assert render_markdown([Heading("a", 3)]) == "### a\n"


@pytest.mark.parametrize("text", ["1. one", "12) two", "- three", "+ four", "= five", "-"])
def test_no_paragraph_becomes_a_list(text: str) -> None:
    shown = render_markdown([Paragraph(text)]).strip()
    assert shown.count("\\") == 1
    assert shown.replace("\\", "") == text
    assert not shown.startswith(text.split()[0])


@pytest.mark.parametrize("text", ["-20 dB", "1.5 s", "2 to 4 s"])
def test_numbers_are_no_lists(text: str) -> None:
    assert render_markdown([Paragraph(text)]).strip() == text


def test_a_figure_is_named() -> None:
    text = render_markdown([Figure(Path("/runs/a b.png"), "what", "below")])
    assert text == "![what](<a b.png>)\n\nbelow\n"
