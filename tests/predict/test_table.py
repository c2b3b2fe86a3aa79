"""Verdicts as files."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from src.predict.table import COLUMNS, check_output, write_verdicts
from src.predict.verdict import REFUSED, JudgedWindow, Stretch, Verdict, worst_of
from src.utils.errors import ArgumentError

VERDICTS = [
    Verdict(
        "ü, b.wav",
        "spoof",
        -1.2345678901,
        -3.0,
        0.05,
        7.5,
        warnings=["odd", "low"],
        windows=[
            JudgedWindow(0.0, 4.0, -2.0, 0.01),
            JudgedWindow(1.0, 5.0),
            JudgedWindow(2.0, 6.0, 1.0, 0.9),
        ],
    ),
    Verdict("c.wav", REFUSED, refusal="is silent (its peak is under -80 dBFS)"),
]


def test_csv(tmp_path: Path) -> None:
    write_verdicts(tmp_path / "a.csv", VERDICTS)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["file", "score", "probability", "verdict", "reason", "seconds"]
    assert rows[0] == {
        "file": "ü, b.wav",
        "score": "-1.2345678901",
        "probability": "0.05",
        "verdict": "spoof",
        "reason": "odd; low",
        "seconds": "0.0-4.0",
    }
    assert (rows[1]["score"], rows[1]["probability"], rows[1]["seconds"]) == ("", "", "")
    assert rows[1]["reason"] == VERDICTS[1].refusal


def test_json(tmp_path: Path) -> None:
    write_verdicts(tmp_path / "a.JSON", VERDICTS)
    first, second = json.loads((tmp_path / "a.JSON").read_text(encoding="utf-8"))
    about = ("duration", "llr", "warnings", "stretches", "channel", "channels", "windows")
    assert list(first) == [*COLUMNS, *about]
    assert (first["score"], first["llr"], first["duration"]) == (-1.2345678901, -3.0, 7.5)
    assert first["warnings"] == ["odd", "low"]
    assert first["windows"][:2] == [
        {"start": 0.0, "end": 4.0, "score": -2.0, "probability": 0.01},
        {"start": 1.0, "end": 5.0, "score": None, "probability": None},
    ]
    assert (second["score"], second["duration"], second["windows"]) == (None, None, [])


def test_json_of_stretches_and_channels(tmp_path: Path) -> None:
    good = Verdict("a.wav", "bona-fide", 1.0, 3.0, 0.95, 60.0, channel=1)
    stretches = (Stretch(3.0, 9.0, 0.02), Stretch(20.0, 24.0, 0.01))
    partly = replace(good, verdict="partly-spoof", channel=2, probability=0.01, stretches=stretches)
    worst = worst_of([good, partly])
    write_verdicts(tmp_path / "a.json", [worst])
    [entry] = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (entry["verdict"], entry["probability"], entry["channel"]) == ("partly-spoof", 0.01, 2)
    assert (entry["seconds"], entry["reason"]) == ("3.0-9.0, 20.0-24.0", "channel 2")
    assert entry["stretches"][0] == {"start": 3.0, "end": 9.0, "probability": 0.02}
    assert [one["verdict"] for one in entry["channels"]] == ["bona-fide", "partly-spoof"]


def test_no_verdict_is_a_table_too(tmp_path: Path) -> None:
    for name in ("a.csv", "a.json"):
        write_verdicts(tmp_path / name, [])
    assert (tmp_path / "a.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_where_verdicts_can_go(tmp_path: Path) -> None:
    for name in ("a.txt", "a", "a.csv.gz", ".csv"):
        with pytest.raises(ArgumentError, match=r"must be a file that ends in \.csv or \.json"):
            check_output(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ArgumentError):
        check_output(tmp_path / "folder.csv")
    assert check_output(tmp_path / "new" / "a.json").parent.is_dir()
