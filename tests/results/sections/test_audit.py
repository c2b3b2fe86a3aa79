"""What an audit found, on its page and in a terminal."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from src.audit.balance import describe_balance
from src.audit.findings import Findings
from src.audit.leakage import Leak, Seen
from src.audit.shortcuts import Shortcut
from src.results.audits import AuditNote
from src.results.blocks.blocks import Facts, Heading, Interval, Paragraph, Table, Warning
from src.results.sections.audit import (
    audit_note,
    balance,
    balance_table,
    leaks,
    leaks_table,
    shortcuts,
    shortcuts_table,
)

NAN = float("nan")
SHORTCUTS = [
    Shortcut("rms", "RMS level", 0.1, 0.05, 0.15, "-20", "-30", "NormalizeDataset", 20),
    Shortcut("format", "file format", 0.2, 0.1, NAN, "WAV", "FLAC", "MatchDataset", 20),
    Shortcut("peak", "peak", 0.5, 0.4, 0.6, "0.5", "0.5", "NormalizeDataset", 20),
]
CONFLICT = Leak("label conflict", True, {"all": Seen(2, 4, ("x", "y"))}, 1)
LEAKS = [
    replace(CONFLICT, seen={"all": Seen(0, 4)}),
    Leak("speaker", True, {"downstream_test": Seen(1200, 2400, ("a", "b"))}, 3, 1),
    Leak("generator", False, {"downstream_val": Seen(7, 9, ("c", "d"))}, 2, 2),
]


@pytest.fixture
def found(make_table: Callable) -> Findings:
    files: pd.DataFrame = make_table(("a", "F", 2, 1), ("b", "M", 1, 0)).assign(duration=60.0)
    return Findings(4, 1, SHORTCUTS, LEAKS, True, describe_balance(files))


def test_a_row_a_nuisance_with_what_mends_it(found: Findings) -> None:
    table = shortcuts_table(found)
    assert table.header == [
        *("nuisance", "EER", "95 % interval", "bona-fide", "spoof", "what mends it"),
    ]
    assert table.rows == [
        ["RMS level", "10.0%", Interval("5.0%", "15.0%"), "-20", "-30", "NormalizeDataset"],
        ["file format", "20.0%", "cannot be told", "WAV", "FLAC", "may be chance"],
        ["peak", "50.0%", Interval("40.0%", "60.0%"), "0.5", "0.5", ""],
    ]
    assert table.kinds == {0: "bad", 1: "unsure"}


def test_page_and_terminal_differ_in_what_stands_around(found: Findings) -> None:
    [in_terminal] = shortcuts(found, is_brief=True)
    about, on_page = shortcuts(found)
    assert isinstance(in_terminal, Table) and isinstance(on_page, Table)
    assert replace(in_terminal, caption="") == on_page
    assert isinstance(about, Paragraph)
    assert about.text.endswith("a bootstrap over utterances or clips.")
    alone = replace(found, shortcuts=[])
    assert shortcuts(alone, is_brief=True) == [
        Paragraph("one class only: shortcuts cannot be looked for")
    ]
    assert len(shortcuts(alone)) == 1


def test_leaks_between_splits(found: Findings) -> None:
    table = leaks_table(found, is_brief=True)
    assert table.header == ["in common", "validation after training", "test after both", ""]
    assert table.rows == [
        ["speaker", None, "1,200 of 2,400", "leak"],
        ["generator", "7 of 9", None, ""],
    ]
    assert table.kinds == {0: "bad"}
    assert table.caption
    whole = leaks_table(found)
    assert [row[3:] for row in whole.rows] == [
        ["a, b", "leak"],
        ["c, d", "limits what the test can tell"],
    ]
    assert [row[:3] for row in whole.rows] == [row[:3] for row in table.rows]


def test_leaks_before_a_split(found: Findings) -> None:
    unsplit = replace(found, is_split=False, leaks=[CONFLICT, Leak("speaker", True, {}, 30, 2)])
    table = leaks_table(unsplit)
    assert table.rows == [
        ["label conflict", "", "2 clips", "leak"],
        ["speaker", "30 groups", "2 across speakers", ""],
    ]
    assert leaks_table(unsplit, is_brief=True).rows == table.rows
    _, conflict, _ = leaks(unsplit)
    assert isinstance(conflict, Warning)
    assert "such as x and y" in conflict.text
    assert leaks(replace(unsplit, leaks=[]), is_brief=True) == []


def test_balance(found: Findings) -> None:
    facts, table, *rest = balance(found)
    assert facts == Facts([("clips", "4, and 1 that could not be measured")])
    assert isinstance(table, Table)
    assert [list(row) for row in table.rows] == [
        ["bona-fide", "3", "2", "3.0"],
        ["spoof", "1", "1", "1.0"],
    ]
    assert [block.text for block in rest if isinstance(block, Warning)] == found.balance.warnings
    assert Heading("By gender", 3) in rest
    lines = balance(found, is_brief=True)
    assert lines[0] == Paragraph("bona-fide: 3 clips of 2 speakers, 3.0 minutes")
    assert [block.text for block in lines[2:]] == found.balance.warnings


def test_a_row_a_group(found: Findings) -> None:
    table = balance_table("gender", found.balance.groups["gender"])
    assert table.header == [
        *("gender", "bona-fide clips", "bona-fide minutes", "spoof clips", "spoof minutes"),
    ]
    assert sorted(table.rows) == [["F", "2", "2.0", "1", "1.0"], ["M", "1", "1.0", "0", "0.0"]]


def test_a_note_is_told_below_a_heading() -> None:
    blocks = audit_note(AuditNote("said", ["flag"], ["more"]), 3)
    assert blocks == [Heading("Audit", 3), Paragraph("said"), Paragraph("more")]
