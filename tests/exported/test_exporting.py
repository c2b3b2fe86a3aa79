"""An exported folder judges as its run does, alone; what is damaged or foreign is refused."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from src.clean import find_removable
from src.exported import packages
from src.exported.about import ABOUT, default_folder, is_exported, open_exported
from src.exported.model import ExportedScorer, load_exported
from src.exported.sklearn_models import write_sklearn
from src.models.calibrate import CALIBRATION
from src.models.data import TEST, TRAIN, VALIDATION
from src.models.reference import Reference
from src.models.registry import CLASSIFIERS
from src.predict import exporting
from src.predict.choice import choose_detector
from src.predict.detector import Detector
from src.predict.exporting import TOLERANCE, Export, export_run
from src.predict.predict import Prediction, predict
from src.reports import render_text, report_export
from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.files import PARTIAL, sha256_file
from src.utils.runs import Run, find_run
from tests.exported.runs import embed_part, make_classifier_run
from tests.networks.runs import SETTINGS, make_run, write_hissing


@pytest.fixture(scope="module", autouse=True)
def hardly_timed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_TIMES", 1)
        patch.setattr(exporting, "CLIP_SECONDS", 0.5)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable) -> Path:
    """A data set in `data`, a run of a network and one of each classifier of vectors."""
    here = tmp_path_factory.mktemp("exported")
    dataset = write_hissing(here / "data", voice, write_audio)
    make_run(dataset, here / "runs")
    sets = embed_part(dataset, TRAIN), embed_part(dataset, VALIDATION)
    for name in CLASSIFIERS:
        make_classifier_run(dataset, here / "runs", name, sets)
    return here


@pytest.fixture(scope="module")
def clips(made: Path) -> SplitRecordings:
    return SplitRecordings.read(Dataset.open(made / "data"), TEST)


def run_of(made: Path, classifier: str) -> Run:
    return find_run(
        made / "runs",
        0 if classifier == SETTINGS.back_end else 1 + [*CLASSIFIERS].index(classifier),
    )


@pytest.fixture(scope="module")
def exported(made: Path, clips: SplitRecordings) -> Callable[[str], Export]:
    """Export a run by its classifier or back end, once."""
    done: dict[str, Export] = {}

    def export(classifier: str) -> Export:
        if classifier not in done:
            run = run_of(made, classifier)
            done[classifier] = export_run(run, clips, made / f"of-{classifier}")
        return done[classifier]

    return export


@pytest.fixture
def network(exported: Callable, tmp_path: Path) -> Path:
    """A copy of the exported network, to be changed."""
    return Path(shutil.copytree(exported(SETTINGS.back_end).folder, tmp_path / "network"))


def judged(run: Run, made: Path) -> Prediction:
    # Made-up voices are no speech.
    return predict(run, made / "data" / "spoof", any_sound=True)


@pytest.mark.parametrize("classifier", [SETTINGS.back_end, *CLASSIFIERS])
def test_it_judges_as_the_run_does(made: Path, exported: Callable, classifier: str) -> None:
    done, run = exported(classifier), run_of(made, classifier)
    assert done.largest_difference <= done.tolerance
    folder = Path(shutil.copytree(done.folder, made / f"moved-{classifier}"))
    chosen = choose_detector(made / "nowhere", detector=str(folder))
    assert chosen.headline.startswith(f"exported run {run.number} (")
    ours, theirs = judged(run, made), judged(chosen.run, made)
    assert [one.file for one in ours.verdicts] == [one.file for one in theirs.verdicts]
    assert len(ours.verdicts) > 10
    for one, other in zip(ours.verdicts, theirs.verdicts, strict=True):
        assert other.verdict == one.verdict
        assert other.score == pytest.approx(one.score, abs=done.tolerance)
        assert other.probability == pytest.approx(one.probability, abs=1e-3)
        assert other.warnings == one.warnings
    # Too few recordings to tell their bandwidths by.
    assert theirs.notes == ours.notes


@pytest.mark.parametrize("classifier", [SETTINGS.back_end, *CLASSIFIERS])
def test_scores_of_other_vectors_are_the_same(
    made: Path, exported: Callable, classifier: str
) -> None:
    run = run_of(made, classifier)
    _, scorer = load_exported(open_exported(exported(classifier).folder))
    ours, reference = Detector.load(run).classifier, Reference.read(run.folder)
    assert reference is not None
    noise = np.random.default_rng(3).normal(0, 1, (200, len(reference.mean)))
    x = (reference.mean + noise * reference.scale).astype(np.float32)
    scores = ours.score(x)
    limit = TOLERANCE * max(1, np.abs(scores).max())
    np.testing.assert_allclose(scorer.score(x), scores, atol=limit)
    assert len(np.unique(scores)) >= 8


def test_a_forest_that_is_nearly_certain(make_set: Callable, tmp_path: Path) -> None:
    """One minus a probability in float32 would have no digit left, and so no log-odds."""
    model = CLASSIFIERS.load("rf")({"n_estimators": 150, "max_depth": 12}, 7)
    model.fit(make_set(400, 400, gap=5.0), make_set(gap=5.0, seed=1, prefix="val"))
    write_sklearn(model.pipeline, tmp_path / "scorer.onnx", {}, model.certain)
    x = make_set(300, 300, gap=5.0, seed=2, prefix="test").x
    scores = model.score(x)
    assert (np.abs(scores) > 5).sum() > 50
    found = ExportedScorer(tmp_path / "scorer.onnx", x.shape[1]).score(x)
    np.testing.assert_allclose(found, scores, atol=TOLERANCE)


def test_what_it_says_of_itself(exported: Callable, made: Path) -> None:
    done = exported(SETTINGS.back_end)
    text = render_text(report_export(done))
    assert "scores differ by at most" in text
    assert "real-time factor" in text
    assert f"fab Predict --detector={done.folder}" in text
    about = json.loads((done.folder / ABOUT).read_text())
    assert about["windows"] == {
        "sample_rate": 16_000,
        "samples": SETTINGS.samples,
        "covers": "all",
        "is_any_length": True,
    }
    model = onnx.load(str(done.folder / "network.onnx"))
    kept = {one.key: one.value for one in model.metadata_props}
    calibration = json.loads((done.folder / CALIBRATION).read_text())
    assert float(kept["slope"]) == calibration["slope"]
    assert kept["samples"] == str(SETTINGS.samples)
    for path in done.folder.iterdir():
        content = path.read_bytes()
        assert str(made).encode() not in content, path
        assert str(ROOT).encode() not in content, path
        assert b"s0-0.wav" not in content, path


def test_it_is_written_to_the_same_bytes_again(
    made: Path, clips: SplitRecordings, exported: Callable
) -> None:
    done = exported("rf")
    before = {path.name: path.read_bytes() for path in done.folder.iterdir()}
    export_run(done.run, clips, done.folder)
    assert {path.name: path.read_bytes() for path in done.folder.iterdir()} == before
    assert not [path for path in made.iterdir() if path.name.startswith(".")]


def test_no_torch_is_needed_to_judge_by_it(exported: Callable, made: Path) -> None:
    folder = str(exported(SETTINGS.back_end).folder)
    script = (
        "import sys; from pathlib import Path; from src.predict.choice import choose_detector; "
        "from src.predict.detector import Detector; "
        f"chosen = choose_detector(Path('runs'), {folder!r}); Detector.load(chosen.run); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_torchscript_scores_the_same_and_is_not_taken_back(
    made: Path, clips: SplitRecordings, tmp_path: Path
) -> None:
    done = export_run(run_of(made, SETTINGS.back_end), clips, tmp_path / "script", "torchscript")
    assert done.largest_difference <= done.tolerance
    assert {"network.pt", "scorer.pt"} <= {path.name for path in done.folder.iterdir()}
    assert "Predict takes the format onnx alone" in render_text(report_export(done))
    with pytest.raises(ArgumentError, match="TorchScript, which is a program"):
        choose_detector(made / "runs", detector=str(done.folder))
    assert export_run(run_of(made, "mlp"), clips, tmp_path / "mlp", "torchscript").n_clips > 10
    with pytest.raises(ArgumentError, match="svm is a model of scikit-learn; --format=onnx"):
        export_run(run_of(made, "svm"), clips, tmp_path / "svm", "torchscript")
    assert not (tmp_path / "svm").exists()


@pytest.mark.parametrize(
    "name", ["network.onnx", "scorer.onnx", ABOUT, "manifest.json", CALIBRATION]
)
@pytest.mark.parametrize("how", ["absent", "cut", "foreign"])
def test_damaged_and_foreign_files_are_one_line(network: Path, name: str, how: str) -> None:
    path = network / name
    if how == "absent":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-40] if how == "cut" else b"no model")
    with pytest.raises(AudiosError) as caught:
        Detector.load(choose_detector(network / "runs", detector=str(network)).run)
    assert "\n" not in str(caught.value)
    assert "network" in str(caught.value)


def test_a_model_of_another_kind_is_refused_by_what_it_takes(network: Path) -> None:
    """Also where the hashes were made to fit."""
    shutil.copyfile(network / "scorer.onnx", network / "network.onnx")
    about = json.loads((network / ABOUT).read_text())
    about["files"]["network.onnx"] = sha256_file(network / "network.onnx")
    (network / ABOUT).write_text(json.dumps(about))
    with pytest.raises(RunError, match="no model that was exported here"):
        Detector.load(open_exported(network))


def test_a_model_that_scores_otherwise_is_not_kept(
    made: Path, clips: SplitRecordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = ExportedScorer.score
    monkeypatch.setattr(ExportedScorer, "score", lambda self, x: score(self, x) + 0.01)
    with pytest.raises(AudiosError, match=r"scores otherwise in onnx: by 0\.01"):
        export_run(run_of(made, "lr"), clips, tmp_path / "other")
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_left_alone(
    made: Path, clips: SplitRecordings, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ArgumentError, match="holds something else"):
        export_run(run_of(made, "lr"), clips, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("about", ["{}", ""])
def test_a_folder_that_only_seems_an_export_is_left_alone(
    made: Path, clips: SplitRecordings, tmp_path: Path, about: str
) -> None:
    (tmp_path / ABOUT).write_text(about)
    with pytest.raises(ArgumentError, match="holds something else"):
        export_run(run_of(made, "lr"), clips, tmp_path)
    assert (tmp_path / ABOUT).read_text() == about


def test_what_was_put_beside_an_export_is_left_alone(
    made: Path, clips: SplitRecordings, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export_run(run_of(made, "lr"), clips, folder)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ArgumentError, match="holds something else"):
        export_run(run_of(made, "lr"), clips, folder)
    (folder / "notes.txt").unlink()
    export_run(run_of(made, "lr"), clips, folder)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]


def test_an_earlier_export_stays_where_it_cannot_be_replaced(
    made: Path, clips: SplitRecordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rename = tmp_path / "out", Path.rename
    export_run(run_of(made, "lr"), clips, folder)

    def fail(path: Path, target: Path) -> Path:
        if path.name.endswith(PARTIAL):
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(AudiosError, match="Permission denied"):
        export_run(run_of(made, "lr"), clips, folder)
    assert load_exported(open_exported(folder))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]


def test_the_folder_it_is_called_in(
    made: Path, clips: SplitRecordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = export_run(run_of(made, "lr"), clips, Path())
    assert done.folder == tmp_path.resolve()


def test_a_tested_and_augmented_run_leaves_no_path_behind(
    made: Path, clips: SplitRecordings, tmp_path: Path
) -> None:
    shutil.copytree(made / "runs", tmp_path / "runs")
    run = run_of(tmp_path, "lr")
    noises = {"kinds": ["noises"], "steps": [1, 1], "snr_db": [5.0, 20.0], "copies": 1, "seed": 7}
    noises |= {"noises": "/home/me/musan", "rooms": None}
    run.update(settings=run.settings | {"augmented": noises})
    results = {"dataset": "/home/me/corpus", "eer": 0.1, "n_bona_fide": 4, "n_spoof": 4}
    (run.folder / "test_results.json").write_text(json.dumps(results))
    done = export_run(run, clips, tmp_path / "out")
    for path in done.folder.iterdir():
        assert b"/home/me" not in path.read_bytes(), path
    exported = open_exported(done.folder)
    assert exported.settings["augmented"] == noises | {"noises": "musan"}
    chosen = choose_detector(tmp_path, detector=str(done.folder))
    assert "on 8 clips of its test; " in chosen.headline


def test_a_model_that_the_export_does_not_list_is_refused(network: Path) -> None:
    about = json.loads((network / ABOUT).read_text())
    (network / ABOUT).write_text(json.dumps(about | {"files": {}}))
    with pytest.raises(RunError, match=r"network\.onnx is not of the export"):
        open_exported(network)


def test_absent_packages_are_named(
    made: Path, clips: SplitRecordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(AudiosError, match=r"skl2onnx.*pip install -r requirements-export\.txt"):
        export_run(run_of(made, "svm"), clips, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_clean_knows_what_an_export_leaves_in_a_run(made: Path, clips: SplitRecordings) -> None:
    run = run_of(made, "lr")
    folder = default_folder(run, "onnx")
    export_run(run, clips, folder)
    assert is_exported(folder)
    (folder / "mine.txt").write_text("mine")
    [removal] = [one for one in find_removable("runs", made / "runs") if one.path == run.folder]
    assert removal.left == (folder / "mine.txt",)
    shutil.rmtree(folder)
