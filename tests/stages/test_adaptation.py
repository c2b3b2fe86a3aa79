"""Adapting a run to recordings, from vectors with augmented copies to a page."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.adaptation.names import FOLDER
from src.models.calibrate import fitted_on
from src.models.trained_on import read_trained_on
from src.reports import answers, report_adaptation
from src.results.blocks.text import render_text
from src.utils.config import MATCHED
from src.utils.files import write_json
from tests.adaptation.recordings import write_case
from tests.stages.test_augmented import COPIES


@pytest.fixture
def place(tmp_path: Path, make_spoken: Callable) -> Path:
    """An augmented run, calibrated on degraded clips, and a case one of whose clips is broken."""
    dataset = make_spoken(tmp_path / "data")
    embeddings, runs = tmp_path / "e", tmp_path / "runs"
    stages.embeddings.generate_embeddings(dataset.root, "acoustic", embeddings, copies=COPIES)
    given = {"augmented": True, "calibrate": MATCHED}
    stages.models.train("acoustic", "lr", embeddings, runs, **given)
    write_case(tmp_path / "case")
    (tmp_path / "case/case/m0-spoof-0.wav").write_bytes(b"RIFF and no more")
    stages.dataset.generate_tables(tmp_path / "case")
    return tmp_path


def test_an_augmented_run_and_a_broken_recording(place: Path) -> None:
    done = stages.adaptation.adapt(place / "case", place / "runs", 10, run_number=0)
    run = done.run
    assert run.settings["augmented"]["copies"] == 2
    assert "calibrate" not in run.settings
    assert fitted_on(run) == "clean"
    assert {"downstream_train.copy2", "adapting"} <= set(run.inputs)
    seen, before = read_trained_on(run), read_trained_on(done.before)
    assert len(seen) == len(before) + 20
    assert done.adaptation.n_rejected == len(done.rejected) == 1
    told = render_text(report_adaptation(done))
    assert "case/m0-spoof-0.wav" in told
    assert "run 0, with 10 clips of each class of case" in told
    document = answers.document_adaptation(done)
    assert document["adaptation"]["n_rejected"] == 1
    write_json(place / "answer.json", {**document, "folder": "", "report": ""})
    page = run.report.read_text()
    assert "those that it was adapted with, in folds by speaker" in page
    assert "speakers kept apart" in page


def test_vectors_are_computed_once(place: Path) -> None:
    def adapt(**options: object) -> Path:
        given = {"run_number": 0, **options}
        stages.adaptation.adapt(place / "case", place / "runs", 8, **given)
        [array] = (place / "e" / FOLDER).glob("case-*/acoustic/full/embeddings.npy")
        return array

    first = adapt()
    written = first.stat().st_mtime_ns
    assert adapt(seed=3).stat().st_mtime_ns == written
    stages.adaptation.adapt(place / "case", place / "runs", 8, run_number=0, embeddings=place / "f")
    assert (place / "f/acoustic/full/embeddings.npy").read_bytes() == first.read_bytes()
