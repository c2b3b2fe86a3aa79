"""Columns that grow while a protocol is read."""

import pytest

from src.utils.dataset.layouts import columns
from src.utils.dataset.layouts.columns import DistinctText, RepeatedText


@pytest.mark.parametrize("kind", [RepeatedText, DistinctText])
def test_rows_come_back_in_their_order(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", 3)
    column = kind()
    assert column.to_series().tolist() == []
    for values in (["b", "a"], ["b", "", "c"], ["a"]):
        column.extend(values)
    series = column.to_series()
    assert series.tolist() == ["b", "a", "b", "", "c", "a"]
    assert series.dtype == "str"
    assert series.index.tolist() == list(range(6))


def test_repeated_values_are_found_though_hashes_may_be_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    column = DistinctText()
    column.extend(["b", "a", "c"])
    assert column.repeats() == []
    column.extend(["a", "d", "a"])
    assert column.repeats() == [3, 5]
    monkeypatch.setattr(columns, "hash", len, raising=False)
    alike = DistinctText()
    alike.extend(["b", "a", "c", "a"])
    assert alike.repeats() == [3]
