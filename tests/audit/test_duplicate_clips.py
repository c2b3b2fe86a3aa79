"""Which clip matches which."""

import numpy as np
import pandas as pd

from src.audit.common import Common, find_common
from src.audit.duplicate_clips import COLUMNS, list_matches


def files_of(**columns: list[str]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    plain = {
        "file": [f"{n}.wav" for n in range(count)],
        "label": ["spoof"] * count,
        "speaker": [f"s{n}" for n in range(count)],
        "attack": [""] * count,
        "sha256": [f"h{n}" for n in range(count)],
    }
    return pd.DataFrame(plain | columns)


def matches(files: pd.DataFrame, splits: list[str] | None) -> list[tuple[str, ...]]:
    prints = [np.zeros(0, np.uint32)] * len(files)
    where = None if splits is None else pd.Series(splits)
    table = list_matches(files, find_common(files, prints), where)
    assert tuple(table.columns) == COLUMNS
    return [*table.itertuples(index=False, name=None)]


TRAIN, VAL, TEST = "downstream_train", "downstream_val", "downstream_test"


def test_every_clip_of_a_later_split_with_the_first_it_matches() -> None:
    files = files_of(speaker=["a", "a", "b", "a", "b", "c", ""])
    splits = [TRAIN, "pretext_val", VAL, TEST, TEST, TEST, TEST]
    assert matches(files, splits) == [
        ("speaker", TEST, "3.wav", TRAIN, "0.wav"),
        ("speaker", TEST, "4.wav", VAL, "2.wav"),
    ]
    # A clip in no split was not told to anybody.
    assert matches(files, ["", "", VAL, TEST, "", TEST, TEST]) == []


def test_what_only_limits_a_test_is_not_listed() -> None:
    files = files_of(attack=["A01", "A01"])
    assert matches(files, [TRAIN, TEST]) == []


def test_copies_of_what_is_not_split_yet() -> None:
    files = files_of(sha256=["x", "y", "x", "x"], speaker=["a"] * 4, utterance=["u"] * 4)
    assert matches(files, None) == [
        # Equal files are equal to the ear as well.
        *(("file content", "", f"{n}.wav", "", "0.wav") for n in (2, 3)),
        *(("near-duplicate audio", "", f"{n}.wav", "", "0.wav") for n in (2, 3)),
    ]


def test_first_matches() -> None:
    common = Common("x", True, np.array([3, -1, 3, 5, -1, 5, 3]))
    here = np.array([False, False, True, True, True, False, True])
    rows, first = common.first_matches(here, ~here)
    assert rows.tolist() == [2, 3, 6]
    assert first.tolist() == [0, 5, 0]
    rows, first = common.first_matches(here, np.zeros(7, bool))
    assert (rows.tolist(), first.tolist()) == ([], [])
