"""The schema of the files table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.dataset.schema import people_of, read_files_table, write_files_table
from src.utils.errors import DatasetError

HEADER = "file,speaker,id,gender,label"


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_every_broken_row_is_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        ",s1,F1,F,spoof,1",
        "/etc/a.wav,s1,F1,F,spoof,1",
        "../a.wav,s1,F1,F,spoof,1",
        "a/../../b.wav,s1,F1,F,spoof,1",
        r"a\b.wav,s1,F1,F,spoof,1",
        "ok.wav,s1,F1,F,spoof,1",
        "c.wav,s1,F1,F,fake,1",
        "d.wav,s1,F1,female,spoof,1",
        "ok.wav,s1,F1,F,spoof,1",
        "e.wav,s1,F1,F,spoof,long",
        "f.wav,s1,F1,F,spoof,-1",
        header=f"{HEADER},duration",
    )
    with pytest.raises(DatasetError) as raised:
        read_files_table(path)
    text = str(raised.value)
    for row in (2, 3, 4, 5, 6, 8, 9, 10, 11, 12):
        assert f"row {row}:" in text
    assert "row 7:" not in text
    assert "10 rows are broken" in text
    for reason in (
        "file is empty",
        "not a path inside the data set",
        "label is not bona-fide or spoof",
        "gender is not M, F or empty",
        "listed twice",
        "duration 'long' is not a number",
        "duration is negative",
    ):
        assert reason in text
    assert "\n" not in text


def test_a_missing_column_is_named(tmp_path: Path, make_table: Callable) -> None:
    with pytest.raises(DatasetError, match="lacks the column speaker, label"):
        read_files_table(written(tmp_path / "a.csv", "a,b,c", header="file,id,gender"))
    with pytest.raises(DatasetError, match="lacks the column gender"):
        write_files_table(tmp_path / "b.csv", make_table(("a", "F", 1, 1)).drop(columns="gender"))
    assert not (tmp_path / "b.csv").exists()


def test_reading_fills_what_is_absent(tmp_path: Path) -> None:
    table = read_files_table(written(tmp_path / "a.csv", "a.wav,s,F1,F,spoof"))
    assert table.loc[0, ["attack", "source", "language"]].tolist() == ["", "", ""]
    assert table[["duration", "amplitude", "sample_rate"]].isna().all(axis=None)
    assert (table[["duration", "amplitude", "sample_rate"]].dtypes == np.float64).all()


def test_numbers_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = f"{HEADER},duration,sample_rate,take\na.wav,s,F1,F,spoof,1.25,16000,007\n"
    text += "b.wav,s,F1,F,bona-fide,,,NA\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    table = read_files_table(path)
    assert table["duration"].tolist()[0] == 1.25
    assert np.isnan(table["duration"][1])
    # The user's own column is text, whatever it looks like.
    assert table["take"].tolist() == ["007", "NA"]


def test_round_trip_keeps_own_columns(tmp_path: Path, make_table: Callable) -> None:
    table = make_table(("a", "F", 1, 1), ("b", "M", 2, 0), take="007", mood='çalm, "very"')
    table.loc[0, ["duration", "amplitude", "sample_rate"]] = (1.23456789, 0.5, 44_100.0)
    write_files_table(tmp_path / "a.csv", table)
    again = read_files_table(tmp_path / "a.csv")
    assert again["mood"].tolist() == table["mood"].tolist()
    assert again["take"].tolist() == table["take"].tolist()
    assert again["file"].tolist() == table["file"].tolist()
    assert again["duration"][0] == pytest.approx(1.234568)
    assert again["sample_rate"][0] == 44_100
    assert ",44100," in (tmp_path / "a.csv").read_text()
    assert list(again.columns)[:5] == HEADER.split(",")


def test_nothing_broken_is_written(tmp_path: Path, make_table: Callable) -> None:
    write_files_table(tmp_path / "a.csv", make_table(("a", "F", 1, 1)))
    before = (tmp_path / "a.csv").read_bytes()
    broken = make_table(("a", "F", 2, 2)).assign(label="genuine")
    with pytest.raises(DatasetError, match="4 rows are broken"):
        write_files_table(tmp_path / "a.csv", broken)
    assert (tmp_path / "a.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("file", "inside"),
    [
        *(("a.wav", True), ("a/..b/c.wav", True), ("a../b.wav", True), ("...", True)),
        *(("a\n.wav", True), ("a/..\n", True), ("./a.wav", True)),
        *(("/a.wav", False), ("//a.wav", False), ("..", False), ("../a.wav", False)),
        *(("a/..", False), ("a/../b.wav", False), ("a\\b.wav", False)),
    ],
)
def test_paths_that_lead_out(tmp_path: Path, make_table: Callable, file: str, inside: bool) -> None:
    table = make_table(("a", "F", 1, 0)).assign(file=file)
    if inside:
        write_files_table(tmp_path / "a.csv", table)
    else:
        with pytest.raises(DatasetError, match="row 2: file is not a path inside the data set"):
            write_files_table(tmp_path / "a.csv", table)


def test_people(make_table: Callable) -> None:
    people = people_of(make_table(("b", "M", 0, 3), ("a", "F", 2, 1), ("c", "", 1, 0)))
    expected = [["a", "a", "F", 2, 1], ["b", "b", "M", 0, 3], ["c", "c", "", 1, 0]]
    assert people.to_numpy().tolist() == expected
    assert list(people) == ["speaker", "id", "gender", "n_bona_fide", "n_spoof"]


def test_a_person_of_two_genders_is_of_neither(make_table: Callable) -> None:
    table = pd.concat([make_table(("a", "F", 1, 0)), make_table(("a", "M", 0, 1))])
    people = people_of(table)
    assert people["gender"].tolist() == [""]
    assert people["n_bona_fide"].tolist() == [1]
