"""The groups of a test."""

from src.evaluation.breakdown import Group
from src.results.blocks.blocks import Gap, Heading, Interval, Paragraph, Table
from src.results.sections.groups import MOST_GROUPS, groups, groups_table

NAN = float("nan")
LARGE = Group("A07", 0, 40, 10, 0.0272, 0.005, 0.077, 0.01, NAN, "bona-fide", False)
SMALL = Group("A08", 3, 2, 1, 0.5, NAN, NAN, 0.5, 0.0, "", True)


def test_a_row_a_group() -> None:
    table = groups_table("attack", [LARGE, SMALL])
    assert table.header == [
        *("attack", "EER", "95 % interval", "FAR", "FRR", "bona-fide", "spoof", "speakers"),
        "against",
    ]
    assert table.rows == [
        ["A07", "2.7%", Interval("0.5%", "7.7%"), "1.0%", None, "0", "40", "10", "all bona-fide"],
        ["A08", "50.0%", "cannot be told", "50.0%", "0.0%", "3", "2", "1", ""],
    ]
    assert table.kinds == {1: "faint"}
    assert list(table.right) == list(range(1, 8))


def test_what_it_is_measured_against_is_told_only_where_it_differs() -> None:
    assert "against" not in groups_table("gender", [SMALL]).header


def test_all_groups_are_shown_the_small_ones_last() -> None:
    about, heading, table = groups({"attack": [SMALL, LARGE]})
    assert isinstance(about, Paragraph)
    assert "fewer than 30 clips or 5 speakers" in about.text
    assert heading == Heading("By attack", 3)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["A07", "A08"]
    assert groups({}) == []


def test_a_terminal_counts_the_small_ones() -> None:
    gap, table, small = groups({"attack": [SMALL, LARGE]}, is_brief=True)
    assert gap == Gap()
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["A07"]
    assert small == Paragraph("1 more group is too small to say anything: A08")
    _, alone = groups({"attack": [SMALL, SMALL]}, is_brief=True)
    assert alone == Paragraph("2 attack groups are too small to say anything: A08, A08")


def test_hundreds_of_groups_are_cut_short() -> None:
    _, _, table, left = groups({"attack": [LARGE] * (MOST_GROUPS + 3)})
    assert isinstance(table, Table)
    assert len(table.rows) == MOST_GROUPS
    assert isinstance(left, Paragraph)
    assert left.text.startswith("and 3 more groups")
