"""Reading the scores of speaker verification."""

from pathlib import Path

import numpy as np
import pytest

from src.evaluation.asv_scores import read_asv_scores
from src.utils.errors import ArgumentError, DatasetError

SCORES = (
    *("LA_0015 LA_E_1 4.5", "LA_0016 LA_E_1 -3", "LA_0015 LA_E_2 2.25", "LA_0015 LA_E_3 9"),
    *("LA_0016 LA_E_3 -1",),
)
KEY = (
    "LA_0016 LA_E_1 alaw ita_tx bonafide nontarget notrim eval",
    "LA_0015 LA_E_1 alaw ita_tx bonafide target notrim eval",
    "LA_0015 LA_E_2 gsm loc_tx A07 spoof notrim eval",
    "LA_0015 LA_E_3 gsm loc_tx bonafide target notrim progress",
    "LA_0016 LA_E_3 gsm loc_tx bonafide nontarget notrim progress",
)


def written(folder: Path, *lines: str, name: str = "asv.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_asvspoof2019(tmp_path: Path) -> None:
    lines = ["bonafide target 36.79", "bonafide nontarget -39.1", "A01 spoof 27", "A01 spoof 27"]
    scores = read_asv_scores(written(tmp_path, *lines, "bonafide target 1e-3"))
    assert scores.target.tolist() == [36.79, 0.001]
    assert scores.nontarget.tolist() == [-39.1]
    assert scores.spoof.tolist() == [27.0, 27.0]
    assert scores.spoof.dtype == np.float64
    path = tmp_path / "crlf"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert read_asv_scores(path).target.tolist() == [36.79]


def test_asvspoof2021(tmp_path: Path) -> None:
    path, key = written(tmp_path, *SCORES), written(tmp_path, *KEY, name="key.txt")
    scores = read_asv_scores(path, key)
    assert scores.target.tolist() == [4.5]
    assert scores.nontarget.tolist() == [-3.0]
    assert scores.spoof.tolist() == [2.25]
    scores = read_asv_scores(path, key, "all")
    assert scores.target.tolist() == [4.5, 9.0]
    assert scores.nontarget.tolist() == [-3.0, -1.0]
    with pytest.raises(ArgumentError, match="--subset=hidden is not one of eval, progress, all"):
        read_asv_scores(path, key, "hidden")
    with pytest.raises(DatasetError, match=r"asv\.txt has no score of the class spoof$"):
        read_asv_scores(path, key, "progress")


def test_asvspoof2021_without_a_score(tmp_path: Path) -> None:
    key = written(tmp_path, *KEY, name="key.txt")
    told = "1 of the 3 trials of the protocol have no score in .*, such as LA_0016 LA_E_1"
    with pytest.raises(DatasetError, match=told):
        read_asv_scores(written(tmp_path, *SCORES[:1], *SCORES[2:]), key)


def test_asvspoof2021_without_its_key(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as raised:
        read_asv_scores(written(tmp_path, *SCORES))
    assert "5 of 5 lines are broken: line 1: unknown key 'LA_E_1'" in str(raised.value)
    assert str(raised.value).endswith(
        "(known key: target, nontarget, spoof; scores of ASVspoof 2021 need their "
        "ASV/trial_metadata.txt as well)"
    )


def test_broken_lines_are_told_at_once(tmp_path: Path) -> None:
    lines = [
        "- target 1",
        "- nontarget x",
        "A01 spoof nan",
        "A01 spoofed 1",
        "A01 spoof",
        "- target 2",
    ]
    path = written(tmp_path, *lines)
    with pytest.raises(DatasetError) as raised:
        read_asv_scores(path)
    for told in (
        f"{path}: 4 of 6 lines are broken: ",
        "line 2: the score 'x' is no finite number",
        "line 3: the score 'nan' is no finite number",
        "line 4: unknown key 'spoofed'",
        "line 5: 2 columns, not 3",
    ):
        assert told in str(raised.value)
    key = written(tmp_path, KEY[0].replace("nontarget", "bonafide"), *KEY[1:], name="key.txt")
    with pytest.raises(DatasetError, match=r"key\.txt: 1 of 5 .* line 1: unknown key 'bonafide'"):
        read_asv_scores(written(tmp_path, *SCORES), key)


def test_a_class_without_scores(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no score of the class nontarget and spoof"):
        read_asv_scores(written(tmp_path, "- target 1"))
    with pytest.raises(DatasetError, match="lists nothing"):
        read_asv_scores(written(tmp_path, ""))
    with pytest.raises(DatasetError, match=r"cannot read .*absent"):
        read_asv_scores(tmp_path / "absent")
