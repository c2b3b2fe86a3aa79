"""What the stages print."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src import reports
from src.audit.audit import Audit
from src.audit.balance import describe_balance
from src.audit.findings import Findings
from src.audit.leakage import Leak, Seen
from src.audit.match_audited import Matching
from src.audit.shortcuts import Shortcut
from src.audit.summary import Audited
from src.evaluation.results import Results, evaluate_trials
from src.evaluation.trials import Trials
from src.models.evaluate import Evaluation
from src.models.probe import Probe, ProbeRun
from src.models.search import Search
from src.models.train import Training
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.match import MatchSettings
from src.utils.dataset.split import Split
from src.utils.runs import Run


@pytest.fixture
def files(make_table: Callable) -> pd.DataFrame:
    return make_table(("a", "F", 2, 1), ("b", "M", 1, 0))


def test_scan(files: pd.DataFrame) -> None:
    text = reports.report_scan(Scan("cetuc", files, {"x.txt": "is no recording"}))
    assert "3 bona-fide clips of 2 speakers, 1 spoof clips of 1 speakers" in text
    assert "left out: 1" in text
    assert "x.txt is no recording" in text
    assert "warning" not in text
    text = reports.report_scan(Scan("cetuc", files[files["label"] == "bona-fide"]))
    assert "warning: no spoof clip" in text


def test_only_speakers_with_a_name_are_counted(files: pd.DataFrame) -> None:
    text = reports.report_scan(Scan("csv", files.assign(speaker="")))
    assert text == (
        "layout csv: 3 bona-fide clips of unknown speakers, 1 spoof clips of unknown speakers"
    )
    files["speaker"] = files["speaker"].where(files["speaker"] != "b", "")
    text = reports.report_scan(Scan("csv", files))
    assert "2 bona-fide clips of 1 speakers and 1 clips of unknown speakers, 1 spoof clips" in text
    assert text.endswith("1 spoof clips of 1 speakers")
    text = reports.report_scan(Scan("csv", files[files["label"] == "spoof"]))
    assert "csv: 0 bona-fide clips of 0 speakers, 1 spoof" in text


def test_a_word_that_no_strategy_knows_is_told(files: pd.DataFrame) -> None:
    words = ["train", " Dev", "", "holdout"]
    lines = reports.report_scan(Scan("csv", files.assign(split=words))).splitlines()
    assert lines[1].startswith(
        "warning: unknown word in the split column: 'holdout'; known are train, training, dev"
    )
    assert len(lines) == 2
    assert "warning" not in reports.report_scan(Scan("csv", files.assign(split="eval")))


def test_what_is_left_out_is_counted_by_reason(files: pd.DataFrame) -> None:
    problems = {f"{n}.wav": "is listed but missing" for n in range(1200)}
    problems |= {"x.txt": "is no recording"}
    lines = reports.report_scan(Scan("csv", files, problems)).splitlines()
    assert lines[1:] == [
        "left out: 1,201 (all are in rejected.csv)",
        "  0.wav is listed but missing (and 1,199 more)",
        "  x.txt is no recording",
    ]


def test_totals_are_compared_with_what_is_published(files: pd.DataFrame) -> None:
    totals = [Total("Corpus train, lines listed", 25_380, 25_380), Total("Corpus dev", 3, 24_844)]
    lines = reports.report_scan(Scan("csv", files, totals=totals)).splitlines()
    assert lines[1:] == [
        "Corpus train, lines listed: 25,380, as published",
        "warning: Corpus dev: 3, and 24,844 published",
    ]


def test_rejected_are_counted_and_shortened() -> None:
    assert reports.report_rejected({}) == ""
    text = reports.report_rejected({f"{n}.wav": "is silent" for n in range(1200)})
    assert "rejected: 1,200" in text
    assert text.count("is silent") == reports.SHOWN
    assert "rejected.csv" in text


def test_durations(files: pd.DataFrame) -> None:
    text = reports.report_durations(files.assign(duration=[60.0, 60, 120, np.nan]), {})
    assert "3 clips, 4.0 minutes" in text
    assert "bona-fide" in text
    assert "hours" in reports.report_durations(files.assign(duration=3600.0), {})


@pytest.mark.parametrize(("levels", "warned"), [([0.5, 0.5, 0.5, 0.2], True), ([0.5] * 4, False)])
def test_amplitudes(files: pd.DataFrame, levels: list[float], warned: bool) -> None:
    files = files.sort_values("label").assign(amplitude=levels)
    text = reports.report_amplitudes(files, {})
    assert ("NormalizeDataset" in text) == warned
    mended = reports.report_amplitudes(files, {}, is_mended_next=True)
    assert ("differ in level" in mended) == warned
    assert "NormalizeDataset" not in mended
    assert "bona-fide: median peak 0.500" in text
    reports.report_amplitudes(files.assign(amplitude=np.nan), {"a": "is bad"})


def test_derived_and_split(files: pd.DataFrame, tmp_path: Path) -> None:
    derived = Derived(Dataset(tmp_path, tmp_path), files, limited=2, kept=1, rejected={})
    text = reports.report_derived(derived, "they are quieter")
    assert "3 clips written, 1 already there" in text
    assert "2 of them would have clipped: they are quieter" in text
    summary = pd.DataFrame({"split": ["downstream_test"], "clips": [4], "minutes": [np.nan]})
    text = reports.report_split(Split(summary, 3, True))
    assert "3 people without spoofs went to downstream_test" in text
    assert "unchanged" in text
    assert "nan" not in text.lower()
    assert "in no split" not in text
    split = Split(summary, 0, False, {"held out, but late": 1_200, "left over": 1}, ["mind this"])
    lines = reports.report_split(split).splitlines()
    assert lines[-3:] == [
        "in no split: 1,200 clips, held out, but late",
        "in no split: 1 clip, left over",
        "warning: mind this",
    ]


def probed(*rows: tuple) -> Probe:
    columns = ["layer", "pooling", "eer", "standard_error"]
    return Probe(pd.DataFrame(rows, columns=columns), 5, 1200, 30)


def test_probe(tmp_path: Path) -> None:
    run = Run(4, tmp_path, {"settings": {"backbone": {"name": "acoustic"}}})
    files = (tmp_path / "a.csv", tmp_path / "a.png")
    rows = [(0, "mean", 0.5, 0.1), (0, "std", 0.4, 0.01), (1, "mean", 0.3, 0), (1, "std", 0.2, 0)]
    text = reports.report_probe(ProbeRun(run, probed(*rows), *files))
    lines = [line.split() for line in text.splitlines()]
    assert ["layer", "mean", "std"] in lines
    assert ["0", "50.00%", "±", "10.00%", "40.00%", "±", "1.00%"] in lines
    assert ["1", "30.00%", "±", "0.00%", "20.00%", "±", "0.00%", "<-"] in lines
    # The columns stand below their names.
    assert len({len(line) for line in text.splitlines()[2:5]}) == 1
    assert "best: layer 1, std, 20.00%" in text
    assert "within" not in text
    assert text.splitlines()[-2:] == [str(files[1]), str(files[0])]
    text = reports.report_probe(ProbeRun(run, probed((0, "descriptor", 0.1, 0.02)), *files))
    assert "acoustic has one layer here and one pooling" in text
    assert "best: layer 0, descriptor, 10.00%" in text


def test_training_search_and_evaluation(tmp_path: Path) -> None:
    run = Run(4, tmp_path, {"settings": {"method": "umap"}})
    rows = [(4, "both", 0.25, 0.02), (5, "both", 0.125, 0.03), (6, "both", 0.15, 0.01)]
    text = reports.report_training(Training(run, 5, 0.125, 0.5, probed(*rows), was_there=True))
    lines = [line.split() for line in text.splitlines()]
    assert ["layer", "both"] in lines
    assert ["4", "25.00%", "±", "2.00%"] in lines
    assert ["5", "12.50%", "±", "3.00%", "<-"] in lines
    assert text.count("<-") == 1
    assert "5 folds by speaker\n(1,200 clips of 30 speakers" in text
    assert "best: layer 5, both, 12.50%\nwithin one standard error of it: 6 both\n" in text
    assert "already trained" in text
    assert "layer" in reports.report_training(Training(run, 0, 0.125, 0.5))
    trials = pd.DataFrame(
        {"trial": [0, 1], "state": ["complete", "fail"], "validation_eer": [0.1, np.nan]}
    )
    text = reports.report_search(Search(run, trials, None, True))
    assert "continue with --study-number=4" in text
    assert "best of 1 finished trials" in text
    nothing = pd.DataFrame(columns=["trial", "run", "state"])
    assert "study 4" in reports.report_search(Search(run, nothing, None, True))
    assert "umap.png" in reports.report_projection(run)


def evaluated(scores: list, labels: list, speakers: str, **conditions) -> Results:
    n = len(scores)
    trials = Trials(
        np.arange(n).astype(str),
        np.array(scores, float),
        np.array(labels),
        np.array(scores, float),
        np.array(list(speakers)),
        pd.DataFrame(conditions),
    )
    return evaluate_trials(trials, 0.5)


def test_evaluation(tmp_path: Path) -> None:
    run = Run(4, tmp_path, {})
    found = evaluated([1.0, 0.0, 2.0, -1.0], [0, 1, 1, 0], "abab", gender=list("FMFM"))
    text = reports.report_evaluation(Evaluation(run, found, tmp_path / "a.json", []))
    assert str(tmp_path / "a.json") in text
    assert "1 accepted, 1 rejected" in text
    assert "EER        50.00% (" in text
    assert "95 % intervals over 2 speakers" in text
    assert "2 gender groups are too small to say anything: F, M" in text
    assert "warning: a class has 2 speakers only" in text
    reverse = evaluated([1.0, 0.0], [0, 1], "ab")
    text = reports.report_evaluation(Evaluation(run, reverse, tmp_path / "a.json", [], "/there"))
    assert text.startswith("tested on another data set: /there\nwarning: the EER of 100.0%")
    assert "polarity reversed" in text
    assert "inconclusive at 90% confidence, - of the others wrong" in text


def test_groups_that_say_something_are_shown(tmp_path: Path) -> None:
    n = 80
    labels = np.arange(n) % 2
    speakers = [f"s{i // 4}" for i in range(n)]
    attack = np.where(labels == 0, np.where(np.arange(n) < 70, "A01", "A02"), "")
    found = evaluated([0.0] * n, labels.tolist(), speakers, attack=attack)
    text = reports.report_evaluation(Evaluation(Run(4, tmp_path, {}), found, tmp_path, []))
    row = next(line.split() for line in text.splitlines() if line.strip().startswith("A01"))
    assert row[:2] == ["A01", "50.0%"]
    assert row[-4:] == ["18", "against", "all", "bona-fide"]
    assert "1 more group is too small to say anything: A02" in text
    assert "over 20 speakers and 2 attacks" in text


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
    text = reports.report_audit(audit)
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
    text = reports.report_audit(Audit(run, found(files, SHORTCUTS[2:], leaks, False), "data", {}))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "not split yet; clips that share" in lines
    assert "label conflict 2 clips <- leak" in lines
    assert "speaker 30 groups 2 across speakers" in lines
    assert "(unchanged)" not in text
    text = reports.report_audit(
        Audit(run, found(files, SHORTCUTS[2:], leaks[1:], False), "data", {})
    )
    assert "nothing flagged" in text
    text = reports.report_audit(Audit(run, found(files, [], [], True), "data", {}))
    assert "one class only" in text
    assert "nothing flagged" not in text


def test_matching(files: pd.DataFrame, tmp_path: Path) -> None:
    place = tmp_path / "a b"
    derived = Derived(Dataset(place, place), files, limited=2, kept=1, rejected={})
    settings = MatchSettings(low_pass="match", clipped="reject").decide([])
    text = reports.report_matching(Matching(derived, settings, SHORTCUTS[:2]))
    assert "the classes differed in: RMS level (EER 10%), file format (EER 20%)\n" in text
    assert "16,000 Hz, loudness rms, low-pass match, clipped reject" in text
    assert "3 clips written, 1 already there" in text
    # As it can be pasted.
    assert f"next: fab AuditDataset --dataset='{place}'" in text
    text = reports.report_matching(Matching(derived, MatchSettings().decide([]), []))
    assert "differed in: nothing" in text


def test_audited(files: pd.DataFrame, tmp_path: Path) -> None:
    assert "not audited: fab AuditDataset" in reports.report_audited(None)
    run = Run(4, tmp_path, {"started": "2026-01-31T14:25:30+00:00"})
    clean = reports.report_audited(Audited(run, found(files, SHORTCUTS[1:], [], False)))
    assert clean == "audit of run 4 (2026-01-31): nothing flagged"
    flagged = reports.report_audited(Audited(run, found(files, SHORTCUTS, LEAKS, True)))
    assert flagged.startswith(
        "warning: audit of run 4 (2026-01-31) flags RMS level (EER 10.0%), speaker in"
    )
    assert flagged.endswith(str(tmp_path / "audit.html"))
    assert "\n" not in flagged
