"""A fusion is tested, judges, is compared and told of as every other run, without its members."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.clean import find_removable
from src.fusion.evaluate import evaluate_on_recordings
from src.fusion.fuse import fuse_runs
from src.fusion.loading import load_parts, weights_of
from src.fusion.members import find_members
from src.models.data import TrainingStores
from src.models.train import train_model
from src.predict.calibrating import calibrate_run
from src.predict.choice import choose_detector
from src.predict.detector import Detector
from src.predict.exporting import export_run
from src.predict.journal import settings_of
from src.predict.judge import Judge
from src.predict.table import entry_of, write_verdicts
from src.predict.verdict import Verdict
from src.reports import VerdictLines
from src.results.compare import compare_runs
from src.results.listing import list_all
from src.results.model_card import write_model_card
from src.results.report import write_report
from src.robustness.robustness import measure_robustness
from src.scoring import recordings
from src.scoring.kept import KeptScores
from src.stages import models as stages
from src.utils.audio.augmentations.conditions import choose_conditions
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.runs import Run, find_run
from tests.exported.runs import embed_part, make_classifier_run
from tests.networks.runs import make_run, write_hissing
from tests.reports.telling import told

TEST = "downstream_test"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable) -> Path:
    """A data set in `data`, another in `other`; runs 0 and 1 of vectors, run 2 of a network."""
    here = tmp_path_factory.mktemp("fusion")
    dataset = write_hissing(here / "data", voice, write_audio, n_people=11)
    write_hissing(here / "other", voice, write_audio, prefix="t", n_people=5)
    sets = tuple(embed_part(dataset, f"downstream_{part}") for part in ("train", "val"))
    for name in ("lr", "svm"):
        make_classifier_run(dataset, here / "runs", name, sets)
    make_run(dataset, here / "runs")
    write_audio(here / "evidence.wav", voice(2.5, seed=99))
    return here


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, which takes most of the time."""
    for place in ("models.evaluate", "robustness.robustness"):
        monkeypatch.setattr(f"src.{place}.draw_figures", lambda *_: [])


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A copy whose runs may be changed; the data sets stay where they are."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def fused(runs: Path) -> Run:
    """Run 3: of the network and of a classifier of vectors."""
    return fuse_runs(runs, find_members(runs, [0, 2])).run


@pytest.fixture
def clips(made: Path) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(made / "data"), TEST)


def llr_of(run: Run, waveform: np.ndarray) -> float:
    """Return the ratio of a recording by a run alone."""
    detector = Detector.load(run)
    done = detector.embed([detector.backbone.prepare(waveform)])
    [llr] = detector.calibration.llrs(detector.classifier.score(done.vectors))
    return float(llr)


def judged(run: Run, made: Path) -> Verdict:
    judge = Judge(Detector.load(run), any_sound=True)
    [verdict] = judge.judge([("a.wav", made / "evidence.wav")])
    assert not verdict.is_refused
    return verdict


def test_a_verdict_is_that_of_the_weighted_members(runs: Path, fused: Run, made: Path) -> None:
    waveform = read_waveform(made / "evidence.wav", 16_000)
    alone = np.array([llr_of(find_run(runs, number), waveform) for number in (0, 2)])
    verdict = judged(fused, made)
    assert list(verdict.members) == ["run0", "run2"]
    assert list(verdict.members.values()) == pytest.approx(alone, abs=1e-4)
    weights = weights_of(fused)
    assert verdict.score == pytest.approx(alone @ weights.values + weights.offset, abs=1e-4)


def test_nothing_is_missed_of_members_that_are_gone(
    runs: Path, fused: Run, clips: SplitRecordings, made: Path
) -> None:
    before = judged(fused, made)
    for number in (0, 1, 2):
        shutil.rmtree(find_run(runs, number).folder)
    assert judged(fused, made) == before
    evaluate_on_recordings(fused, clips)
    write_report(fused, runs)


def test_other_weights_in_the_manifest_give_other_verdicts(fused: Run, made: Path) -> None:
    before, about = judged(fused, made), fused.settings["fusion"]
    first, second = about["members"]
    first["weight"], second["weight"] = 2.0, 0.25
    fused.update(settings=fused.settings | {"fusion": about})
    after = judged(fused, made)
    assert after.members == before.members
    llrs = [*after.members.values()]
    assert after.score == pytest.approx(2 * llrs[0] + llrs[1] / 4 + about["offset"])


def test_a_member_file_that_is_gone_is_one_line(fused: Run) -> None:
    (fused.folder / "members" / "run2" / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"members/run2/model\.safetensors"):
        Detector.load(fused)
    (fused.folder / "members" / "run0" / "manifest.json").unlink()
    with pytest.raises(RunError, match=r"members/run0/manifest\.json is not there; fuse"):
        Detector.load(fused)


