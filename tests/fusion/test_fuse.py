"""Fusing runs: who may be a member, what the fusion's folder holds, and what it says of itself."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.fusion.fitting import cross_fit
from src.fusion.fuse import fuse_runs
from src.fusion.loading import weights_of
from src.fusion.members import find_members, members_of
from src.fusion.validation import read_validation
from src.models.calibrate import calibration_of
from src.models.lookup import BEST, detector_name
from src.results.report import write_report
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.files import write_json
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.cllr import cllr
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Kind, Run, find_run, new_run
from tests.fusion.scored import make_scored
from tests.models.small import BEST_TRIAL


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Run 0 is good, run 1 good on its own account, run 2 bad and loud."""
    folder = tmp_path / "runs"
    make_scored(folder, 2.0, seed=0)
    make_scored(folder, 1.8, seed=1, backbone="lfcc", classifier="lcnn")
    make_scored(folder, 0.3, seed=2, backbone="hubert", scale=50.0)
    return folder


def fuse(runs: Path, *numbers: int) -> Run:
    return fuse_runs(runs, find_members(runs, numbers)).run


def test_a_fusion_is_a_run_that_holds_all_it_needs(runs: Path) -> None:
    run = fuse(runs, 0, 1)
    assert (run.kind, run.status, run.number) == (Kind.TRAINING, "complete", 3)
    names = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}
    assert names >= {
        *("manifest.json", "hyperparameters.json", "trained_on.csv", "scores_val.csv"),
        *("calibration.json", "members/run0/model.skops", "members/run1/manifest.json"),
    }
    assert detector_name(run) == "fusion of acoustic + lr and lfcc + lcnn"
    told = run.settings["fusion"]["members"]
    assert [one["number"] for one in told] == [0, 1]
    assert [one["name"] for one in told] == ["acoustic + lr", "lfcc + lcnn"]
    assert len(pd.read_csv(run.folder / "trained_on.csv")) == 96
    shutil.rmtree(find_run(runs, 0).folder)
    assert [member.settings["classifier"] for member in members_of(run)] == ["lr", "lcnn"]


def test_the_scores_are_the_weighted_ratios_of_the_members(runs: Path) -> None:
    run = fuse(runs, 0, 1)
    table = pd.read_csv(run.folder / "scores_val.csv")
    weights = weights_of(run)
    for number in (0, 1):
        member = find_run(runs, number)
        own = pd.read_csv(member.folder / "scores_val.csv")
        expected = calibration_of(member).llrs(own["score"].to_numpy())
        assert table[f"llr_run{number}"].to_numpy() == pytest.approx(expected)
    llrs = table[["llr_run0", "llr_run1"]].to_numpy()
    assert table["score"].to_numpy() == pytest.approx(llrs @ weights.values + weights.offset)
    assert table["llr"].to_numpy() == pytest.approx(calibration_of(run).llrs(table["score"]))
    other = fuse(runs, 1, 0)
    assert weights_of(other).values[::-1] == pytest.approx(weights.values, abs=1e-3)


def test_two_that_err_apart_are_better_than_one_and_that_is_told(tmp_path: Path) -> None:
    for seed in (0, 1):
        make_scored(tmp_path, 1.6, seed=seed, n=600, n_speakers=60, backbone=f"b{seed}")
    done = fuse_runs(tmp_path, find_members(tmp_path, [0, 1]))
    assert done.gain is not None
    assert done.gain.is_better
    assert done.gain.eer.high < 0 and done.gain.eer.difference < -0.02
    assert done.validation_eer == pytest.approx(done.gain.eer.fused)
    write_report(done.run, tmp_path)
    page = (done.run.folder / "report.html").read_text()
    assert "The fusion is better than run" in page
    assert "one backbone" not in page


def test_a_fusion_that_does_not_pay_says_so(tmp_path: Path) -> None:
    make_scored(tmp_path, 2.0, seed=0)
    make_scored(tmp_path, 0.2, seed=1)
    done = fuse_runs(tmp_path, find_members(tmp_path, [0, 1]))
    assert done.gain is not None
    assert done.gain.best == "run0"
    assert not done.gain.is_better
    write_report(done.run, tmp_path)
    page = (done.run.folder / "report.html").read_text()
    assert "The fusion is not better than run 0 alone by more than chance" in page
    assert "All members hear through one backbone (acoustic)" in page
    assert "run 1" in page


def test_a_bad_member_that_shouts_spoils_nothing(runs: Path) -> None:
    done = fuse_runs(runs, find_members(runs, [0, 2]))
    assert done.gain is not None
    assert done.gain.best == "run0"
    assert abs(done.gain.eer.difference) < 0.05


def test_trials_of_studies_are_members_by_the_study_and_by_their_numbers(runs: Path) -> None:
    asked = {"backbone": {"name": "acoustic"}, "classifier": "rf"}
    with new_run(runs, Kind.STUDY, asked, study_of="rf") as study:
        for seed in (4, 5):
            make_scored(study.folder, 1.5, seed=seed, classifier="rf")
        write_json(study.folder / BEST, BEST_TRIAL)
    members = find_members(runs, [0], [0])
    assert [member.label for member in members] == ["run0", "rf_study0_run1"]
    run = fuse_runs(runs, members).run
    assert (run.folder / "members" / "rf_study0_run1" / "model.skops").is_file()
    assert find_members(runs, [0, 1], study_number=0)[0].title == "run 0 of rf study 0"
    with pytest.raises(ArgumentError, match="run 1 of rf study 0 is named twice"):
        find_members(runs, [0, 1], [0], study_number=0)


