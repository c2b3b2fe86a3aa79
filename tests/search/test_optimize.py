"""The search of hyperparameters: seeded, stopped, continued."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from src.models.classifier import Choice, Range
from src.models.data import TrainingStores
from src.models.evaluate import evaluate_run
from src.models.lookup import best_of_study, find_training
from src.models.registry import CLASSIFIERS
from src.search import importances, objective
from src.search import optimize as module
from src.search.folds import FoldSettings
from src.search.optimize import Search, SearchOptions, optimize
from src.search.outcomes import CLLR, in_brief
from src.search.space import Space
from src.search.storage import JOURNAL
from src.utils.embeddings.selection import Selection
from src.utils.errors import AudiosError, RunError
from src.utils.files import locked
from src.utils.metrics.cllr import cllr
from src.utils.runs import list_runs


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    return make_embeddings(tmp_path_factory.mktemp("search") / "e", gaps=(0.5, 2.0), n=12)


@pytest.fixture(scope="module")
def stores(embeddings: Path) -> TrainingStores:
    return TrainingStores.open(embeddings, "wav2vec2")


N_WHOLE = 14
"""Trials beyond the ten random first ones of the estimator."""

PARAMETERS = ["layer", "C", "gamma", "scaling", "pca", "class_weight"]


def drawn(table: pd.DataFrame) -> list[list]:
    whole = table[table["state"] == "complete"]
    return whole[[*PARAMETERS, "validation_eer"]].to_numpy().tolist()


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures of a search, which takes as long as two trials, where none is looked at."""
    monkeypatch.setattr(module, "draw_study", lambda *about: None)


