"""A runs folder with a bit of everything, made once: tested, not tested, a study, a probe."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.audit.balance import describe_balance
from src.audit.findings import AUDIT, Findings
from src.audit.leakage import Leak, Seen
from src.audit.shortcuts import Shortcut
from src.models.data import TrainingStores
from src.models.evaluate import evaluate_run
from src.models.probe import run_probe
from src.models.train import train_model
from src.search.optimize import optimize
from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.runs import Kind, Run, find_run, new_run

DATASET = "/nowhere/at/all"


@pytest.fixture(scope="session")
def embeddings(
    tmp_path_factory: pytest.TempPathFactory, make_set: Callable, make_store: Callable
) -> Path:
    """Clips of eight speakers and two attacks, with an attack of its own in each split."""
    folder = tmp_path_factory.mktemp("results") / "e"
    for number, split in enumerate(DOWNSTREAM_SPLITS):
        clips = make_set(40, 40, gap=2.5, seed=number, prefix=split)
        kind = np.arange(len(clips)) % 3
        attack = np.select([kind == 0, kind == 1], ["a|1", "a2"], f"new_{number}")
        speaker = np.array([f"{split}{i % 8}" for i in range(len(clips))])
        clips = replace(clips, attack=np.where(clips.y == 1, "", attack), speaker=speaker)
        make_store(folder, split, clips, replace(clips, x=clips.x / 2), dataset=DATASET)
    return folder


@pytest.fixture(scope="session")
def made(embeddings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs 0 (svm) and 1 (rf) are tested, 0 on women too; 2 (mlp) is not; 3 is a probe.

    It is of when probes were counted among all runs.
    """
    folder = tmp_path_factory.mktemp("made") / "runs"
    stores = TrainingStores.open(embeddings, "wav2vec2")
    first = train_model(stores, folder, "svm", "probe")
    second = train_model(
        stores, folder, "rf", 0, hyperparameters={"n_estimators": 3, "max_depth": 2}
    )
    train_model(stores, folder, "mlp", 0, hyperparameters={"hidden_size": 4, "epochs": 3})
    probe = run_probe(stores, folder).run.folder
    probe.rename(folder / probe.name.replace("probe0", "run3"))
    optimize(stores, folder, "svm", 3)
    for done in (first, second):
        evaluate_run(done.run, embeddings)
    evaluate_run(first.run, embeddings, "F")
    return folder


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` to change."""
    return Path(shutil.copytree(made, tmp_path / "runs"))


@pytest.fixture
def run_of(runs: Path) -> Callable[[int], Run]:
    return lambda number: find_run(runs, number)


FIRST = (
    *("eer", "accuracy", "precision", "recall", "f1_score", "auc", "threshold", "eer_threshold"),
    *("n_bona_fide", "n_spoof", "true_bona_fide", "false_bona_fide", "true_spoof", "false_spoof"),
)
"""All that the first version wrote of a test."""


@pytest.fixture
def make_older() -> Callable[..., None]:
    """Leave metrics out of a run's results, or all that the first version did not write."""

    def make(run: Run, *names: str) -> None:
        path = run.folder / "test_results.json"
        values = json.loads(path.read_text())
        for part in (values, values["ci95"], values["ci95_attacks"]):
            for name in names:
                del part[name]
        path.write_text(json.dumps(values if names else {name: values[name] for name in FIRST}))

    return make


@pytest.fixture
def add_audit(make_table: Callable) -> Callable[..., Path]:
    """Write an audit of the recordings into a runs folder."""

    def add(runs: Path, is_flagged: bool) -> Path:
        eer = 0.1 if is_flagged else 0.45
        rms = Shortcut("rms", "RMS level", eer, eer, eer, "a", "b", "NormalizeDataset", 20)
        leak = Leak("generator", False, {"downstream_test": Seen(7, 9, ("c", "d"))}, 2, 2)
        balance = describe_balance(make_table(("a", "F", 2, 1)).assign(duration=60.0))
        with new_run(runs, Kind.AUDIT, {"dataset": "/data/set", "audio": DATASET}) as run:
            Findings(3, 0, [rms], [leak], True, balance).write(run.folder / AUDIT)
        return run.folder

    return add