def test_equal_backbones_hear_once(runs: Path) -> None:
    run = fuse_runs(runs, find_members(runs, [0, 1])).run
    backbone, _ = load_parts(run)
    assert len(backbone.describe()["members"]) == 1
    one = load_parts(find_run(runs, 0))[0].describe()
    assert backbone.describe()["dim"] == one["dim"] * one["stats_count"]


def test_what_a_weighted_member_never_heard_is_unfamiliar(
    runs: Path, fused: Run, clips: SplitRecordings
) -> None:
    detector = Detector.load(fused)
    waveform = read_waveform(clips.path(0), 16_000)
    x = detector.embed([detector.backbone.prepare(waveform)]).vectors
    assert detector.reference is not None
    ratios = []
    for number in (0, 2):
        alone = Detector.load(find_run(runs, number))
        assert alone.reference is not None
        own = alone.embed([alone.backbone.prepare(waveform)]).vectors
        ratios.append(alone.reference.distances(own)[0] / alone.reference.limit)
    assert detector.reference.limit == 1
    assert detector.reference.distances(x)[0] == pytest.approx(max(ratios), rel=1e-4)


def test_a_test_shows_every_member_beside_the_fused_score(
    runs: Path, fused: Run, made: Path, clips: SplitRecordings
) -> None:
    done = stages.test(made / "none", runs, run_number=fused.number)
    table = pd.read_csv(done.scores)
    weights = weights_of(fused)
    llrs = table[["llr_run0", "llr_run2"]].to_numpy()
    assert table["score"].to_numpy() == pytest.approx(llrs @ weights.values + weights.offset)
    network = stages.test(made / "none", runs, run_number=2)
    own = pd.read_csv(network.scores).set_index("file")["llr"]
    found = table.set_index("file")["llr_run2"]
    assert found.to_numpy() == pytest.approx(own[found.index].to_numpy(), abs=1e-4)
    gain = json.loads(done.path.read_text())["fusion"]
    assert gain["best"] == fused.settings["fusion"]["best"]
    assert gain["eer"]["fused"] == pytest.approx(done.results.detection.eer)
    assert "alone" in told("evaluation", done)
    assert len(table) == len(clips)


