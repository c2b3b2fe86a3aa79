"""Which clips share a batch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from src.utils.embeddings.plan import MAX_BATCH_CLIPS, make_plan, read_plan, write_plan

LENGTHS = st.lists(st.floats(0, 100, allow_subnormal=False), max_size=200)


@given(LENGTHS, st.floats(1, 1000))
@example([2.2250738585072014e-308], 4.0)
def test_every_clip_once_in_batches_that_fit(lengths: list[float], batch_seconds: float) -> None:
    seconds = np.array(lengths)
    plan = make_plan([f"{row:03d}" for row in range(len(lengths))], seconds, batch_seconds)
    rows = [row for batch in plan for row in batch.rows.tolist()]
    assert sorted(rows) == list(range(len(lengths)))
    assert (np.diff(seconds[rows]) <= 0).all()
    for batch in plan:
        assert batch.seconds == seconds[batch.rows].max()
        assert len(batch.rows) <= MAX_BATCH_CLIPS
        assert len(batch.rows) == 1 or len(batch.rows) * batch.seconds <= batch_seconds * 1.000001


def test_the_order_of_the_table_does_not_matter() -> None:
    files = [f"{row:02d}" for row in range(30)]
    seconds = np.array([1.0, 2.0, 3.0] * 10)
    shuffled = np.random.default_rng(7).permutation(30)
    there = make_plan(files, seconds, 8.0)
    here = make_plan([files[row] for row in shuffled], seconds[shuffled], 8.0)
    assert [batch.rows.tolist() for batch in there] == [
        shuffled[batch.rows].tolist() for batch in here
    ]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = make_plan([str(row) for row in range(9)], np.linspace(0.1, 1 / 3, 9), 0.7)
    write_plan(tmp_path / "plan.jsonl", plan)
    again = read_plan(tmp_path / "plan.jsonl", 9)
    assert [(b.rows.tolist(), b.seconds) for b in again] == [
        (b.rows.tolist(), b.seconds) for b in plan
    ]
    write_plan(tmp_path / "plan.jsonl", [])
    assert read_plan(tmp_path / "plan.jsonl", 0) == []


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "not of 3 clips"),
        ('{"rows": [0, 1], "seconds": 1.0}\n', "not of 3 clips"),
        ('{"rows": [0, 1, 3], "seconds": 1.0}\n', "not of 3 clips"),
        ('{"rows": [0, 1, 2], "seconds": 1.0}\n{"rows": [2], "seconds": 1.0}\n', "not of 3 clips"),
        ('{"rows": [0, 1, 2]}\n', "line 1: seconds is missing"),
        ('{"rows": [0, 1, 2], "sec', "line 1"),
        ('{"rows": [-1, 1, 2], "seconds": 1.0}\n', "line 1: rows.0 is -1"),
    ],
)
def test_a_damaged_plan_is_told(tmp_path: Path, content: str, word: str) -> None:
    (tmp_path / "plan.jsonl").write_text(content)
    with pytest.raises(ValueError, match=word):
        read_plan(tmp_path / "plan.jsonl", 3)
