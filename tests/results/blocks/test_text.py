"""Blocks as lines for a terminal."""

import pytest

from src.results.blocks.blocks import (
    Bullets,
    Code,
    Facts,
    Gap,
    Heading,
    Interval,
    Paragraph,
    SideBySide,
    Table,
    Verdict,
    Warning,
)
from src.results.blocks.text import render_text
from tests.results.blocks.samples import NASTY


def test_each_block_is_a_line_or_a_few() -> None:
    blocks = [
        Paragraph("one"),
        Warning("two"),
        Verdict("three", ["four"]),
        Bullets(["five", "six"]),
        Gap(),
        SideBySide([Code("seven"), Paragraph("eight", "soft")]),
        Heading("nine"),
    ]
    assert render_text(blocks).splitlines() == [
        *("one", "warning: two", "three", "  four", "  five", "  six", "", "seven", "eight"),
        *("", "nine"),
    ]


def test_names_stay_as_they_are() -> None:
    assert render_text([Paragraph(NASTY)]) == NASTY
    assert render_text([Paragraph("á ü 日本 👩‍🎤 x")]) == "á ü 日本 👩‍🎤 x"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\tb\rc", r"a\tb\rc"),
        ("\udcff.wav", r"\udcff.wav"),
        ("a\u2028b", r"a\u2028b"),
    ],
)
def test_no_name_moves_the_cursor(name: str, shown: str) -> None:
    for block in (Paragraph(name), Bullets([name]), Facts([(name, name)]), Warning(name)):
        assert render_text([block]).count(shown) >= 1
        assert name not in render_text([block])
        assert len(render_text([block]).splitlines()) == 1
    assert len(render_text([Table([name], [[name]], caption=name)]).splitlines()) == 3


def test_facts_stand_below_each_other() -> None:
    rows = [("EER", Interval("1%", "3%", "2%")), ("a", None)]
    lines = render_text([Facts(rows)]).splitlines()
    assert lines == ["EER        2% (1% .. 3%)", "a          -"]
    lines = render_text([Facts([*rows, ("more than ten letters", "x")])]).splitlines()
    assert {line.index(value) for line, value in zip(lines, "2-x", strict=True)} == {22}


def test_numbers_stand_to_the_right() -> None:
    table = Table(["file", "n", "why"], [["a", "1,000", "x"], ["long name", "2", ""]], [1])
    assert render_text([table]).splitlines() == [
        "file           n  why",
        "a          1,000  x",
        "long name      2",
    ]


def test_marks_stand_where_colours_would() -> None:
    rows = [["a", "1", "mend it"], ["b", "2", "perhaps"], ["c", "3", ""]]
    kinds = {0: "bad", 1: "unsure", 2: "bad"}
    lines = render_text([Table(["x", "n", ""], rows, [1], kinds)]).splitlines()
    assert [line.split(maxsplit=2)[2:] for line in lines[1:]] == [["<- mend it"], ["(perhaps)"], []]
    lines = render_text([Table(["x", "n"], [["a", "1"], ["b", "2"]], [1], {}, {(1, 1)})])
    assert lines.splitlines() == ["x  n   ", "a  1   ", "b  2 <-"]
