"""Writing in one step, and JSON."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from src.utils.errors import AudiosError
from src.utils.files import (
    make_folder,
    number_or_nan,
    read_json,
    replacing,
    sha256_file,
    sha256_text,
    without_nan,
    write_json,
    write_text,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".txt"
        assert temporary.parent == path.parent
    assert path.read_text() == "half"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_old_file_survives_a_failure(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_an_impossible_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudiosError, match="cannot write"):
        write_text(tmp_path / "file" / "a.txt", "x")
    with pytest.raises(AudiosError, match="cannot make the folder"):
        make_folder(tmp_path / "file" / "deep")
    with pytest.raises(AudiosError, match="cannot write"):
        write_text(tmp_path, "x")


def test_json_round_trip(tmp_path: Path) -> None:
    value = {"é": [1, 2.5, None, True], "b": {"c": "d"}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_broken_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match="cannot read"):
        read_json(tmp_path / "absent.json")
    (tmp_path / "a.json").write_text('{"a": ')
    with pytest.raises(AudiosError, match="not valid JSON"):
        read_json(tmp_path / "a.json")


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("añ".encode())
    expected = hashlib.sha256("añ".encode()).hexdigest()
    assert sha256_file(tmp_path / "a") == sha256_text("añ") == expected


def test_values_for_json() -> None:
    value = {1: [np.float32(0.5), np.int64(3)], "a": (float("nan"), np.nan, None), "b": np.bool_(1)}
    plain = without_nan(value)
    assert plain == {"1": [0.5, 3], "a": [None, None, None], "b": True}
    assert [type(item) for item in plain["1"]] == [float, int]
    assert np.isnan(number_or_nan(None))
    assert number_or_nan("x") == "x" and number_or_nan(0) == 0