def test_a_killed_test_goes_on_with_the_members_scores(
    fused: Run, clips: SplitRecordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr("src.networks.backbone.NetworkBackbone.batch_seconds", 2.0)
    calls, embed = [], recordings.embed_vectors

    def stop(*given):
        calls.append(len(given[1]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return embed(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recordings, "embed_vectors", stop)
        evaluate_on_recordings(fused, clips)
    kept = KeptScores.read(fused.folder / "scored" / "test.json")
    assert 0 < kept.is_scored.sum() < len(clips)
    assert kept.members.shape == (len(clips), 2)
    evaluate_on_recordings(fused, clips)
    names = ("test_results.json", "scores_test.csv", "scored/test.json")
    after = {name: (fused.folder / name).read_bytes() for name in names}
    shutil.rmtree(fused.folder / "scored")
    evaluate_on_recordings(fused, clips)
    assert {name: (fused.folder / name).read_bytes() for name in names} == after


def test_genders_and_other_data_sets_stand_beside_each_other(
    runs: Path, fused: Run, made: Path
) -> None:
    done = stages.test(made / "none", runs, run_number=fused.number, gender="F")
    assert done.path.name == "test_results_F.json"
    sets = stages.test_on_sets(
        [made / "none"],
        runs,
        datasets=[made / "data", made / "other"],
        run_number=fused.number,
    )
    assert [row.title for row in sets.results.sets] == ["data (own)", "other"]
    assert "llr_run2" in pd.read_csv(fused.folder / "scores_test_other.csv")
    with pytest.raises(ArgumentError, match="is a fusion, a member of which is given recordings"):
        stages.test_on_sets([made, made], runs, run_number=fused.number)


def test_it_is_compared_listed_chosen_told_of_and_made_robust(
    runs: Path, fused: Run, clips: SplitRecordings, made: Path
) -> None:
    for number in (2, fused.number):
        stages.test(made / "none", runs, run_number=number)
    compared = compare_runs(runs, [2, fused.number])
    assert {entry.run.number for entry in compared.entries} == {2, 3}
    [row] = [one for one in list_all(runs).records if one["number"] == 3]
    assert (row["classifier"], row["backbone"]) == ("fusion", "fusion")
    assert choose_detector(runs, run_number=3).headline.startswith("run 3 (fusion of acoustic")
    found = measure_robustness(fused, clips, choose_conditions(["gain"])).found
    assert found.clean.n_bona_fide > 0
    write_report(fused, runs)
    card = write_model_card(fused, runs)
    assert card is not None
    for words in ("| run 0 | acoustic", "| run 2 |", "a logistic fusion", "on the test"):
        assert words in card.read_text()
    [removal] = [one for one in find_removable("runs", runs) if one.path == fused.folder]
    assert not removal.left
    stranger = fused.folder / "members" / "run0" / "notes.txt"
    stranger.write_text("mine")
    [removal] = [one for one in find_removable("runs", runs) if one.path == fused.folder]
    assert removal.left == (stranger,)


def test_what_a_fusion_cannot_be_is_told_with_its_members(
    fused: Run, clips: SplitRecordings, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=r"run 3 is a fusion of run 0 and run 2.*export"):
        export_run(fused, clips, tmp_path / "out")
    with pytest.raises(ArgumentError, match=r"run 3 is a fusion of run 0 and run 2.*calibrate"):
        calibrate_run(fused, clips)
    with pytest.raises(ArgumentError, match="members of run 3 have none"):
        Detector.load(fused, "somewhere")


def test_verdicts_are_written_and_printed_with_every_member(
    fused: Run, made: Path, tmp_path: Path
) -> None:
    verdict = judged(fused, made)
    assert entry_of(verdict)["members"] == verdict.members
    write_verdicts(tmp_path / "v.csv", [verdict])
    table = pd.read_csv(tmp_path / "v.csv")
    assert [*table.columns][-3:] == ["llr", "llr_run0", "llr_run2"]
    assert table.loc[0, "llr_run2"] == pytest.approx(verdict.members["run2"])
    lines = VerdictLines(["a.wav"], members=["run0", "run2"])
    assert "LLR   run 0   run 2" in lines.header
    assert f"{verdict.members['run2']:+.2f}" in lines.line(verdict)
    assert lines.header.index("file") == lines.line(verdict).index("a.wav")
    about = settings_of(Detector.load(fused), made, 0.5)
    assert {"members/run0/model.skops", "members/run2/model.safetensors"} <= set(about["models"])


def test_kept_scores_of_other_members_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    kept = KeptScores.open(path, "a", 2, 2)
    kept.scores[0], kept.members[0] = 1.5, [0.5, 1.0]
    kept.write()
    again = KeptScores.open(path, "a", 2, 2)
    assert again.members[0].tolist() == [0.5, 1.0]
    assert np.isnan(again.members[1]).all()
    assert not KeptScores.open(path, "a", 2, 3).is_scored.any()
    assert not KeptScores.open(path, "a", 2).is_scored.any()
    path.write_text(path.read_text().replace("[0.5, 1.0]", "[0.5]"))
    with pytest.raises(AudiosError, match="is damaged"):
        KeptScores.read(path)


@pytest.fixture
def of_vectors(tmp_path: Path, make_set: Callable, make_store: Callable) -> Path:
    """Stores of two backbones, each of which tells other clips apart, and a run on each."""
    embeddings = tmp_path / "e"
    for number, name in enumerate(("wav2vec2", "hubert")):
        for place, split in enumerate(("downstream_train", "downstream_val", TEST)):
            one: EmbeddingSet = make_set(
                40, 40, gap=1.5, seed=10 * number + place, prefix=split, dim=4
            )
            object.__setattr__(one, "backbone", name)
            make_store(embeddings, split, one)
        stores = TrainingStores.open(embeddings, name)
        train_model(stores, tmp_path / "runs", "lr", 0)
    return tmp_path


def test_classifiers_alone_are_tested_on_the_vectors_of_each(of_vectors: Path) -> None:
    runs, embeddings = of_vectors / "runs", of_vectors / "e"
    run = fuse_runs(runs, find_members(runs, [0, 1])).run
    done = stages.test(embeddings, runs, run_number=run.number)
    table = pd.read_csv(done.scores).set_index("file")
    for number in (0, 1):
        own = pd.read_csv(stages.test(embeddings, runs, run_number=number).scores)
        llrs = own.set_index("file")["llr"]
        assert table[f"llr_run{number}"].to_numpy() == pytest.approx(llrs[table.index].to_numpy())
    eers = [stages.test(embeddings, runs, run_number=n).results.detection.eer for n in (0, 1)]
    assert done.results.detection.eer < min(eers)
    women = stages.test(embeddings, runs, run_number=run.number, gender="F")
    assert len(pd.read_csv(women.scores)) == 40
    sets = stages.test_on_sets([embeddings], runs, run_number=run.number)
    assert len(sets.results.sets) == 1


def test_without_vectors_of_one_backbone_recordings_are_asked_for(of_vectors: Path) -> None:
    runs, embeddings = of_vectors / "runs", of_vectors / "e"
    run = fuse_runs(runs, find_members(runs, [0, 1])).run
    shutil.rmtree(embeddings / "hubert")
    with pytest.raises(AudiosError, match="data set of run 2 is no longer at"):
        stages.test(embeddings, runs, run_number=run.number)
