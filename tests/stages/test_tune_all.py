"""Every combination: searched, tested and compared, gone on with after a stop."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src import stages
from src.models import evaluate
from src.results.differences import Comparison, pair_up
from src.search import optimize, worker
from src.search.optimize import Search, SearchOptions
from src.stages.tuning import TuningSettings, tune_all
from src.utils.errors import EmbeddingError
from src.utils.runs import list_runs
from tests.reports.telling import told
from tests.visualize.reading import read_page

COMBINATIONS = [
    (backbone, classifier) for backbone in ("wav2vec2", "hubert") for classifier in ("lr", "svm")
]


@pytest.fixture(scope="module")
def settings(
    tmp_path_factory: pytest.TempPathFactory, make_set: Callable, make_store: Callable
) -> TuningSettings:
    """Two backbones of the same clips, the second one of them better."""
    folder = tmp_path_factory.mktemp("tuning")
    for name, gaps in (("wav2vec2", (0.2, 0.8)), ("hubert", (1.0, 2.5))):
        for number, split in enumerate(("train", "val", "test")):
            split = f"downstream_{split}"
            layers = [
                make_set(24, 24, gap=gap, seed=10 * number + layer, prefix=split)
                for layer, gap in enumerate(gaps)
            ]
            make_store(folder / "e", split, *layers, name=name)
    return TuningSettings(
        folder / "e",
        folder / "runs",
        classifiers=("lr", "svm"),
        n_trials=3,
        options=SearchOptions(n_seeds=1),
    )


class Counted:
    """Counts calls, and presses Ctrl-C at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: object, name: str) -> None:
        self._call = getattr(place, name)
        self.n_done = 0
        self.stop_at: int | None = None
        monkeypatch.setattr(place, name, self)

    def __call__(self, *given: object, **named: object) -> object:
        if self.n_done == self.stop_at:
            self.stop_at = None
            raise KeyboardInterrupt
        result = self._call(*given, **named)
        self.n_done += 1
        return result


@pytest.fixture(scope="module")
def done(settings: TuningSettings) -> Comparison:
    """Stopped in the midst of a search, then of the tests, then gone on with."""
    heard: list[Search] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimize, "draw_study", lambda *about: None)
        patch.setattr(evaluate, "draw_figures", lambda *about: [])
        trials = Counted(patch, worker, "run_trial")
        tests = Counted(patch, evaluate, "evaluate_trials")
        trials.stop_at = 4
        with pytest.raises(KeyboardInterrupt):
            tune_all(settings, heard.append)
        assert [one.was_stopped for one in heard] == [False, True]
        assert (trials.n_done, tests.n_done) == (4, 0)
        tests.stop_at = 2
        with pytest.raises(KeyboardInterrupt):
            tune_all(settings)
        assert (trials.n_done, tests.n_done) == (12, 2)
        found = tune_all(settings, heard.append)
        # No trial and no test was made twice.
        assert (trials.n_done, tests.n_done) == (12, 4)
    assert len(heard) == 6
    return found


def test_the_table_says_what_the_runs_hold(settings: TuningSettings, done: Comparison) -> None:
    table = done.combinations
    assert table is not None
    pairs = list(zip(table["backbone"], table["classifier"], strict=True))
    assert sorted(pairs) == sorted(COMBINATIONS)
    assert table["validation_eer"].is_monotonic_increasing
    for row, entry in zip(table.itertuples(), done.entries, strict=True):
        [study] = [
            one
            for one in list_runs(settings.runs, study_of=row.classifier)
            if one.settings["backbone"]["name"] == row.backbone
        ]
        best = json.loads((study.folder / "best_hyperparameters.json").read_text())
        assert entry.run.folder.parent == study.folder
        assert entry.run.number == best["run_number"]
        assert (row.layer, row.validation_eer) == (best["layer"], best["validation_eer"])
        assert row.pooling == best.get("pooling", "all")
        kept = json.loads((entry.run.folder / "test_results.json").read_text())
        assert (row.test_eer, row.cllr) == (kept["eer"], kept["cllr"])
        assert [row.low, row.high] == kept["ci95"]["eer"]
    pd.testing.assert_frame_equal(
        pd.read_csv(done.run.folder / "combinations.csv"), table, check_dtype=False
    )


