"""What splits hold and share."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import overlap
from src.utils.errors import DatasetError

TRAIN, TEST = "downstream_train", "downstream_test"


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    return make_table(("ana", "F", 2, 1), ("bia", "F", 1, 1), ("", "", 1, 0), duration=60.0)


@pytest.fixture
def splits() -> pd.Series:
    return pd.Series([TRAIN, TRAIN, TEST, TEST, TEST, ""])


def test_all_five_are_described(files: pd.DataFrame, splits: pd.Series) -> None:
    table = overlap.describe_splits(files, splits).set_index("split")
    assert list(table.index) == [
        *("pretext_train", "pretext_val", TRAIN, "downstream_val", TEST),
    ]
    assert table.loc[TRAIN, ["speakers", "clips", "minutes"]].tolist() == [1, 2, 2.0]
    assert table.loc[TEST, ["speakers", "clips", "minutes"]].tolist() == [2, 3, 3.0]
    assert table.loc[TEST, ["bona-fide clips", "spoof clips", "F clips"]].tolist() == [1, 2, 3]
    assert table.loc["pretext_train"].tolist() == [0] * len(table.columns)
    assert "M clips" not in table
    assert table["unknown clips"].sum() == 0  # that clip is in no split


def test_shared(files: pd.DataFrame, splits: pd.Series) -> None:
    shared = overlap.count_shared(files, splits, "speaker")
    assert shared.loc[TRAIN, TEST] == shared.loc[TEST, TRAIN] == 1
    assert (shared.loc[TRAIN, TRAIN], shared.loc[TEST, TEST]) == (1, 2)
    assert shared.to_numpy().sum() == 5
    assert overlap.count_shared(files, splits, "file").loc[TRAIN, TEST] == 0
    assert overlap.count_shared(files, splits, "utterance").to_numpy().sum() == 0


def test_shared_by_column(files: pd.DataFrame, splits: pd.Series) -> None:
    told = overlap.list_shared(
        files.assign(utterance=["u", "v", "u", "v", "w", "x"]),
        splits,
        ("speaker", "utterance", "transcript", "file"),
    )
    assert told.to_numpy().tolist() == [["speaker", 2, 1], ["utterance", 3, 2], ["file", 5, 0]]


def test_unsplit_is_told(files: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"not split yet; run first: fab SplitDataset --dataset="
    ):
        overlap.read_assignment(Dataset.open(tmp_path), files)
