"""What the stages print that audit and match."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.audit.audit import Audit
from src.audit.balance import describe_balance
from src.audit.findings import Findings
from src.audit.leakage import Leak, Seen
from src.audit.match_audited import Matching
from src.audit.shortcuts import Shortcut
from src.audit.summary import Audited
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived
from src.utils.dataset.match import MatchSettings
from src.utils.runs import Run
from tests.reports.telling import told


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    return make_table(("a", "F", 2, 1), ("b", "M", 1, 0))


NAN = float("nan")
SHORTCUTS = [
    Shortcut(
        "rms", "RMS level", 0.1, 0.05, 0.15, "-20.0 dBFS", "-30.0 dBFS", "NormalizeDataset", 20
    ),
    Shortcut("format", "file format", 0.2, 0.1, NAN, "WAV", "FLAC (60%)", "MatchDataset", 20),
    Shortcut("peak", "peak", 0.5, 0.4, 0.6, "0.500", "0.500", "NormalizeDataset", 20),
]
LEAKS = [
    Leak("label conflict", True, {"all": Seen(0, 4)}),
    Leak("speaker", True, {"downstream_test": Seen(1200, 2400, ("a", "b"))}, 3, 1),
    Leak("generator", False, {"downstream_val": Seen(7, 9, ("c", "d"))}, 2, 2),
]


def found(files: pd.DataFrame, shortcuts: list, leaks: list, is_split: bool) -> Findings:
    return Findings(4, 1, shortcuts, leaks, is_split, describe_balance(files.assign(duration=60.0)))


def test_audit(files: pd.DataFrame, tmp_path: Path) -> None:
    run = Run(4, tmp_path, {})
    audit = Audit(run, found(files, SHORTCUTS, LEAKS, True), "data", {"x.wav": "is missing"}, True)
    text = told("audit", audit)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "bona-fide: 3 clips of 2 speakers, 3.0 minutes" in lines
    rms = "RMS level 10.0% 5.0% .. 15.0% -20.0 dBFS -30.0 dBFS <- NormalizeDataset"
    assert rms in lines
    [unsure] = [line for line in lines if line.endswith("(may be chance)")]
    assert unsure.startswith("file format 20.0%")
    assert "peak 50.0% 40.0% .. 60.0% 0.500 0.500" in lines
    assert "speaker - 1,200 of 2,400 <- leak" in lines
    assert "generator 7 of 9 -" in lines
    assert "label conflict" not in text
    assert "flagged: RMS level (EER 10.0%), speaker in 1,200 clips" in lines
    assert "next: fab MatchDataset --dataset=data" in lines
    assert "next: fab SplitDataset --dataset=data" in lines
    assert f"run 4: {tmp_path / 'audit.html'} (unchanged)" in lines
    assert "rejected: 1" in text


def test_audit_without_a_split_or_a_class(files: pd.DataFrame, tmp_path: Path) -> None:
    leaks = [Leak("label conflict", True, {"all": Seen(2, 4)}, 1), Leak("speaker", True, {}, 30, 2)]
    run = Run(4, tmp_path, {})
    text = told("audit", Audit(run, found(files, SHORTCUTS[2:], leaks, False), "data", {}))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "not split yet; clips that share" in lines
    assert "label conflict 2 clips <- leak" in lines
    assert "speaker 30 groups 2 across speakers" in lines
    assert "(unchanged)" not in text
    text = told("audit", Audit(run, found(files, SHORTCUTS[2:], leaks[1:], False), "data", {}))
    assert "nothing flagged" in text
    text = told("audit", Audit(run, found(files, [], [], True), "data", {}))
    assert "one class only" in text
    assert "nothing flagged" not in text


def test_matching(files: pd.DataFrame, tmp_path: Path) -> None:
    place = tmp_path / "a b"
    derived = Derived(Dataset(place, place), files, limited=2, kept=1, rejected={})
    settings = MatchSettings(low_pass="match", clipped="reject").decide([])
    text = told("matching", Matching(derived, settings, SHORTCUTS[:2]))
    assert "the classes differed in: RMS level (EER 10%), file format (EER 20%)\n" in text
    assert "16,000 Hz, loudness rms, low-pass match, clipped reject" in text
    assert "3 clips written, 1 already there" in text
    # As it can be pasted.
    assert f"next: fab AuditDataset --dataset='{place}'" in text
    text = told("matching", Matching(derived, MatchSettings().decide([]), []))
    assert "differed in: nothing" in text


def test_audited(files: pd.DataFrame, tmp_path: Path) -> None:
    assert "not audited: fab AuditDataset" in told("audited", None)
    folder = tmp_path / "audit4_20260131-142530"
    run = Run(4, folder, {"kind": "audit", "started": "2026-01-31T14:25:30+00:00"})
    clean = told("audited", Audited(run, found(files, SHORTCUTS[1:], [], False)))
    assert clean == "audit 4 (2026-01-31): nothing flagged"
    flagged = told("audited", Audited(run, found(files, SHORTCUTS, LEAKS, True)))
    assert flagged.startswith(
        "warning: audit 4 (2026-01-31) flags RMS level (EER 10.0%), speaker in"
    )
    assert flagged.endswith(str(folder / "audit.html"))
    assert "\n" not in flagged
