"""Blocks of every kind, and what a file may be called."""

from pathlib import Path

from src.results.blocks.blocks import (
    Block,
    Bullets,
    Code,
    Facts,
    Figure,
    Gap,
    Heading,
    Interval,
    Paragraph,
    SideBySide,
    Table,
    Verdict,
    Warning,
)

NASTY = "<script>alert('x')</script> & \"quoted\" <b> | `code` *a* _b_ [g](h) #i \\ ~d~"

TABLE = Table(
    ["name", "n", "95 %"],
    [
        ["a|b", "1,024", Interval("1.0%", "2.0%")],
        ["<i>", None, Interval("0.1", "0.2", "0.15")],
        ["`c`", "3", "cannot be told"],
        ["d", "4", ""],
    ],
    (1, 2),
    {0: "bad", 1: "unsure", 2: "best", 3: "faint"},
    {(2, 1)},
    "what it shows",
)
"""Its cells hold what any of the formats takes for markup, intervals, and nothing."""


def every_block(text: str, picture: Path) -> list[Block]:
    """One of each kind, with a text in all places that take one."""
    return [
        Heading(text),
        Heading(text, 3),
        Paragraph(text),
        Paragraph(text, "soft"),
        Warning(text),
        Verdict(text, [text], True),
        Facts([(text, text)]),
        Table([text, "n"], [[text, None]], [1], {0: "best"}, {(0, 1)}, text),
        Bullets([text]),
        Code(text),
        Figure(picture, text, text),
        SideBySide([Paragraph(text), Gap()]),
    ]