@pytest.fixture(scope="module")
def whole(stores: TrainingStores, tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A study that nothing has stopped; a shorter one has the first of its trials."""
    return optimize(stores, tmp_path_factory.mktemp("whole"), "svm", N_WHOLE)


def test_a_study(stores: TrainingStores, embeddings: Path, tmp_path: Path) -> None:
    found = optimize(stores, tmp_path, "svm", 5)
    assert not found.was_stopped
    names = ["trial", "run", "state", "validation_eer", "validation_cllr"]
    assert list(found.search_trials)[:5] == names
    assert found.search_trials["trial"].tolist() == list(range(5))
    assert (found.search_trials["state"] == "complete").all()
    folder = found.study.folder
    assert folder.name.startswith("svm_study0_")
    # Every trial is a run, and its number is told.
    runs = list_runs(folder)
    assert [run.number for run in runs] == list(range(5))
    for run, (_, row) in zip(runs, found.search_trials.iterrows(), strict=True):
        assert run.is_complete
        assert run.manifest["results"]["validation_eer"] == row["validation_eer"]
        calibrated = pd.read_csv(run.folder / "scores_val.csv")
        labels = (calibrated["label"] == "bona-fide").to_numpy(int)
        assert cllr(calibrated["llr"], labels) == pytest.approx(row["validation_cllr"])
        assert run.settings["hyperparameters"]["C"] == row["C"]
        assert run.settings["layer"] == row["layer"]
    best = json.loads((folder / "best_hyperparameters.json").read_text())
    assert best == found.best
    assert best["validation_eer"] == found.search_trials["validation_eer"].min()
    assert set(best["hyperparameters"]) == {"C", "gamma", "scaling", "pca", "class_weight"}
    row = found.search_trials.set_index("run").loc[best["run_number"]]
    assert (row["C"], row["layer"]) == (best["hyperparameters"]["C"], best["layer"])
    assert (folder / "optimization_history.png").is_file()
    assert pd.read_csv(folder / "trials.csv")["run"].tolist() == list(range(5))
    # What TestModel does with it.
    run = find_training(tmp_path, "wav2vec2", "svm", study_number=0)
    assert run.number == best["run_number"]
    assert evaluate_run(run, embeddings).path.is_file()
    assert find_training(tmp_path, study_number=0, run_number=3).number == 3
    assert best_of_study(tmp_path, 0) == best
    with pytest.raises(RunError, match="its backbone is wav2vec2, not acoustic"):
        best_of_study(tmp_path, 0, "acoustic")
    # As it was made when `acoustic` was called `lfcc`: what it found holds for the same vectors.
    about = found.study.settings["backbone"] | {"name": "lfcc", "stats": ["descriptor"]}
    found.study.update(settings=found.study.settings | {"backbone": about})
    assert best_of_study(tmp_path, 0, "acoustic") == best
    with pytest.raises(RunError, match=r"its backbone is acoustic \(was lfcc\), not lfcc"):
        best_of_study(tmp_path, 0, "lfcc")


@pytest.mark.usefixtures("undrawn")
def test_a_shorter_study_has_the_first_trials(
    stores: TrainingStores, whole: Search, tmp_path: Path
) -> None:
    found = optimize(stores, tmp_path, "svm", 6)
    assert drawn(found.search_trials) == drawn(whole.search_trials)[:6]


@pytest.mark.usefixtures("undrawn")
def test_the_seed_decides(stores: TrainingStores, tmp_path: Path) -> None:
    one, same, other = (
        optimize(stores, tmp_path / str(n), "svm", 3, seed) for n, seed in enumerate((7, 7, 8))
    )
    assert drawn(one.search_trials) == drawn(same.search_trials)
    assert drawn(one.search_trials) != drawn(other.search_trials)
    assert len({tuple(row[:3]) for row in drawn(one.search_trials)}) == 3


@pytest.mark.usefixtures("undrawn")
def test_continued_it_proposes_the_same(
    stores: TrainingStores, whole: Search, tmp_path: Path
) -> None:
    optimize(stores, tmp_path / "b", "svm", 5)
    optimize(stores, tmp_path / "b", "svm", 12, study_number=0)
    rest = optimize(stores, tmp_path / "b", "svm", N_WHOLE, study_number=0)
    assert drawn(rest.search_trials) == drawn(whole.search_trials)
    assert rest.best is not None
    assert rest.best == whole.best
    assert len(list_runs(rest.study.folder)) == N_WHOLE
    again = optimize(stores, tmp_path / "b", "svm", N_WHOLE, study_number=0)
    assert drawn(again.search_trials) == drawn(whole.search_trials)


def interrupted(stores: TrainingStores, runs: Path, monkeypatch, at: int, total: int):
    """Search with Ctrl-C in the (at + 1)-th trial."""
    real, count = objective.fit_into, [0]

    def stopping(*arguments, **options):
        count[0] += 1
        if count[0] == at + 1:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(objective, "fit_into", stopping)
        return optimize(stores, runs, "svm", total)


def test_ctrl_c_keeps_the_best_so_far(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    found = interrupted(stores, tmp_path, monkeypatch, at=2, total=5)
    assert found.was_stopped
    assert found.best is not None
    written = json.loads((found.study.folder / "best_hyperparameters.json").read_text())
    assert written == found.best
    assert "running" not in set(found.search_trials["state"])
    assert found.search_trials["state"].tolist().count("complete") == 2
    statuses = [run.manifest["status"] for run in list_runs(found.study.folder)]
    assert statuses == ["complete", "complete", "interrupted"]
    journal = optuna.storages.journal.JournalFileBackend(str(found.study.folder / JOURNAL))
    study = optuna.load_study(study_name="svm", storage=optuna.storages.JournalStorage(journal))
    assert not study.get_trials(states=(optuna.trial.TrialState.RUNNING,))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("at", [1, 9, 17, 25])
@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_while_the_journal_is_written(
    stores: TrainingStores, whole: Search, tmp_path: Path, monkeypatch, at: int, when: str
) -> None:
    """Optuna's lock and log do not stand an interrupt half-way: it waits for a trial."""
    backend = optuna.storages.journal.JournalFileBackend
    real, count = backend.append_logs, [0]

    def pressed(self, logs) -> None:
        count[0] += 1
        if count[0] == at and when == "before":
            os.kill(os.getpid(), signal.SIGINT)
        real(self, logs)
        if count[0] == at and when == "after":
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(backend, "append_logs", pressed)
        found = optimize(stores, tmp_path / "b", "svm", 6)
    assert found.was_stopped
    assert count[0] > at
    again = optimize(stores, tmp_path / "b", "svm", 6, study_number=0)
    assert drawn(again.search_trials) == drawn(whole.search_trials)[:6]


@pytest.mark.usefixtures("undrawn")
def test_a_stopped_study_is_marked(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    found = interrupted(stores, tmp_path, monkeypatch, at=1, total=3)
    assert found.study.manifest["status"] == "interrupted"
    again = optimize(stores, tmp_path, "svm", 3, study_number=0)
    assert again.study.manifest["status"] == "complete"


@pytest.mark.usefixtures("undrawn")
def test_ctrl_c_and_continued(
    stores: TrainingStores, whole: Search, tmp_path: Path, monkeypatch
) -> None:
    """It ends with as many finished trials as asked for, and the very same ones."""
    interrupted(stores, tmp_path / "b", monkeypatch, at=2, total=5)
    found = optimize(stores, tmp_path / "b", "svm", 5, study_number=0)
    assert drawn(found.search_trials) == drawn(whole.search_trials)[:5]


def test_ctrl_c_in_the_first_trial(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    found = interrupted(stores, tmp_path, monkeypatch, at=0, total=3)
    assert found.was_stopped
    assert found.best is None
    with pytest.raises(RunError, match="no finished trial"):
        best_of_study(tmp_path, 0)


@pytest.mark.usefixtures("undrawn")
def test_a_trial_left_by_a_kill_is_closed(stores: TrainingStores, tmp_path: Path) -> None:
    found = optimize(stores, tmp_path, "svm", 2)
    journal = optuna.storages.journal.JournalFileBackend(str(found.study.folder / JOURNAL))
    study = optuna.load_study(study_name="svm", storage=optuna.storages.JournalStorage(journal))
    study.ask()
    again = optimize(stores, tmp_path, "svm", 4, study_number=0)
    assert "running" not in set(again.search_trials["state"])
    assert not again.was_stopped


@pytest.mark.usefixtures("undrawn")
def test_failed_trials_do_not_end_it(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    real, count = objective.fit_into, [0]

    def failing(*arguments, **options):
        count[0] += 1
        if count[0] == 2:
            raise AudiosError("diverged")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(objective, "fit_into", failing)
        found = optimize(stores, tmp_path, "svm", 3)
    assert found.search_trials["state"].tolist() == ["complete", "failed", "complete"]
    assert np.isnan(found.search_trials["validation_eer"][1])

    def hopeless(*_, **__):
        raise AudiosError("diverged")

    monkeypatch.setattr(objective, "fit_into", hopeless)
    with pytest.raises(AudiosError, match=r"every trial of .* failed"):
        optimize(stores, tmp_path, "svm", 2)


def test_a_bug_is_no_failed_trial(stores: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(objective, "fit_into", broken)
    with pytest.raises(ZeroDivisionError):
        optimize(stores, tmp_path, "svm", 2)


@pytest.mark.usefixtures("undrawn")
def test_wrong_studies(stores: TrainingStores, tmp_path: Path, make_embeddings: Callable) -> None:
    with pytest.raises(RunError, match=r"no svm study 0 in .*; found none"):
        optimize(stores, tmp_path, "svm", 1, study_number=0)
    optimize(stores, tmp_path, "svm", 1)
    with pytest.raises(RunError, match="found 0"):
        optimize(stores, tmp_path, "svm", 1, study_number=4)
    with pytest.raises(RunError, match=r"other settings \(seed\)"):
        optimize(stores, tmp_path, "svm", 2, seed=8, study_number=0)
    with pytest.raises(RunError, match="no rf study 0"):
        optimize(stores, tmp_path, "rf", 2, study_number=0)
    other = TrainingStores.open(make_embeddings(tmp_path / "e", (1.0, 1.0), n=13), "wav2vec2")
    with pytest.raises(RunError, match="other embeddings"):
        optimize(other, tmp_path, "svm", 2, study_number=0)


@pytest.mark.usefixtures("undrawn")
def test_an_equal_study_is_reused(stores: TrainingStores, tmp_path: Path) -> None:
    first = optimize(stores, tmp_path, "svm", 2)
    again = optimize(stores, tmp_path, "svm", 2, reuse=True)
    assert again.study.folder == first.study.folder
    assert len(list_runs(first.study.folder)) == 2
    other = optimize(stores, tmp_path, "svm", 1, seed=8, reuse=True)
    assert other.study.number == 1


@pytest.mark.parametrize("name", CLASSIFIERS.names)
def test_what_is_drawn_lies_in_the_space(name: str) -> None:
    model = CLASSIFIERS.load(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    values: dict[str, list] = {key: [] for key in model.search_space}
    space = Space((name,), range(3), ("mean", "std", "both"))
    for _ in range(60):
        trial = study.ask()
        one = space.draw(trial)
        one.make(7)  # and is accepted
        assert space.read(trial.params) == one
        for key, value in one.hyperparameters.items():
            values[key].append(value)
    for key, space in model.search_space.items():
        if isinstance(space, Choice):
            assert set(values[key]) == set(space.values)
            continue
        assert isinstance(space, Range)
        assert min(values[key]) >= space.low
        assert max(values[key]) <= space.high
        assert {type(value) for value in values[key]} == {type(space.low)}
        middle = np.sqrt(space.low * space.high) if space.log else (space.low + space.high) / 2
        assert 0.3 < np.mean(np.array(values[key]) < middle) < 0.7, key


@pytest.mark.usefixtures("undrawn")
def test_a_study_in_use_is_joined(
    stores: TrainingStores, whole: Search, tmp_path: Path, monkeypatch
) -> None:
    """A second process tries trials too, and what the first one's manifest says stays."""
    stopped = interrupted(stores, tmp_path, monkeypatch, at=1, total=3).study
    before = (stopped.folder / "manifest.json").read_bytes()
    with (
        locked(stopped.folder / ".lock", "the study"),
    ):
        found = optimize(stores, tmp_path, "svm", 3, study_number=0)
    assert drawn(found.search_trials) == drawn(whole.search_trials)[:3]
    assert (stopped.folder / "manifest.json").read_bytes() == before


@pytest.fixture(scope="module")
def easy(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> TrainingStores:
    """Classes that lie so far apart that every trial has a validation EER of 0."""
    folder = make_embeddings(tmp_path_factory.mktemp("easy") / "e", gaps=(9.0, 9.0), n=12)
    return TrainingStores.open(folder, "wav2vec2")


@pytest.mark.usefixtures("undrawn")
def test_ties_are_broken_by_cllr(easy: TrainingStores, tmp_path: Path) -> None:
    found = optimize(easy, tmp_path, "svm", 6)
    table = found.search_trials
    assert found.best is not None
    assert set(table["validation_eer"]) == {0}
    cllrs = table["validation_cllr"]
    # The first one is not the best by chance.
    assert cllrs.idxmin() != 0
    assert found.best["run_number"] == table["run"][cllrs.idxmin()]
    assert found.best["validation_cllr"] == cllrs.min()
    choice = found.best["choice"]
    assert (choice["n_tied"], choice["n_trials"], choice["is_decisive"]) == (6, 6, False)
    # Whoever looks the best one up finds the same, and so does a study that goes on.
    assert find_training(tmp_path, study_number=0).number == found.best["run_number"]
    assert json.loads((found.study.folder / "best_hyperparameters.json").read_text()) == found.best
    assert optimize(easy, tmp_path, "svm", 6, study_number=0).best == found.best
    more = optimize(easy, tmp_path, "svm", 8, study_number=0)
    assert more.best is not None
    assert more.best["validation_cllr"] == more.search_trials["validation_cllr"].min()


@pytest.mark.usefixtures("undrawn")
def test_a_study_of_before_ties_were_broken(
    easy: TrainingStores, tmp_path: Path, monkeypatch
) -> None:
    """The Cllr is measured anew on what its trials keep, also where the study is complete."""
    with monkeypatch.context() as patch:
        patch.setattr(optuna.trial.Trial, "set_user_attr", without_cllr(patch))
        found = optimize(easy, tmp_path, "svm", 5)
    path = found.study.folder / "best_hyperparameters.json"
    old = json.loads(path.read_text())
    for name in ("validation_cllr", "choice"):
        del old[name]
    path.write_text(json.dumps(old | {"run_number": 0}))
    again = optimize(easy, tmp_path, "svm", 5, study_number=0)
    assert again.best == found.best == json.loads(path.read_text())
    assert again.search_trials["validation_cllr"].notna().all()
    # The run of a trial that somebody has removed is not the best by what nobody knows.
    lost = list_runs(found.study.folder)[found.best["run_number"]].folder
    (lost / "scores_val.csv").unlink()
    rest = optimize(easy, tmp_path, "svm", 6, study_number=0)
    assert rest.best is not None
    assert rest.best["run_number"] != found.best["run_number"]


def without_cllr(patch: pytest.MonkeyPatch) -> Callable:
    real = optuna.trial.Trial.set_user_attr

    def set_user_attr(self, key: str, value: object) -> None:
        if key != CLLR:
            real(self, key, value)

    return set_user_attr


@pytest.mark.usefixtures("undrawn")
def test_importances_are_kept(easy: TrainingStores, tmp_path: Path, monkeypatch) -> None:
    study = optimize(easy, tmp_path, "svm", 3).study
    assert not (study.folder / "importances.csv").exists()
    monkeypatch.setattr(importances, "ENOUGH_TRIALS", 4)
    optimize(easy, tmp_path, "svm", 4, study_number=0)
    table = pd.read_csv(study.folder / "importances.csv")
    trials = pd.read_csv(study.folder / "trials.csv")
    # What all trials have alike explains nothing.
    assert set(table["hyperparameter"]) == {one for one in PARAMETERS if len(set(trials[one])) > 1}
    assert {"layer", "C"} <= set(table["hyperparameter"])
    # All EERs are 0, so what is explained is the Cllr.
    assert set(table["of"]) == {"validation_cllr"}


@pytest.mark.usefixtures("undrawn")
def test_a_validation_of_two_clips(tmp_path: Path, make_embeddings: Callable) -> None:
    """Of one clip a class nothing can be told, and that is told."""
    tiny = TrainingStores.open(make_embeddings(tmp_path / "e", (2.0, 2.0), n=1), "wav2vec2")
    best = optimize(tiny, tmp_path / "r", "lr", 2).best
    assert best is not None
    assert best["choice"]["low"] is None
    assert not best["choice"]["is_decisive"]


def test_all_figures_of_a_search_across_classifiers(
    stores: TrainingStores, embeddings: Path, tmp_path: Path
) -> None:
    """And what tests the best run, whatever classifier won, by the study's number alone."""
    options = SearchOptions(n_seeds=2)
    found = optimize(stores, tmp_path, "auto", 8, options=options)
    names = ("optimization_history", "slices", "parallel_coordinates", "search_layers")
    assert all((found.study.folder / f"{name}.png").is_file() for name in names)
    assert found.best is not None
    run = find_training(tmp_path, study_number=0)
    assert run.number == found.best["run_number"]
    assert run.settings["classifier"] == found.best["classifier"]
    assert run.folder == find_training(tmp_path, classifier="auto", study_number=0).folder
    assert evaluate_run(run, embeddings).path.is_file()
    # Whole numbers stay such where other classifiers have none.
    kept = (found.study.folder / "trials.csv").read_text()
    assert ".0," not in kept.replace("0.0,", "").replace("1.0,", "")
    outcomes = module._look(found.study, stores, "auto", options)
    told = in_brief(outcomes, found.best)
    assert told == f"best EER {found.best['validation_eer']:.2%} ({found.best['classifier']})"


@pytest.mark.usefixtures("undrawn")
def test_the_line_of_progress_tells_what_failed(
    stores: TrainingStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*about: object, **more: object) -> None:
        raise AudiosError("nothing learned")

    with monkeypatch.context() as patch:
        patch.setattr(objective, "fit_into", fail)
        with pytest.raises(AudiosError, match="every trial"):
            optimize(stores, tmp_path, "lr", 2)
    found = optimize(stores, tmp_path, "lr", 3, study_number=0)
    outcomes = module._look(found.study, stores, "lr", SearchOptions())
    assert in_brief(outcomes, found.best).endswith(", 2 failed")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["mlp", "rf", "auto"])
def test_by_folds_and_seeds_it_is_the_same_twice(
    stores: TrainingStores, tmp_path: Path, monkeypatch, name: str
) -> None:
    """Random classifiers too: trials, what their folds measured, and the best by several seeds."""
    for one, small in (("mlp", {"epochs": 3}), ("rf", {"n_estimators": 5})):
        model = CLASSIFIERS.load(one)
        monkeypatch.setattr(model, "defaults", model.defaults | small)
        own = {key: space for key, space in model.search_space.items() if key not in small}
        monkeypatch.setattr(model, "search_space", own)
    options = SearchOptions(folds=FoldSettings(2), n_seeds=2)
    first, again = (
        optimize(stores, tmp_path / place, name, 6, options=options) for place in ("a", "b")
    )
    pd.testing.assert_frame_equal(first.search_trials, again.search_trials)
    assert first.best is not None
    assert first.best == again.best
    if name == "auto":
        # The best three are such that other seeds give the same.
        assert {"svm", "lr"} >= {first.best["classifier"]}
        assert "seeds" not in first.best
        return
    assert first.best["seeds"]["n"] == 2
    tables = [
        pd.read_csv(found.study.folder / "finalists.csv").drop(columns="run")
        for found in (first, again)
    ]
    pd.testing.assert_frame_equal(*tables)
    means = tables[0].groupby("number", sort=False)["validation_eer"].mean()
    assert first.best["seeds"]["mean"] == pytest.approx(means.min())
    # What is tested is the winner, by the study's own seed.
    run = find_training(tmp_path / "a", study_number=0)
    assert (run.number, run.settings["seed"]) == (first.best["run_number"], 7)
    held_out = pd.read_csv(run.folder / "scores_folds.csv")
    assert len(held_out) == len(stores.load_together(Selection(0)))
