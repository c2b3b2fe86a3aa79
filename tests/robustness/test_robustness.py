"""A run under conditions: what is scored, what is kept, and what comes out."""

import os
from pathlib import Path

import numpy as np
import pytest

from src.robustness import robustness
from src.robustness.kept import read_clips
from src.robustness.results import Robustness, read_all, read_own
from src.robustness.robustness import measure_robustness
from src.scoring import recordings
from src.scoring.clips import find_clips
from src.scoring.kept import KeptScores
from src.utils.audio.augmentations.conditions import choose_conditions
from src.utils.audio.augmentations.level import Gain
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import ArgumentError, AudioError, DatasetError, EmbeddingError, RunError
from src.utils.runs import Run
from tests.robustness.conftest import N_SPEAKERS, LoudnessBackbone

GAIN = choose_conditions(["gain"])
N_CLIPS = 4 * N_SPEAKERS


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures, which takes most of the time, but for the test that looks at them."""
    if "figures" not in request.fixturenames:
        monkeypatch.setattr(robustness, "draw_figures", lambda *_: [])


@pytest.fixture
def figures() -> None:
    """Asked for by a test whose figures are drawn."""


def kept_of(run: Run) -> dict[str, bytes]:
    """The bytes of everything that a test of robustness leaves but its figures."""
    paths = [*run.folder.glob("robustness*.json"), *run.folder.glob("robustness/*")]
    return {str(path.relative_to(run.folder)): path.read_bytes() for path in paths}


def test_a_gain_moves_scores_and_not_the_eer(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone, figures: None
) -> None:
    done = measure_robustness(run, clips, GAIN)
    found = done.found
    assert found.clean.eer == 0
    assert found.clean.metrics["hter"].value == 0
    assert [one.name for one in found.conditions] == ["gain-6-db", "gain-12-db", "gain-24-db"]
    last = found.conditions[-1]
    assert last.eer == 0
    # At the threshold that was fixed, all is taken for spoof.
    assert last.metrics["hter"].value == 0.5
    assert last.metrics["frr"].value == 1
    assert last.changes["hter"].value == 0.5
    clean = KeptScores.read(run.folder / "robustness" / "clean.json").scores
    table = read_clips(run.folder / "robustness")
    assert table["file"].tolist() == clips.clips.files.tolist()
    factor = 10 ** (-24 / 20) - 1
    for label, shift in zip((1, 0), last.shifts.values(), strict=True):
        assert shift.value == pytest.approx(factor * clean[table["y"] == label].mean(), rel=1e-3)
        assert shift.low <= shift.value <= shift.high < 0
    assert (last.n_bona_fide, last.n_spoof, last.n_failed) == (N_CLIPS // 2, N_CLIPS // 2, 0)
    assert found.ci95_over == f"{N_SPEAKERS} speakers"
    assert done.n_scored == 4 * N_CLIPS == backbone.n_embedded
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in done.figures)
    assert len(done.figures) == 2
    assert read_own(run.folder) == found
    assert Robustness.read(done.path).groups == {"gain": found.conditions}


def test_a_killed_test_goes_on_and_ends_with_the_same_bytes(
    place: Path,
    run: Run,
    clips: SplitRecordings,
    backbone: LoudnessBackbone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recordings, "KEEP_SECONDS", 0.0)
    backbone.n_left = 11
    with pytest.raises(KeyboardInterrupt):
        measure_robustness(run, clips, GAIN)
    backbone.n_left = None
    assert not (run.folder / "robustness.json").exists()
    done = measure_robustness(run, clips, GAIN)
    assert backbone.n_embedded == 4 * N_CLIPS
    assert done.n_kept == 22
    assert done.n_scored == 4 * N_CLIPS - 22
    after = kept_of(run)
    for path in run.folder.glob("robustness/*.json"):
        path.unlink()
    (run.folder / "robustness.json").unlink()
    measure_robustness(run, clips, GAIN)
    assert kept_of(run) == after
    # And once more, when all is there.
    assert measure_robustness(run, clips, GAIN).n_scored == 0
    assert kept_of(run) == after


def test_what_was_scored_of_something_else_is_scored_anew(
    run: Run, clips: SplitRecordings, made: Path, backbone: LoudnessBackbone
) -> None:
    measure_robustness(run, clips, GAIN[:1])
    assert measure_robustness(run, clips, GAIN[:1], seed=8).n_kept == 0
    (run.folder / "model.skops").write_bytes(b"another model")
    assert measure_robustness(run, clips, GAIN[:1], seed=8).n_kept == 0
    path = clips.path(0)
    before = path.stat().st_mtime_ns
    os.utime(path, ns=(before, before + 1))
    try:
        newer = SplitRecordings.read(Dataset.open(made / "set"), "downstream_test")
        assert measure_robustness(run, newer, GAIN[:1], seed=8).n_kept == 0
    finally:
        os.utime(path, ns=(before, before))
    kept = run.folder / "robustness" / "gain-6-db.json"
    kept.write_text(kept.read_text()[:-20])
    assert measure_robustness(run, newer, GAIN[:1], seed=8).n_kept == N_CLIPS


def test_conditions_that_have_scores_are_told_of_too(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone
) -> None:
    measure_robustness(run, clips, GAIN[:1])
    found = measure_robustness(run, clips, GAIN[2:]).found
    assert [one.name for one in found.conditions] == ["gain-6-db", "gain-24-db"]


def test_clips_that_cannot_be_changed_leave_both_sides(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Gain.apply
    first = clips.clips.files[0]
    loud = recordings.read_waveform(clips.path(0), 16_000)

    def fail(self: Gain, waveform: np.ndarray, *rest) -> np.ndarray:
        if np.array_equal(waveform, loud):
            raise AudioError("cannot be made louder")
        return apply(self, waveform, *rest)

    monkeypatch.setattr(Gain, "apply", fail)
    found = measure_robustness(run, clips, GAIN[:1]).found
    [one] = found.conditions
    assert (one.n_failed, one.failure) == (1, "cannot be made louder")
    assert one.n_bona_fide + one.n_spoof == N_CLIPS - 1
    assert found.clean.n_bona_fide + found.clean.n_spoof == N_CLIPS
    assert first == clips.clips.files[0]


def test_what_cannot_be_made_is_told(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["noises-5-db", "gain-6-db", "resampling-16-khz"]
    monkeypatch.setattr(robustness, "CONDITIONS", choose_conditions(names))
    found = measure_robustness(run, clips).found
    assert [one.name for one in found.conditions] == ["gain-6-db"]
    assert set(found.left_out) == {"noises-5-db", "resampling-16-khz"}
    assert found.left_out["resampling-16-khz"] == "recordings are heard at 16,000 Hz anyway"
    with pytest.raises(ArgumentError, match="noises"):
        measure_robustness(run, clips, choose_conditions(["noises-5-db"]))


def test_voices_of_the_training_are_refused(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone
) -> None:
    path = run.folder / "trained_on.csv"
    path.write_text(path.read_text().replace(",p0,", ",p3,"))
    with pytest.raises(EmbeddingError, match=r"shares 1 speakers .*\(p3\)"):
        measure_robustness(run, clips, GAIN)
    assert not (run.folder / "robustness").exists()


def test_another_data_set_has_files_of_its_own(
    run: Run, made: Path, clips: SplitRecordings, backbone: LoudnessBackbone, tmp_path: Path
) -> None:
    measure_robustness(run, clips, GAIN[:1])
    other = tmp_path / "other"
    other.mkdir()
    for name in ("set/files-metadata.csv", "set/people-metadata.csv"):
        (other / Path(name).name).write_bytes((made / name).read_bytes())
    for folder in ("splits", "bona-fide", "spoof"):
        (other / folder).symlink_to(made / "set" / folder)
    done = measure_robustness(
        run, SplitRecordings.read(Dataset.open(other), "downstream_test"), GAIN[:1]
    )
    assert done.elsewhere == str(other.resolve())
    assert done.path.name == "robustness_other.json"
    assert list(read_all(run.folder)) == ["", "_other"]


def test_the_data_set_is_the_run_s_own(run: Run, made: Path, tmp_path: Path) -> None:
    assert find_clips(run, None, tmp_path).root == (made / "set").resolve()
    assert find_clips(run, made / "set", tmp_path).dataset == str(made / "set")
    run.manifest["root"] = str(tmp_path / "gone")
    with pytest.raises(DatasetError, match=r"no longer at .*gone; name its folder: --dataset=DIR"):
        find_clips(run, None, tmp_path)
    del run.manifest["root"]
    with pytest.raises(DatasetError, match="not known"):
        find_clips(run, None, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"eer": {', '"eir": {', "lacks eer"),
        ('"clean": {', '"clear": {', "clean is missing"),
        ('"seed": 7', '"seed": "7"', "seed"),
        ('"n_failed": 0', '"n_failed": -1', "n_failed"),
    ],
)
def test_a_damaged_file_is_told(
    run: Run, clips: SplitRecordings, backbone: LoudnessBackbone, old: str, new: str, fault: str
) -> None:
    path = measure_robustness(run, clips, GAIN[:1]).path
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RunError, match=f"is damaged: .*{fault}.*run TestRobustness again"):
        Robustness.read(path)
