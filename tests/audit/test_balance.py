"""How much there is of everything."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from src.audit.balance import describe_balance


@pytest.fixture
def files(measured: Callable) -> pd.DataFrame:
    table = measured(speakers=10, takes=2)
    women = table["speaker"].isin([f"s{n}" for n in range(5)])
    return table.assign(
        duration=np.where(table["label"] == "spoof", 3.0, 6.0), gender=np.where(women, "F", "M")
    )


def test_classes_and_groups(files: pd.DataFrame) -> None:
    found = describe_balance(files)
    assert found.classes.round(9).to_dict("records") == [
        {"label": "bona-fide", "clips": 20, "minutes": 2.0, "speakers": 10},
        {"label": "spoof", "clips": 20, "minutes": 1.0, "speakers": 10},
    ]
    assert list(found.groups) == ["gender"]
    rows = found.groups["gender"].set_index("value").round(9)
    assert rows.loc["F"].to_dict() == {
        "bona-fide clips": 10,
        "bona-fide minutes": 1.0,
        "spoof clips": 10,
        "spoof minutes": 0.5,
    }
    assert found.eers == {"gender": 0.5}
    assert found.warnings == []


def test_a_source_of_one_class_alone(files: pd.DataFrame) -> None:
    files = files.assign(source=np.where(files["label"] == "spoof", "b", "a"), language="en")
    found = describe_balance(files)
    assert found.eers["source"] == 0
    assert "language" not in found.eers  # one value tells nothing
    assert found.groups["source"].set_index("value")["spoof clips"].to_dict() == {"a": 0, "b": 20}
    [warning] = found.warnings
    assert "the source alone" in warning
    assert "0.0%" in warning
    assert "take both classes from the same sources" in warning


def test_attacks_count_spoofs_alone(files: pd.DataFrame) -> None:
    attack = np.where(files["label"] == "spoof", "tts", "stray")
    attack[files.index[files["label"] == "spoof"][:3]] = ""
    table = describe_balance(files.assign(attack=attack)).groups["attack"]
    assert table["value"].tolist() == ["tts", "unknown"]
    assert table["spoof clips"].tolist() == [17, 3]
    assert not [column for column in table if "bona-fide" in column]


def test_nobody_known(files: pd.DataFrame) -> None:
    found = describe_balance(files.assign(speaker="", gender=""))
    assert found.classes["speakers"].tolist() == [0, 0]
    assert found.groups == {}


def test_a_lopsided_set(files: pd.DataFrame) -> None:
    keep = (files["label"] == "spoof") | (files["speaker"].isin(["s0", "s7"]))
    found = describe_balance(files[keep & ~files["file"].str.endswith("-1.wav")])
    assert [text.split(";")[0] for text in found.warnings] == [
        "spoof has 5.0 times the clips of bona-fide"
    ]
    spoofs = describe_balance(files[files["label"] == "spoof"])
    assert spoofs.classes["clips"].tolist() == [0, 20]
    assert spoofs.classes["minutes"].tolist() == pytest.approx([0, 1])
    assert spoofs.warnings == []
    assert spoofs.eers == {}
