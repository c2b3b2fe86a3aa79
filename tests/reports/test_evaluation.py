"""What the stages print that test and evaluate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.results import Results, evaluate_trials
from src.evaluation.trials import Trials
from src.models.evaluate import Evaluation
from src.utils.runs import Run
from tests.reports.telling import told


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
    text = told("evaluation", Evaluation(run, found, tmp_path / "a.json", tmp_path / "a.csv", []))
    assert str(tmp_path / "a.json") in text
    assert "1 accepted, 1 rejected" in text
    assert "EER        50.00% (" in text
    assert "95 % intervals over 2 speakers" in text
    assert "2 gender groups are too small to say anything: F, M" in text
    assert "warning: a class has 2 speakers only" in text
    reverse = evaluated([1.0, 0.0], [0, 1], "ab")
    text = told(
        "evaluation",
        Evaluation(run, reverse, tmp_path / "a.json", tmp_path / "a.csv", [], "/there"),
    )
    assert text.startswith("tested on another data set: /there\nwarning: the EER of 100.0%")
    assert "polarity reversed" in text
    assert "inconclusive at 90% confidence, - of the others wrong" in text


def test_what_an_older_test_lacks_is_told(tmp_path: Path) -> None:
    found = evaluated([1.0, 0.0, 2.0, -1.0], [0, 1, 1, 0], "abab")
    found = replace(found, missing=["min_dcf", "cllr"])
    text = told("evaluation", Evaluation(Run(4, tmp_path, {}), found, tmp_path, tmp_path, []))
    lacks = "warning: tested before minDCF and Cllr were measured: test it again for them"
    assert lacks in text.splitlines()


def test_groups_that_say_something_are_shown(tmp_path: Path) -> None:
    n = 80
    labels = np.arange(n) % 2
    speakers = [f"s{i // 4}" for i in range(n)]
    attack = np.where(labels == 0, np.where(np.arange(n) < 70, "A01", "A02"), "")
    found = evaluated([0.0] * n, labels.tolist(), speakers, attack=attack)
    text = told("evaluation", Evaluation(Run(4, tmp_path, {}), found, tmp_path, tmp_path, []))
    row = next(line.split() for line in text.splitlines() if line.strip().startswith("A01"))
    assert row[:2] == ["A01", "50.0%"]
    assert row[-3:] == ["18", "all", "bona-fide"]
    assert "speakers  against" in text
    assert "1 more group is too small to say anything: A02" in text
    assert "over 20 speakers and 2 attacks" in text
