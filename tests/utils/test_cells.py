"""Cells of tables: safe to open in a spreadsheet, and read back as they were."""

import csv
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from src.utils.cells import as_read, read_cell, write_cell, written
from src.utils.shown_text import UNSEEN
from src.utils.tables import read_csv, write_csv

ODD = st.text(st.sampled_from("=+-@'\\xuU0159afA\t\r\n\x1b\x00\u202e\x85 é,\"\udcff\u200b;"))
TEXT = ODD | st.text() | st.text(st.characters())


@given(TEXT)
@example("'=")
@example("''-1")
@example(r"\x1b")
@example(r"\x5cx1b")
@example("\\\x1b")
@example(r"\U0011ffff")
def test_what_is_written_is_read_and_safe(text: str) -> None:
    there = write_cell(text)
    assert read_cell(there) == text
    assert not re.search(f"[{UNSEEN}]", there)
    assert not re.match(r"[=+\-@＝＋－＠]", there) or re.fullmatch(r"[-+][0-9.eE+-]+", there)


@given(TEXT, TEXT)
def test_no_two_texts_are_written_alike(one: str, other: str) -> None:
    assert (write_cell(one) == write_cell(other)) == (one == other)


@pytest.mark.parametrize("text", ["-1.5", "+3", "-2e-05", "-.5", "a=b", "a-b.wav", "C:\\x", "it's"])
def test_what_needs_no_escape_has_none(text: str) -> None:
    assert write_cell(text) == read_cell(text) == text


def test_a_table_of_odd_names(tmp_path: Path) -> None:
    names = ["=cmd|' /C calc'!A0.wav", "-x.wav", "@me", "+1-2", "'=q", "a\x1b[2J", "a\u202eb", "\n"]
    table = pd.DataFrame({"file": names, "score": [-1.5] * 8, "=n": ["-1.5"] * 8})
    write_csv(tmp_path / "a.csv", table)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["file", "score", "'=n"]
    assert [row[0] for row in rows[:5]] == [f"'{name}" for name in names[:5]]
    assert [row[0] for row in rows[5:]] == [r"a\x1b[2J", r"a\u202eb", r"\x0a"]
    assert {(row[1], row[2]) for row in rows} == {("-1.5", "-1.5")}
    back = read_csv(tmp_path / "a.csv")
    assert back["file"].tolist() == names
    assert [*back] == [*table]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_tables_come_back(rows: list[tuple[str, str]]) -> None:
    """Whole columns are searched at once for cells to change: none may be missed."""
    table = pd.DataFrame(rows, columns=["a", "b"], dtype="object")
    there = written(table)
    assert there.to_numpy().tolist() == [[*map(write_cell, row)] for row in rows]
    assert as_read(there).to_numpy().tolist() == [[*row] for row in rows]


def test_what_is_no_text_stays(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["=x", None, 3.0], "b": [1, 2, -3]}, index=[7, 8, 9])
    there = written(table)
    assert there["a"].tolist()[1:] == [None, 3.0] and there["a"].iloc[0] == "'=x"
    assert there["b"] is not table["b"] and there["b"].tolist() == [1, 2, -3]
    assert table["a"].iloc[0] == "=x"
    plain = pd.DataFrame({"a": ["x", "é 日本"], "b": [1, 2]})
    assert written(plain) is plain and as_read(plain) is plain
    assert as_read(written(pd.DataFrame({"a": ["=x"]})))["a"].dtype == plain["a"].dtype
