"""What the stages on recordings print."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src import reports
from src.reports.dataset import SHOWN
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.measure import Measured
from src.utils.dataset.split import Split
from tests.reports.telling import told


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    return make_table(("a", "F", 2, 1), ("b", "M", 1, 0))


def test_scan(files: pd.DataFrame) -> None:
    text = told("scan", Scan("cetuc", files, {"x.txt": "is no recording"}))
    assert "3 bona-fide clips of 2 speakers, 1 spoof clips of 1 speakers" in text
    assert "left out: 1" in text
    assert "x.txt is no recording" in text
    assert "warning" not in text
    text = told("scan", Scan("cetuc", files[files["label"] == "bona-fide"]))
    assert "warning: no spoof clip" in text


def test_only_speakers_with_a_name_are_counted(files: pd.DataFrame) -> None:
    text = told("scan", Scan("csv", files.assign(speaker="")))
    assert text == (
        "layout csv: 3 bona-fide clips of unknown speakers, 1 spoof clips of unknown speakers"
    )
    files["speaker"] = files["speaker"].where(files["speaker"] != "b", "")
    text = told("scan", Scan("csv", files))
    assert "2 bona-fide clips of 1 speakers and 1 clips of unknown speakers, 1 spoof clips" in text
    assert text.endswith("1 spoof clips of 1 speakers")
    text = told("scan", Scan("csv", files[files["label"] == "spoof"]))
    assert "csv: 0 bona-fide clips of 0 speakers, 1 spoof" in text


def test_a_word_that_no_strategy_knows_is_told(files: pd.DataFrame) -> None:
    words = ["train", " Dev", "", "holdout"]
    lines = told("scan", Scan("csv", files.assign(split=words))).splitlines()
    assert lines[1].startswith(
        "warning: unknown word in the split column: 'holdout'; known are train, training, dev"
    )
    assert len(lines) == 2
    assert "warning" not in told("scan", Scan("csv", files.assign(split="eval")))


def test_what_is_left_out_is_counted_by_reason(files: pd.DataFrame) -> None:
    problems = {f"{n}.wav": "is listed but missing" for n in range(1200)}
    problems |= {"x.txt": "is no recording"}
    lines = told("scan", Scan("csv", files, problems)).splitlines()
    assert lines[1:] == [
        "left out: 1,201 (all are in rejected.csv)",
        "  0.wav is listed but missing (and 1,199 more)",
        "  x.txt is no recording",
    ]


def test_totals_are_compared_with_what_is_published(files: pd.DataFrame) -> None:
    totals = [Total("Corpus train, lines listed", 25_380, 25_380), Total("Corpus dev", 3, 24_844)]
    lines = told("scan", Scan("csv", files, totals=totals)).splitlines()
    assert lines[1:] == [
        "Corpus train, lines listed: 25,380, as published",
        "warning: Corpus dev: 3, and 24,844 published",
    ]


def test_rejected_are_counted_and_shortened() -> None:
    assert reports.report_rejected({}) == []
    text = told("rejected", {f"{n}.wav": "is silent" for n in range(1200)})
    assert "rejected: 1,200" in text
    assert text.count("is silent") == SHOWN
    assert "rejected.csv" in text


def test_durations(files: pd.DataFrame) -> None:
    text = told("durations", Measured(files.assign(duration=[60.0, 60, 120, np.nan]), {}))
    assert "3 clips, 4.0 minutes" in text
    assert "bona-fide" in text
    assert "hours" in told("durations", Measured(files.assign(duration=3600.0), {}))


@pytest.mark.parametrize(("levels", "warned"), [([0.5, 0.5, 0.5, 0.2], True), ([0.5] * 4, False)])
def test_amplitudes(files: pd.DataFrame, levels: list[float], warned: bool) -> None:
    files = files.sort_values("label").assign(amplitude=levels)
    text = told("amplitudes", Measured(files, {}))
    assert ("NormalizeDataset" in text) == warned
    mended = told("amplitudes", Measured(files, {}), is_mended_next=True)
    assert ("differ in level" in mended) == warned
    assert "NormalizeDataset" not in mended
    assert "bona-fide: median peak 0.500" in text
    nothing = files.assign(amplitude=np.nan)
    text = told("amplitudes", Measured(nothing, {"a": "is bad"}, {"b": "it is loud"}))
    assert "rejected: 1 (all are in rejected.csv)\n  a is bad" in text
    assert "odd, and used even so: 1 (all are in warnings.csv)\n  b: it is loud" in text


def test_derived_and_split(files: pd.DataFrame, tmp_path: Path) -> None:
    derived = Derived(Dataset(tmp_path, tmp_path), files, limited=2, kept=1, rejected={})
    text = told("derived", derived)
    assert "3 clips written, 1 already there" in text
    assert "2 of them would have clipped: they are quieter" in text
    summary = pd.DataFrame({"split": ["downstream_test"], "clips": [4], "minutes": [np.nan]})
    text = told("split", Split(summary, 3, True))
    assert "3 people without spoofs went to downstream_test" in text
    assert "unchanged" in text
    assert "nan" not in text.lower()
    assert "in no split" not in text
    split = Split(summary, 0, False, {"held out, but late": 1_200, "left over": 1}, ["mind this"])
    lines = told("split", split).splitlines()
    assert lines[-3:] == [
        "in no split: 1,200 clips, held out, but late",
        "in no split: 1 clip, left over",
        "warning: mind this",
    ]