def test_what_cannot_be_fused_is_told_in_one_line(runs: Path) -> None:
    fused = fuse(runs, 0, 1)
    with pytest.raises(RunError, match="run 3 is a fusion itself, of run 0 and run 1"):
        find_members(runs, [fused.number, 2])
    with pytest.raises(ArgumentError, match="run 0 is named twice"):
        find_members(runs, [0, 0])
    with pytest.raises(ArgumentError, match="two members or more"):
        find_members(runs, [0])
    with pytest.raises(RunError, match="no run 9"):
        find_members(runs, [0, 9])
    find_run(runs, 2).update(status="failed")
    with pytest.raises(RunError, match=r"run 2 .* is failed"):
        find_members(runs, [0, 2])
    (find_run(runs, 1).folder / "scores_val.csv").unlink()
    with pytest.raises(RunError, match=r"run 1 has no validation scores .*CalibrateRun"):
        find_members(runs, [0, 1])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"prefix": "w"}, "96 are of run 0 alone and 96 of run 1 alone"),
        ({"n": 90}, "6 are of run 0 alone and 0 of run 1 alone"),
        ({"backbone": {"name": "auto", "sample_rate": 8000}}, "16,000 Hz and run 1 8,000 Hz"),
        ({"units": "clip"}, "a split by speaker and run 1 clip"),
        ({"dataset": "/nowhere/other"}, "data and run 1 other"),
    ],
)
def test_members_that_do_not_go_together_are_told_apart(
    tmp_path: Path, other: dict, words: str
) -> None:
    make_scored(tmp_path)
    backbone = other.pop("backbone", None)
    run = make_scored(tmp_path, **other)
    if backbone:
        run.update(settings=run.settings | {"backbone": backbone})
    with pytest.raises(RunError, match=words):
        fuse(tmp_path, 0, 1)


def test_other_labels_of_the_same_clips_are_counted(runs: Path) -> None:
    path = find_run(runs, 1).folder / "scores_val.csv"
    table = pd.read_csv(path, keep_default_na=False)
    table.loc[:4, "label"] = "spoof"
    table.to_csv(path, index=False)
    with pytest.raises(RunError, match="2 validation clips of run 0 have another label in run 1"):
        fuse(runs, 0, 1)


def test_members_of_other_orders_of_clips_are_put_in_order(runs: Path) -> None:
    before = pd.read_csv(fuse(runs, 0, 1).folder / "scores_val.csv")
    path = find_run(runs, 1).folder / "scores_val.csv"
    pd.read_csv(path, keep_default_na=False).iloc[::-1].to_csv(path, index=False)
    after = pd.read_csv(fuse(runs, 0, 1).folder / "scores_val.csv")
    assert after["llr_run1"].tolist() == pytest.approx(before["llr_run1"].tolist())


def test_it_promises_no_more_than_it_holds_on_other_speakers(runs: Path) -> None:
    done = fuse_runs(runs, find_members(runs, [0, 1]))
    validation = read_validation(find_members(runs, [0, 1]))
    crossed = cross_fit(validation.llrs.to_numpy(), validation.clips, 7)
    assert crossed is not None
    labels = validation.trials.labels
    assert done.validation_eer == compute_eer(crossed, labels)[0]
    calibration = calibration_of(done.run)
    assert calibration == fit_calibration(crossed, labels)
    assert done.gain is not None
    assert done.gain.cllr.fused == pytest.approx(cllr(calibration.llrs(crossed), labels))
    found = done.run.manifest["results"]
    assert found["validation_eer"] == done.validation_eer
    assert 0 <= found["fitted_eer"] <= 0.5
    assert found["fusion"]["best"] in ("run0", "run1")
    assert 0 < calibration_of(done.run).slope < 1.5


def test_of_too_few_speakers_it_is_fused_and_said_that_nothing_tells(tmp_path: Path) -> None:
    for seed in (0, 1):
        make_scored(tmp_path, seed=seed, n_speakers=1)
    done = fuse_runs(tmp_path, find_members(tmp_path, [0, 1]))
    assert done.gain is None
    write_report(done.run, tmp_path)
    assert "too few speakers to tell" in (done.run.folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("entry", "value"),
    [("members", []), ("offset", "much"), ("members", [{"label": "../../run0"}] * 2)],
)
def test_a_damaged_manifest_is_one_line(runs: Path, entry: str, value: object) -> None:
    run = fuse(runs, 0, 1)
    manifest = json.loads((run.folder / "manifest.json").read_text())
    manifest["settings"]["fusion"][entry] = value
    write_json(run.folder / "manifest.json", manifest)
    with pytest.raises(AudiosError, match=r"manifest\.json is damaged: settings\.fusion"):
        find_run(runs, run.number)
    with pytest.raises(AudiosError, match="is damaged"):
        members_of(replace(run, manifest=manifest))


def test_a_best_member_that_is_none_is_one_line(runs: Path) -> None:
    run = fuse(runs, 0, 1)
    run.update(settings=run.settings | {"fusion": run.settings["fusion"] | {"best": "run9"}})
    with pytest.raises(RunError, match="members are not told apart"):
        members_of(find_run(runs, run.number))


def test_the_same_members_give_the_same_fusion(runs: Path) -> None:
    one, other = fuse(runs, 0, 1), fuse(runs, 0, 1)
    assert one.settings == other.settings
    assert one.inputs == other.inputs
    for name in ("scores_val.csv", "calibration.json", "trained_on.csv"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()
    assert np.isfinite(weights_of(one).values).all()
