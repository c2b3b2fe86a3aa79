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
    text = told("training", Training(run, Selection(5), 0.125, 0.5, probed(*rows), was_there=True))
    lines = [line.split() for line in text.splitlines()]
    assert ["layer", "both"] in lines
    assert ["4", "25.00%", "±", "2.00%"] in lines
    assert ["5", "12.50%", "±", "3.00%", "<-"] in lines
    assert text.count("<-") == 1
    assert "5 folds by speaker\n(1,200 clips of 30 speakers" in text
    assert "best: layer 5, both, 12.50%\nwithin one standard error of it: 6 both\n" in text
    assert "already trained" in text
    assert "layer" in told("training", Training(run, Selection(0), 0.125, 0.5))
    trials = pd.DataFrame(
        {"trial": [0, 1], "state": ["complete", "fail"], "validation_eer": [0.1, np.nan]}
    )
    text = told("search", Search(run, trials, None, True))
    assert "continue with --study-number=4" in text
    assert "best of 1 finished trials" in text
    nothing = pd.DataFrame(columns=["trial", "run", "state"])
    assert "study 4" in told("search", Search(run, nothing, None, True))
    assert "umap.png" in told("projection", run)
