"""A network's run is a run: tested, judged by, compared, listed, told of, as every other."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.clean import find_removable
from src.models.lookup import find_training, is_network
from src.networks.evaluate import RecordingTester, evaluate_network
from src.networks.trained import TrainedNetwork
from src.networks.windows import Covers
from src.predict.choice import choose_detector
from src.predict.detector import Detector
from src.predict.predict import predict
from src.results.compare import compare_runs
from src.results.listing import list_all
from src.results.report import write_report
from src.robustness.robustness import measure_robustness
from src.scoring import recordings
from src.scoring.kept import KeptScores
from src.stages import models as stages
from src.utils.audio.augmentations.conditions import choose_conditions
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import ArgumentError, DatasetError, EmbeddingError
from src.utils.runs import Run, find_run
from tests.networks.runs import SETTINGS, make_run, write_hissing
from tests.reports.telling import told

TEST = "downstream_test"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable) -> Path:
    """A data set in `data`, another in `other`, and two runs on the first."""
    here = tmp_path_factory.mktemp("networks")
    dataset = write_hissing(here / "data", voice, write_audio)
    write_hissing(here / "other", voice, write_audio, prefix="t", n_people=5)
    for seed in (7, 8):
        make_run(dataset, here / "runs", seed)
    return here


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, which takes most of the time."""
    for place in ("models.evaluate", "robustness.robustness"):
        monkeypatch.setattr(f"src.{place}.draw_figures", lambda *_: [])


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy whose runs may be changed; the data sets stay where they are."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path


@pytest.fixture
def run(place: Path) -> Run:
    return find_run(place / "runs", 0)


