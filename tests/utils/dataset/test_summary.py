"""Totals, people and groups of a files table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.dataset import summary
from src.utils.dataset.dataset import Dataset
from src.utils.errors import DatasetError


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    table = make_table(("ana", "F", 3, 1), ("bia", "F", 0, 2), ("caio", "M", 1, 0), ("", "", 1, 0))
    return table.assign(duration=60.0 * (1 + np.arange(len(table))), amplitude=0.5)


def test_classes(files: pd.DataFrame) -> None:
    table = summary.describe_classes(files).set_index("label")
    assert table["speakers"].to_dict() == {"bona-fide": 2, "spoof": 2, "both": 3}
    assert table["clips"].to_dict() == {"bona-fide": 5, "spoof": 3, "both": 8}
    # 1 + 2 + 3 + 7 + 8 and 4 + 5 + 6 minutes
    assert table["hours"].tolist() == pytest.approx([21 / 60, 15 / 60, 36 / 60])
    assert table["median_seconds"].tolist() == [180.0, 300.0, 270.0]


def test_speakers(files: pd.DataFrame) -> None:
    table = summary.describe_speakers(files).set_index("speaker")
    assert list(table.index) == ["ana", "bia", "caio", "unknown"]
    assert table.loc["ana"].tolist() == ["F", 3, 1, 6.0, 4.0]
    assert table.loc["bia"].tolist() == ["F", 0, 2, 0.0, 11.0]
    assert table.loc["unknown"].tolist() == ["unknown", 1, 0, 8.0, 0.0]
    assert table["spoof clips"].dtype == int


def test_spread(files: pd.DataFrame) -> None:
    table = summary.describe_spread(summary.describe_speakers(files)).set_index("per speaker")
    assert table.loc["bona-fide clips"].tolist() == [3, 1, 1, 3]
    assert table.loc["spoof minutes"].tolist() == [2, 4.0, 7.5, 11.0]


def test_groups(files: pd.DataFrame) -> None:
    rows = summary.describe_groups(files).to_numpy().tolist()
    assert rows == [
        ["bona-fide", "M", 1, 1, 0.125, 7.0],
        ["bona-fide", "F", 1, 3, 0.375, 6.0],
        ["bona-fide", "unknown", 0, 1, 0.125, 8.0],
        ["spoof", "F", 2, 3, 0.375, 15.0],
    ]


def test_measures(files: pd.DataFrame) -> None:
    table = summary.describe_measures(files).set_index(["label", "gender"])
    row = table.loc[("bona-fide", "F")]
    assert (row["clips"], row["amplitude"], row["duration"]) == (3, 0.5, 120.0)
    assert row["duration_quartiles"] == "90.00 to 150.00"


def test_known_columns(files: pd.DataFrame) -> None:
    shown = summary.describe_files(files.assign(mood="glad", source=["", *["studio"] * 7]))
    assert list(shown) == [
        *("file", "speaker", "id", "gender", "label", "source", "duration", "amplitude"),
    ]


def test_unmeasured_is_told(make_table: Callable, tmp_path: Path) -> None:
    dataset = Dataset.open(tmp_path)
    dataset.write_tables(make_table(("ana", "F", 1, 1)))
    with pytest.raises(
        DatasetError, match=r"no duration .* fab AddDatasetDuration --dataset="
    ) as e:
        summary.read_measured(dataset)
    assert str(tmp_path) in str(e.value)
    dataset.write_tables(make_table(("ana", "F", 1, 1), duration=1.0))
    with pytest.raises(DatasetError, match=r"no amplitude .* fab AddDatasetAmplitude --dataset="):
        summary.read_measured(dataset)
    dataset.write_tables(make_table(("ana", "F", 1, 1), duration=1.0, amplitude=0.5))
    assert len(summary.read_measured(dataset)) == 2
