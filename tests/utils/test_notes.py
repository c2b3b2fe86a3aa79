"""What is noted on the way reaches whoever gathers, or else the log."""

import logging

import pytest

from src.utils.notes import gather, note


def test_notes_are_gathered_once_and_in_order(caplog: pytest.LogCaptureFixture) -> None:
    with gather() as outer:
        note("b")
        with gather() as inner:
            note("inside")
        note("a")
        note("b")
    assert list(outer) == ["b", "a"]
    assert list(inner) == ["inside"]
    assert not caplog.records


def test_outside_they_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="odd"), gather() as gathered:
        raise ValueError("odd")
    with caplog.at_level(logging.WARNING, "src"):
        note("a file is odd")
    assert [record.getMessage() for record in caplog.records] == ["warning: a file is odd"]
    assert not gathered