@pytest.fixture
def clips(made: Path) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(made / "data"), TEST)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many recordings each call of a network was given."""
    numbers: list[int] = []
    vectors = TrainedNetwork.vectors

    def count(self: TrainedNetwork, prepared: list) -> np.ndarray:
        numbers.append(len(prepared))
        return vectors(self, prepared)

    monkeypatch.setattr(TrainedNetwork, "vectors", count)
    return numbers


def scores_of(run: Run, name: str = "scores_test") -> pd.Series:
    return pd.read_csv(run.folder / f"{name}.csv", index_col="file")["score"]


def test_it_is_tested_on_recordings_as_every_run(run: Run, clips: SplitRecordings) -> None:
    done = evaluate_network(run, clips)
    found = json.loads(done.path.read_text())
    assert found["n_bona_fide"] + found["n_spoof"] == len(clips)
    assert {"eer", "cllr", "min_dcf"} <= set(found)
    assert "gender" in found["breakdowns"]
    trained = TrainedNetwork.of(run)
    scores = scores_of(run)
    for row in range(4):
        waveform = read_waveform(clips.path(row), 16_000)
        [score] = trained.score(trained.vectors([trained.prepare(waveform)]))
        assert scores[clips.clips.files[row]] == pytest.approx(score, abs=1e-4)
    assert run.manifest["tested"] == {TEST: clips.fingerprint}


def test_a_killed_test_goes_on_and_ends_with_the_same_bytes(
    place: Path, run: Run, clips: SplitRecordings, counted: list[int], monkeypatch
) -> None:
    monkeypatch.setattr(recordings, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr("src.networks.backbone.NetworkBackbone.batch_seconds", 2.0)
    vectors = TrainedNetwork.vectors

    def stop(self: TrainedNetwork, prepared: list) -> np.ndarray:
        if len(counted) == 2:
            raise KeyboardInterrupt
        return vectors(self, prepared)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(TrainedNetwork, "vectors", stop)
        evaluate_network(run, clips)
    assert not (run.folder / "test_results.json").exists()
    n_before = sum(counted)
    assert 0 < n_before < len(clips)
    evaluate_network(run, clips)
    assert sum(counted) == len(clips)
    names = ("test_results.json", "scores_test.csv", "scored/test.json")
    after = {name: (run.folder / name).read_bytes() for name in names}
    shutil.rmtree(run.folder / "scored")
    evaluate_network(run, clips)
    assert {name: (run.folder / name).read_bytes() for name in names} == after


def test_one_gender_has_the_very_scores_of_all(
    run: Run, clips: SplitRecordings, counted: list[int]
) -> None:
    evaluate_network(run, clips, "F")
    women = scores_of(run, "scores_test_F")
    assert 0 < len(women) < len(clips)
    n_scored = sum(counted)
    evaluate_network(run, clips)
    assert sum(counted) == n_scored
    assert women.equals(scores_of(run)[women.index])
    assert evaluate_network(run, clips, reuse=True).results.is_whole


def test_recordings_that_cannot_be_read_are_left_out_and_listed(
    run: Run, made: Path, tmp_path: Path
) -> None:
    shutil.copytree(made / "data", tmp_path / "data")
    first, *others = SplitRecordings.read(
        Dataset.open(tmp_path / "data"), TEST
    ).clips.files.tolist()
    (tmp_path / "data" / first).write_bytes(b"no sound")
    done = evaluate_network(run, SplitRecordings.read(Dataset.open(tmp_path / "data"), TEST))
    ending = "scores_test_data"
    assert scores_of(run, ending).index.tolist() == others
    assert set(done.rejected) == {first}
    assert "rejected: 1 (all are in rejected.csv)" in told("evaluation", done)
    for file in others:
        (tmp_path / "data" / file).write_bytes(b"no sound")
    with pytest.raises(DatasetError, match=r"not one of \d+ recordings can be used"):
        evaluate_network(run, SplitRecordings.read(Dataset.open(tmp_path / "data"), TEST))


def test_voices_of_the_training_are_refused_before_any_work(
    run: Run, clips: SplitRecordings, counted: list[int]
) -> None:
    path = run.folder / "trained_on.csv"
    path.write_text(path.read_text().replace(",s0,", ",s6,").replace(",s1,", ",s6,"))
    table = pd.read_csv(path)
    table["speaker"] = clips.clips.speaker[0]
    table.to_csv(path, index=False)
    with pytest.raises(EmbeddingError, match="shares 1 speakers with the training of run 0"):
        evaluate_network(run, clips)
    assert not counted


def test_scores_of_another_model_are_not_taken(
    place: Path, run: Run, clips: SplitRecordings
) -> None:
    evaluate_network(run, clips)
    before = scores_of(run)
    other = find_run(place / "runs", 1)
    shutil.copyfile(other.folder / "model.safetensors", run.folder / "model.safetensors")
    evaluate_network(run, clips)
    evaluate_network(other, clips)
    assert scores_of(run).equals(scores_of(other))
    assert not scores_of(run).equals(before)


def test_the_stage_takes_the_run_s_own_data_set_or_others(
    place: Path, made: Path, run: Run, clips: SplitRecordings
) -> None:
    nowhere, runs = place / "embeddings", place / "runs"
    assert is_network(find_training(runs))
    assert find_training(runs, "log-mel", "linear").number == 1
    own = stages.test(nowhere, runs, run_number=0)
    assert own.path.name == "test_results.json"
    there = stages.test(nowhere, runs, run_number=0, dataset=made / "other")
    assert there.path.name == "test_results_other.json"
    assert there.elsewhere == str(made / "other")
    sets = [made / "other", made / "data", made / "gone"]
    both = stages.test_on_sets([nowhere], runs, run_number=0, datasets=sets)
    assert [row.name for row in both.results.sets] == ["data", "other"]
    assert [row.is_own for row in both.results.sets] == [True, False]
    assert list(both.results.failed) == [str(made / "gone")]
    assert both.results.sets[1].values["eer"] == there.results.detection.eer
    with pytest.raises(ArgumentError, match=r"--embeddings: run 0 is of a network"):
        stages.test_on_sets([nowhere, made], runs, run_number=0)
    tester = RecordingTester(run)
    assert tester.open(made / "data").fingerprint == clips.fingerprint


def test_a_classifier_of_vectors_takes_no_data_set(place: Path, made: Path, run: Run) -> None:
    settings = run.settings | {"classifier": "svm"}
    del settings["network"]
    run.update(settings=settings)
    for call in (
        lambda: stages.test(place, place / "runs", run_number=0, dataset=made / "other"),
        lambda: stages.test_on_sets([place], place / "runs", run_number=0, datasets=[made, place]),
    ):
        with pytest.raises(ArgumentError, match=r"--dataset: run 0 is of a classifier of vectors"):
            call()


def test_it_judges_new_recordings(place: Path, run: Run, clips: SplitRecordings) -> None:
    evaluate_network(run, clips)
    assert choose_detector(place / "runs", run_number=0).run.folder == run.folder
    detector = Detector.load(run)
    assert detector.reference is not None
    scores = scores_of(run)
    file = next(file for file in clips.clips.files if file.endswith("-1.wav"))
    # Made-up voices are no speech.
    [verdict] = predict(run, clips.source.path(file), any_sound=True).verdicts
    assert verdict.score == pytest.approx(scores[file], abs=1e-3)
    with pytest.raises(ArgumentError, match="the front end log-mel loads none"):
        Detector.load(run, "somewhere")


def test_it_is_tried_under_conditions(run: Run, clips: SplitRecordings) -> None:
    done = measure_robustness(run, clips, choose_conditions(["gain-24-db"]))
    evaluate_network(run, clips)
    kept = KeptScores.read(run.folder / "robustness" / "clean.json")
    np.testing.assert_allclose(kept.scores, scores_of(run)[clips.clips.files], atol=1e-5)
    assert [one.name for one in done.found.conditions] == ["gain-24-db"]


def test_pages_listings_and_comparisons_tell_of_it(
    place: Path, run: Run, clips: SplitRecordings
) -> None:
    runs = place / "runs"
    untested = write_report(run, runs).read_text()
    assert f"fab TestModel --run-number=0 --runs={runs}" in untested
    for number in (0, 1):
        evaluate_network(find_run(runs, number), clips)
    run = find_run(runs, 0)
    page = write_report(run, runs).read_text()
    card = (run.folder / "model_card.md").read_text()
    assert "log-mel + linear" in page
    assert "layer ?" not in page + card
    kind = "a linear layer on the mean of the frames, on log-mel spectra, trained as one network"
    assert kind in card
    assert "4800" in page
    assert "Of a recording the first" not in card
    listing = list_all(runs, None, "linear")
    assert listing.table["what"].tolist() == ["log-mel + linear"] * 2
    assert not listing.faults
    compared = compare_runs(runs, [0, 1])
    assert {entry.run.number for entry in compared.entries} == {0, 1}


def test_a_network_that_hears_the_beginning_says_so(
    made: Path, tmp_path: Path, clips: SplitRecordings
) -> None:
    settings = replace(SETTINGS, covers=Covers.FIRST)
    run = make_run(clips.source, tmp_path / "runs", settings=settings)
    evaluate_network(run, clips)
    write_report(run, tmp_path / "runs")
    card = (run.folder / "model_card.md").read_text()
    assert "Of a recording the first 0.3 s are heard, and no more." in card


def test_all_that_a_test_leaves_can_be_removed(
    place: Path, made: Path, run: Run, clips: SplitRecordings
) -> None:
    evaluate_network(run, clips)
    evaluate_network(run, SplitRecordings.read(Dataset.open(made / "other"), TEST))
    (run.folder / "scored" / "mine.json").write_text("{}")
    [removal] = [one for one in find_removable("runs", place / "runs") if one.path == run.folder]
    assert removal.left == (run.folder / "scored" / "mine.json",)
    assert {path.name for path in removal.files} >= {"test.json", "test_other.json"}
