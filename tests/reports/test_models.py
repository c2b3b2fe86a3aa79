"""What the stages print that probe, search and train."""

from pathlib import Path

import numpy as np
import pandas as pd

from src.models.probe import Probe, ProbeRun
from src.models.train import Training
from src.search.optimize import Search
from src.utils.embeddings.selection import Selection
from src.utils.runs import Run
from tests.reports.telling import told


def probed(*rows: tuple) -> Probe:
    columns = ["layer", "pooling", "eer", "standard_error"]
    return Probe(pd.DataFrame(rows, columns=columns), 5, 1200, 30)


def test_probe(tmp_path: Path) -> None:
    run = Run(4, tmp_path, {"settings": {"backbone": {"name": "acoustic"}}})
    files = (tmp_path / "a.csv", tmp_path / "a.png")
    rows = [(0, "mean", 0.5, 0.1), (0, "std", 0.4, 0.01), (1, "mean", 0.3, 0), (1, "std", 0.2, 0)]
    text = told("probe", ProbeRun(run, probed(*rows), *files))
    lines = [line.split() for line in text.splitlines()]
    assert ["layer", "mean", "std"] in lines
    assert ["0", "50.00%", "±", "10.00%", "40.00%", "±", "1.00%"] in lines
    assert ["1", "30.00%", "±", "0.00%", "20.00%", "±", "0.00%", "<-"] in lines
    # The columns stand below their names.
    assert len({len(line) for line in text.splitlines()[2:5]}) == 1
    assert "best: layer 1, std, 20.00%" in text
    assert "within" not in text
    assert text.splitlines()[-2:] == [str(files[1]), str(files[0])]
    text = told("probe", ProbeRun(run, probed((0, "descriptor", 0.1, 0.02)), *files))
    assert "acoustic has one layer here and one pooling" in text
    assert "best: layer 0, descriptor, 10.00%" in text


def test_training_search_and_evaluation(tmp_path: Path) -> None:
    run = Run(4, tmp_path, {"settings": {"method": "umap"}})
    rows = [(4, "both", 0.25, 0.02), (5, "both", 0.125, 0.03), (6, "both", 0.15, 0.01)]
    text = told("training", Training(run, Selection(5), 0.125, 0.5, probed(*rows), True))
    lines = [line.split() for line in text.splitlines()]
    assert ["layer", "both"] in lines
    assert ["4", "25.00%", "±", "2.00%"] in lines
    assert ["5", "12.50%", "±", "3.00%", "<-"] in lines
    assert text.count("<-") == 1
    assert "5 folds by speaker\n(1,200 clips of 30 speakers" in text
    assert "best: layer 5, both, 12.50%\nwithin one standard error of it: 6 both\n" in text
    assert "already trained" in text
    for selection, label in (
        (Selection(0), "layer 0, validation"),
        (Selection(3, "mean"), "layer 3, mean, validation"),
        (Selection("weighted"), "all layers, weighted, validation"),
    ):
        assert label in told("training", Training(run, selection, 0.125, 0.5))
    trials = pd.DataFrame(
        {"trial": [0, 1], "state": ["complete", "fail"], "validation_eer": [0.1, np.nan]}
    )
    text = told("search", Search(run, trials, None, True))
    assert "continue with --study-number=4" in text
    assert "best of 1 finished trials" in text
    nothing = pd.DataFrame(columns=["trial", "run", "state"])
    assert "study 4" in told("search", Search(run, nothing, None, True))
    assert "umap.png" in told("projection", run)


def test_a_search_across_classifiers(tmp_path: Path) -> None:
    """Pruned trials have not failed, and nothing is told that none of the best has drawn."""
    settings = {"classifier": "auto", "backbone": {"name": "acoustic"}}
    study = Run(
        0, tmp_path / "auto_study0_20260101-000000", {"settings": settings, "kind": "study"}
    )
    study.folder.mkdir()
    nan = np.nan
    trials = pd.DataFrame(
        {
            "trial": range(5),
            "run": pd.array([10, 11, None, None, 12], dtype="Int64"),
            "state": ["complete", "complete", "pruned", "failed", "complete"],
            "validation_eer": [0.2, 0.1, nan, nan, 0.3],
            "validation_cllr": [0.5, 0.4, nan, nan, 0.6],
            "classifier": ["mlp", "lr", "rf", "rf", "lr"],
            "C": [nan, 1.0, nan, nan, 2.0],
            "max_depth": pd.array([None, None, 3, 4, None], dtype="Int64"),
        }
    )
    intervals = "run,validation_eer,eer_low,eer_high\n11,0.1,0.05,0.15\n10,0.2,0.1,0.25\n"
    (study.folder / "top_trials.csv").write_text(intervals)
    text = told("search", Search(study, trials, {"run_number": 10}, False, n_elsewhere=2))
    lines = [line.split() for line in text.splitlines()]
    assert "best of 3 finished trials:" in text
    [header] = [line for line in text.splitlines() if line.startswith("trial ")]
    assert "95 % interval" in header
    assert "max depth" not in header
    assert ["1", "11", "10.00%", "5.00%", "..", "15.00%", "0.4000", "lr", "1"] in lines
    assert (
        "trials: 3 finished; 1 pruned, given up before the last fold; 1 failed; "
        "2 still at work in other processes"
    ) in text
    assert "lr 10.00% (2 trials), mlp 20.00% (1 trial)" in text
    assert "fab TestModel --classifier=auto --study-number=0" in text
