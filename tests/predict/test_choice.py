"""Which detector judges, and what is told of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.predict.choice import choose_detector
from src.predict.shipped import list_shipped, open_shipped
from src.utils.config import DEMO_MARKER
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.runs import MANIFEST, Kind, Run, new_run

ACOUSTIC = {"name": "acoustic", "sample_rate": 16_000}

ABOUT = {
    "name": "small",
    "version": "1.2",
    "made": "2026-02-03",
    "held_out": {
        **{"eer": 0.2, "ci95": [0.1, 0.3], "n_bona_fide": 60, "n_spoof": 40, "over": "9 sources"},
        **{"n_speakers": 30, "n_sources": 9, "n_attacks": 8},
    },
    "conditions": [],
    "verdicts": {
        **{"cllr": 0.6, "confidence": 0.9, "bona_fide_called_spoof": 0.02},
        **{"bona_fide_inconclusive": 0.5, "spoof_called_bona_fide": 0.1, "spoof_inconclusive": 0.4},
    },
    "long_recordings": {
        **{"hours": 1.5, "longest_minutes": 10, "n_recordings": 9},
        **{"n_partly_spoof": 0, "n_spoof": 1, "found": []},
    },
    "newest_attack": {"name": "kokoro-v1.0", "year": 2024},
    "languages": ["de", "en"],
    "corpora": [{"name": "mine", "n_clips": 100}],
    "licences": ["CC0"],
}


@pytest.fixture
def detectors(tmp_path: Path) -> Path:
    """A folder with one shipped detector, called small."""
    folder = tmp_path / "detectors" / "small"
    folder.mkdir(parents=True)
    settings = {"backbone": ACOUSTIC, "classifier": "lr", "seed": 7, "hyperparameters": {}}
    manifest = {"kind": "train", "status": "complete", "settings": settings}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / "detector.json").write_text(json.dumps(ABOUT))
    return folder.parent


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def train(runs: Path, tmp_path: Path) -> Callable[..., Run]:
    """Make a run as a training leaves it, tested with an EER or not."""

    def make(
        eer: float | None = None,
        high: float | None = None,
        classifier: str = "svm",
        root: Path | None = None,
        parent: Path = runs,
    ) -> Run:
        settings = {"backbone": ACOUSTIC, "classifier": classifier}
        with new_run(parent, Kind.TRAINING, settings) as run:
            run.update(root=str(root or tmp_path / "corpus"))
            table = pd.DataFrame({"split": "train", "file": ["a", "b"], "speaker": "x"})
            table["attack"], table["language"] = ["", "vits-lj"], "pt"
            table.to_csv(run.folder / "trained_on.csv", index=False)
            if eer is not None:
                found = {"eer": eer, "threshold": 0.0, "n_bona_fide": 30, "n_spoof": 20}
                if high is not None:
                    found["ci95"] = {"eer": [0.0, high]}
                (run.folder / "test_results.json").write_text(json.dumps(found))
        return run

    return make


def test_a_fresh_machine_has_the_shipped_one(runs: Path, detectors: Path) -> None:
    chosen = choose_detector(runs, detectors=detectors)
    assert chosen.run.folder == detectors / "small"
    assert chosen.headline == (
        "detector small 1.2 (acoustic + lr): EER 20.00% (95 % interval 10.0% to 30.0%) on 100 "
        "clips of 9 sources held out; newest attack kokoro-v1.0 (2024); languages de, en; made "
        "2026-02-03"
    )
    assert chosen.warnings == ()
    assert chosen.shipped is not None and chosen.shipped.about["languages"] == ["de", "en"]


def test_the_best_tested_is_taken(runs: Path, detectors: Path, train: Callable) -> None:
    for eer in (0.3, 0.1, 0.2, 0.1, None):
        train(eer, None if eer is None else eer + 0.05)
    chosen = choose_detector(runs, detectors=detectors)
    assert chosen.run.number == 3, "the newest of equal ones"
    assert chosen.headline.startswith(
        "run 3 (acoustic + svm): EER 10.00% (95 % interval 0.0% to 15.0%) on 50 clips of the test "
        "of corpus; newest attack vits-lj (2021); language pt; trained 20"
    )
    assert (chosen.warnings, chosen.shipped) == ((), None)
    train(0.4, 0.45, classifier="rf")
    assert choose_detector(runs, classifier="rf", detectors=detectors).run.number == 5
    assert choose_detector(runs, detectors=detectors).run.number == 3
    assert choose_detector(runs, run_number=2, detectors=detectors).run.number == 2


def test_a_tested_trial_of_a_study_counts(runs: Path, detectors: Path, train: Callable) -> None:
    train(0.2, 0.3)
    with new_run(runs, Kind.STUDY, {"classifier": "svm"}, study_of="svm") as study:
        train(0.1, 0.2, parent=study.folder)
    assert choose_detector(runs, detectors=detectors).headline.startswith("run 0 of svm study 0")


def test_chance_is_told(runs: Path, detectors: Path, train: Callable) -> None:
    train(0.6, 0.7)
    train(None)
    chosen = choose_detector(runs, detectors=detectors)
    assert chosen.shipped is not None, "worse than chance is never taken by itself"
    [warning] = chosen.warnings
    assert "none of them judges" in warning and "--run-number=1" in warning
    told = choose_detector(runs, run_number=0, detectors=detectors).warnings
    assert told == ("no better than chance: its verdicts are worth nothing",)
    [told] = choose_detector(runs, run_number=1, detectors=detectors).warnings
    assert told.startswith("not tested") and "fab TestModel --run-number=1" in told
    train(0.45, 0.55)
    [told] = choose_detector(runs, detectors=detectors).warnings
    assert told == "perhaps no better than chance: the interval of its EER reaches 50 %"


def test_names_that_nothing_fits(runs: Path, detectors: Path, train: Callable) -> None:
    train(0.1)
    for flags in ({"classifier": "rf"}, {"backbone": "hubert"}):
        with pytest.raises(RunError, match="run first: fab TrainModel --backbone"):
            choose_detector(runs, detectors=detectors, **flags)
    with pytest.raises(ArgumentError, match=r"--detector=smal is not one of small; did you mean"):
        choose_detector(runs, "smal", detectors=detectors)
    with pytest.raises(ArgumentError, match="leave out the flags that describe a run"):
        choose_detector(runs, "small", run_number=0, detectors=detectors)
    with pytest.raises(ArgumentError, match="there is no detector in"):
        choose_detector(runs, "small", detectors=detectors / "none")
    assert choose_detector(runs, "small", detectors=detectors).shipped is not None
    shutil.rmtree(runs)
    with pytest.raises(RunError, match="no trained run in"):
        choose_detector(runs, detectors=detectors / "none")


def test_a_demonstration_judges_itself_alone(
    runs: Path, detectors: Path, train: Callable, tmp_path: Path
) -> None:
    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / DEMO_MARKER).touch()
    train(0.1, 0.2, root=demo / "corpus")
    for path in (tmp_path / "mine.wav", None):
        assert choose_detector(runs, audio=path, detectors=detectors).shipped is not None
    with pytest.raises(RunError, match="run 0 was trained on the stand-in voices"):
        choose_detector(runs, run_number=0, audio=tmp_path / "mine.wav", detectors=detectors)
    its = demo / "corpus" / "a.wav"
    assert choose_detector(runs, audio=its, detectors=detectors).run.number == 0
    # Also when the demonstration's folder is gone: its manifest says so.
    run = train(0.05, 0.1, root=tmp_path / "gone")
    assert choose_detector(runs, detectors=detectors).run.number == 1
    run.update(demonstration=True)
    assert choose_detector(runs, detectors=detectors).shipped is not None


def test_a_damaged_detector_is_one_line(detectors: Path, runs: Path) -> None:
    shutil.copytree(detectors / "small", detectors / "other")
    damages = {
        "is no JSON": "{",
        "made is '3 May'": json.dumps(ABOUT | {"made": "3 May"}),
        "held_out is missing": json.dumps({k: v for k, v in ABOUT.items() if k != "held_out"}),
    }
    for content in damages.values():
        (detectors / "other" / "detector.json").write_text(content)
        found, [fault] = list_shipped(detectors)
        assert [one.name for one in found] == ["small"]
        assert "detector.json" in fault and "\n" not in fault
        assert fault.endswith("build the detector again: make detector")
        with pytest.raises(AudiosError, match=r"detector\.json"):
            open_shipped("other", detectors)
    assert choose_detector(runs, detectors=detectors).run.folder.name == "small"
    shutil.rmtree(detectors / "small")
    (detectors / "other" / "detector.json").unlink()
    with pytest.raises(AudiosError, match=r"detector\.json"):
        choose_detector(runs, detectors=detectors)
