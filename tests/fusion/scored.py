"""Finished trainings made of nothing but their validation scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.models.calibrate import write_calibration
from src.utils.files import write_json
from src.utils.metrics.calibration import fit_calibration
from src.utils.runs import Kind, Run, new_run
from src.utils.tables import write_csv


def make_scored(
    runs: Path,
    apart: float = 2.0,
    seed: int = 0,
    n: int = 96,
    n_speakers: int = 12,
    backbone: str = "acoustic",
    classifier: str = "lr",
    prefix: str = "v",
    scale: float = 1.0,
    study_of: str | None = None,
    dataset: str = "/nowhere/data",
    **settings: Any,
) -> Run:
    """Make a run whose validation scores are `apart` deviations apart by class."""
    chance, labels = np.random.default_rng(seed), np.arange(n) % 2
    scores = scale * (chance.normal(size=n) + apart * (labels - 0.5))
    asked = {
        "backbone": {"name": backbone, "sample_rate": 16_000},
        "classifier": classifier,
        "layer": 0,
        "hyperparameters": {},
        "seed": 7,
    } | settings
    with new_run(runs, Kind.TRAINING, asked) as run:
        run.update(dataset=dataset, root=dataset)
        calibration = fit_calibration(scores, labels)
        write_calibration(run.folder, calibration)
        files = np.array([f"{prefix}{i}.wav" for i in range(n)])
        speakers = np.array([f"s{i // 2 % n_speakers}" for i in range(n)])
        Trials(files, scores, labels, calibration.llrs(scores), speakers).write(
            run.folder / "scores_val.csv"
        )
        write_csv(
            run.folder / "trained_on.csv",
            pd.DataFrame({"split": "downstream_val", "file": files, "speaker": speakers}),
        )
        write_json(run.folder / "hyperparameters.json", asked)
        (run.folder / "model.skops").write_bytes(b"a model")
    return run
