"""Stages on models: what a study gives, which run is meant, and the pages they write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.audit.summary import Audited
from src.models import evaluate
from src.utils.errors import ArgumentError, RunError
from src.utils.runs import list_runs

NAMES = ("wav2vec2", "svm")


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    return make_embeddings(tmp_path_factory.mktemp("stages") / "e", gaps=(0.0, 3.0, 0.5))


@pytest.fixture(scope="module")
def studied(embeddings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with a study of three trials."""
    runs = tmp_path_factory.mktemp("studied") / "runs"
    search = stages.models.optimize(*NAMES, embeddings, runs, n_trials=3)
    assert search.study.report.is_file()
    return runs


def test_a_study_gives_what_is_not_given(embeddings: Path, studied: Path) -> None:
    best = stages.models.optimize(*NAMES, embeddings, studied, n_trials=3, study_number=0).best
    assert best is not None
    plain = stages.models.train(*NAMES, embeddings, studied, study_number=0)
    assert plain.selection.layer == best["layer"]
    assert plain.run.settings["hyperparameters"] == best["hyperparameters"]
    assert plain.probe is None
    other = stages.models.train(
        *NAMES, embeddings, studied, hyperparameters={"C": 3.5}, study_number=0
    )
    assert other.selection.layer == best["layer"]
    assert other.run.settings["hyperparameters"] == best["hyperparameters"] | {"C": 3.5}
    there = (best["layer"] + 1) % 3
    elsewhere = stages.models.train(*NAMES, embeddings, studied, there, study_number=0)
    assert elsewhere.selection.layer == there
    assert elsewhere.run.settings["hyperparameters"] == best["hyperparameters"]
    probed = stages.models.train(*NAMES, embeddings, studied, "probe", study_number=0)
    assert probed.probe is not None


def test_without_a_study_the_layer_is_probed(embeddings: Path, tmp_path: Path) -> None:
    training = stages.models.train(*NAMES, embeddings, tmp_path)
    assert training.probe is not None
    assert training.selection.layer == training.probe.best["layer"]
    assert stages.models.train(*NAMES, embeddings, tmp_path, -1).selection.layer == 2


def test_a_study_of_another_classifier_or_backbone(embeddings: Path, studied: Path) -> None:
    with pytest.raises(RunError):
        stages.models.train("wav2vec2", "rf", embeddings, studied, study_number=0)
    with pytest.raises(RunError, match="its backbone is wav2vec2, not hubert"):
        stages.models.train("hubert", "svm", embeddings, studied, study_number=0)


def test_pages_are_written_by_the_stages(embeddings: Path, tmp_path: Path) -> None:
    probe = stages.models.probe("wav2vec2", embeddings, tmp_path)
    assert probe.run.report.is_file()
    training = stages.models.train(*NAMES, embeddings, tmp_path, 1)
    before = training.run.report.read_text(encoding="utf-8")
    evaluation = stages.models.test(embeddings, tmp_path)
    assert evaluation.run.folder == training.run.folder
    after = training.run.report.read_text(encoding="utf-8")
    assert "roc_curve" not in before
    assert len(after) > len(before)
    assert (training.run.folder / "model_card.md").is_file()


def test_an_equal_training_gets_its_page_back(embeddings: Path, tmp_path: Path) -> None:
    """A kill between a training and its page leaves no run without one."""
    first = stages.models.train(*NAMES, embeddings, tmp_path, 1)
    first.run.report.unlink()
    again = stages.models.train(*NAMES, embeddings, tmp_path, 1, reuse=True)
    assert again.was_there
    assert again.run.report.is_file()


def test_the_run_that_is_tested(
    embeddings: Path, studied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which run it is shows without its figures, which take the most of a test.
    monkeypatch.setattr(evaluate, "draw_figures", lambda *_: [])
    numbers = [
        stages.models.train("wav2vec2", name, embeddings, tmp_path, 1).run.number
        for name in ("svm", "lr", "svm")
    ]
    test = stages.models.test
    assert test(embeddings, tmp_path, classifier="lr").run.number == numbers[1]
    assert test(embeddings, tmp_path).run.number == numbers[2]
    assert test(embeddings, tmp_path, run_number=numbers[0]).run.number == numbers[0]
    with pytest.raises(RunError, match="its classifier is lr, not svm"):
        test(embeddings, tmp_path, classifier="svm", run_number=numbers[1])
    trial = test(embeddings, studied, study_number=0).run
    assert trial.folder.parent.name.startswith("svm_study0_")
    assert trial.report.is_file()


def test_an_audit_is_heard_before_any_work(embeddings: Path, tmp_path: Path) -> None:
    heard: list[Audited | None] = []

    def stop(audited: Audited | None) -> None:
        heard.append(audited)
        raise StoppedError

    with pytest.raises(StoppedError):
        stages.models.train(*NAMES, embeddings, tmp_path, 1, on_audit=stop)
    with pytest.raises(StoppedError):
        stages.models.optimize(*NAMES, embeddings, tmp_path, 1, on_audit=stop)
    assert heard == [None, None]
    assert list_runs(tmp_path) == []


def test_a_bad_layer_leaves_no_run(embeddings: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError):
        stages.models.train(*NAMES, embeddings, tmp_path, 9)
    assert list_runs(tmp_path) == []