def test_all_are_held_against_the_best_by_validation(done: Comparison) -> None:
    table = done.combinations
    assert table is not None
    pairs, _ = pair_up(done.entries, 7)
    eers = pairs[pairs["metric"] == "eer"].set_index("run")
    assert set(eers["best"]) == {table["run"][0]}
    others = table.iloc[1:]
    assert np.isnan(table["p_holm"][0])
    for name in ("difference", "p_value", "p_holm"):
        assert others[name].tolist() == eers.loc[others["run"], name].tolist()
    assert (others["p_holm"] >= others["p_value"]).all()
    shown = others["test_eer"] - table["test_eer"][0]
    assert others["difference"].tolist() == pytest.approx(shown.tolist())


def test_again_it_is_the_same(settings: TuningSettings, done: Comparison) -> None:
    before = {path: path.stat().st_mtime_ns for path in settings.runs.rglob("model.*")}
    page = done.page.read_bytes()
    again = tune_all(settings)
    assert again.run.folder == done.run.folder
    pd.testing.assert_frame_equal(again.combinations, done.combinations)
    assert done.page.read_bytes() == page
    assert {path: path.stat().st_mtime_ns for path in settings.runs.rglob("model.*")} == before


def test_page_and_terminal(done: Comparison) -> None:
    read = read_page(done.page)
    assert f"Best by validation: {done.entries[0].name}" in read.text
    assert "chosen before any test was read" in read.text
    assert "picked by these very metrics" not in read.text
    assert len(read.attributes("img", "src")) == 1
    text = told("combinations", done)
    for backbone, classifier in COMBINATIONS:
        assert any(line.split()[:2] == [backbone, classifier] for line in text.splitlines()), text
    assert str(done.page) in text


def test_what_lacks_is_told_before_any_work(settings: TuningSettings, tmp_path: Path) -> None:
    asked = TuningSettings(settings.embeddings, tmp_path, ["hubert", "wavlm"], ["lr"])
    with pytest.raises(EmbeddingError, match=r"no wavlm .*fab GenerateEmbeddings --backbone=wavlm"):
        tune_all(asked)
    assert not list(tmp_path.iterdir())
    with pytest.raises(EmbeddingError, match="fab GenerateEmbeddings --backbone=acoustic"):
        tune_all(TuningSettings(tmp_path / "none", tmp_path))


def test_other_seeds_of_a_classifier(settings: TuningSettings, tmp_path: Path) -> None:
    names = ("hubert", "mlp", settings.embeddings, tmp_path)
    given = {"hyperparameters": {"epochs": 3}, "seed": 5}
    done = stages.models.train_by_seeds(3, *names, **given)
    assert [one.run.settings["seed"] for one in done.trainings] == [5, 6, 7]
    assert len({one.selection for one in done.trainings}) == 1
    eers = [one.run.manifest["results"]["validation_eer"] for one in done.trainings]
    assert done.mean == pytest.approx(np.mean(eers))
    assert done.spread == pytest.approx(np.std(eers, ddof=1))
    text = told("trainings", done, 3)
    assert f"3 seeds: validation EER {np.mean(eers):.2%} on average" in text
    again = stages.models.train_by_seeds(3, *names, **given)
    assert all(one.was_there for one in again.trainings)
    assert len(list_runs(tmp_path)) == 3


def test_other_seeds_of_what_draws_nothing(settings: TuningSettings, tmp_path: Path) -> None:
    done = stages.models.train_by_seeds(3, "hubert", "lr", settings.embeddings, tmp_path)
    assert len(done.trainings) == 1
    assert "lr draws nothing at random: other seeds give the same model" in told(
        "trainings", done, 3
    )
    assert len(list_runs(tmp_path)) == 1
