"""CSV tables: every cell as text."""

from pathlib import Path

import pandas as pd
import pytest

from src.utils.errors import AudiosError
from src.utils.tables import read_csv, write_csv


def test_cells_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,n\n007,NA,1.50\n,null,\n", encoding="utf-8")
    assert read_csv(path).to_numpy().tolist() == [["007", "NA", "1.50"], ["", "null", ""]]


def test_round_trip(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["x,y", 'quo"te', "çã", "", "line\nbreak"], "b": ["1"] * 5})
    write_csv(tmp_path / "a.csv", table)
    assert read_csv(tmp_path / "a.csv").to_numpy().tolist() == table.to_numpy().tolist()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbffile,label\na,b\n")
    assert list(read_csv(path).columns) == ["file", "label"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00a", b'a,b\n"unclosed,1\n2,3\n', b"a,b\n1,2,\n3,4\n", b"a\n1,2,3\n"],
)
def test_what_is_no_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(AudiosError, match=r"a\.csv is not a readable CSV") as raised:
        read_csv(path)
    assert "\n" not in str(raised.value)


def test_a_header_alone_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    assert list(read_csv(path).columns) == ["a", "b"] and not len(read_csv(path))


def test_an_absent_table(tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match="cannot read"):
        read_csv(tmp_path / "a.csv")


def test_a_failed_write_keeps_the_old(tmp_path: Path) -> None:
    class Broken(pd.DataFrame):
        def to_csv(self, path, **_):
            Path(path).write_text("half")
            raise RuntimeError

    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": ["1"]}))
    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "a.csv", Broken())
    assert (tmp_path / "a.csv").read_text() == "a\n1\n"
    assert len(list(tmp_path.iterdir())) == 1
