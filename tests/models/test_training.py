"""Training runs and their tests."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.results_file import FIGURES
from src.models.calibrate import calibration_of
from src.models.data import TrainingStores
from src.models.evaluate import Evaluation, evaluate_run
from src.models.lookup import BEST, find_study, find_training
from src.models.registry import CLASSIFIERS, load_classifier
from src.models.train import train_model
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, AudiosError, EmbeddingError, RunError
from src.utils.files import write_json
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.eer import compute_eer
from src.utils.metrics.table import METRICS
from src.utils.runs import FolderName, Kind, Run, list_runs, new_run
from tests.models.small import BEST_TRIAL, small
from tests.reports.telling import told

SMALL = {name: small(name).hyperparameters for name in CLASSIFIERS} | {
    "mlp": {"hidden_size": 8, "epochs": 5, "learning_rate": 0.01},
    "rf": {"n_estimators": 5},
}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    return make_embeddings(tmp_path_factory.mktemp("train") / "e", gaps=(0.0, 3.0, 0.5))


@pytest.fixture(scope="module")
def stores(embeddings: Path) -> TrainingStores:
    return TrainingStores.open(embeddings, "wav2vec2")


def trained(stores: TrainingStores, runs: Path, name: str = "rf", **options):
    return train_model(
        stores,
        runs,
        name,
        options.pop("layer", 1),
        hyperparameters=options.pop("changes", SMALL[name]),
        **options,
    )


@pytest.mark.parametrize("name", ["mlp", "svm", "rf"])
def test_a_run_holds_everything(stores: TrainingStores, tmp_path: Path, name: str) -> None:
    training = trained(stores, tmp_path, name, layer="probe")
    folder = training.run.folder
    expected = {"manifest.json", "hyperparameters.json", "scores_val.csv", "layer_probe.csv"}
    expected |= {"trained_on.csv", "model.safetensors" if name == "mlp" else "model.skops"}
    if name != "svm":
        arrays = ("train_losses", "val_losses", "val_accuracies")
        expected |= {f"{array}.npy" for array in arrays} | {"loss_plot.png"}
        lengths = {len(np.load(folder / f"{array}.npy")) for array in arrays}
        assert len(lengths) == 1
    assert expected <= {path.name for path in folder.iterdir()}
    assert not [path for path in folder.iterdir() if "partial" in path.name]
    settings = json.loads((folder / "hyperparameters.json").read_text())
    assert (settings["classifier"], settings["layer"], settings["seed"]) == (name, 1, 7)
    assert SMALL[name].items() <= settings["hyperparameters"].items()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert set(manifest["inputs"]) == {"downstream_train", "downstream_val"}
    scores = pd.read_csv(folder / "scores_val.csv")
    columns = ["file", "label", "score", "speaker", "gender", "attack", "llr"]
    assert list(scores) == columns
    assert len(scores) == 40
    # The ratios are those of the calibration beside them.
    calibration = calibration_of(Run(0, folder))
    np.testing.assert_allclose(scores["llr"], calibration.llrs(scores["score"]), atol=1e-9)
    assert calibration.threshold == manifest["results"]["threshold"]
    assert (calibration.n_bona_fide, calibration.n_spoof) == (20, 20)


@pytest.mark.parametrize("name", ["mlp", "svm", "rf"])
def test_the_reported_eer_is_the_saved_models(
    stores: TrainingStores, tmp_path: Path, name: str
) -> None:
    training = trained(stores, tmp_path, name, layer=2)
    _, validation = stores.load(Selection(2))
    [run] = list_runs(tmp_path)
    scores = load_classifier(run).score(validation.x)
    eer, threshold = compute_eer(scores, validation.y)
    assert training.validation_eer == eer
    # The very decisions of the EER, with room to either side.
    assert ((scores >= training.threshold) == (scores >= threshold)).all()
    assert training.threshold not in scores
    assert run.manifest["results"]["validation_eer"] == eer
    written = pd.read_csv(run.folder / "scores_val.csv")
    np.testing.assert_allclose(written["score"], scores)
    if name != "svm":
        best = run.manifest["results"]["best_epoch" if name == "mlp" else "best_tree"]
        assert np.load(run.folder / "val_eers.npy")[best] == pytest.approx(eer)


def test_equal_runs_are_found(stores: TrainingStores, tmp_path: Path) -> None:
    first = trained(stores, tmp_path)
    again = trained(stores, tmp_path, reuse=True)
    assert again.was_there
    assert again.run.folder == first.run.folder
    assert again.validation_eer == first.validation_eer
    assert not trained(stores, tmp_path).was_there
    assert not trained(stores, tmp_path, seed=8, reuse=True).was_there
    assert not trained(stores, tmp_path, layer=0, reuse=True).was_there
    assert not trained(stores, tmp_path, changes={"n_estimators": 6}, reuse=True).was_there


def test_repeated_training_is_the_same(stores: TrainingStores, tmp_path: Path) -> None:
    for name in ("mlp", "rf"):
        runs = [trained(stores, tmp_path, name).run for _ in range(2)]
        one, other = ((run.folder / "scores_val.csv").read_bytes() for run in runs)
        assert one == other


def test_a_failed_training_is_marked(stores: TrainingStores, tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match="not a finite number"):
        trained(stores, tmp_path, "mlp", changes={"learning_rate": 1e30})
    [run] = list_runs(tmp_path)
    assert run.manifest["status"] == "failed"
    with pytest.raises(RunError, match=r"run 0 in .* is failed"):
        find_training(tmp_path, run_number=0)
    with pytest.raises(RunError, match="run first: fab TrainModel"):
        find_training(tmp_path, "wav2vec2", "mlp")


def test_a_class_missing_in_training(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    train = make_set(6, 6, prefix="t")
    make_store(tmp_path, "downstream_train", train.where(train.y == 1))
    make_store(tmp_path, "downstream_val", make_set(6, 6, prefix="v"))
    stores = TrainingStores.open(tmp_path, "wav2vec2")
    with pytest.raises(EmbeddingError, match="downstream_train holds no spoof clip"):
        train_model(stores, tmp_path / "runs", "svm", 0)


def test_missing_embeddings(tmp_path: Path) -> None:
    with pytest.raises(
        EmbeddingError, match="run first: fab GenerateEmbeddings --backbone=acoustic"
    ):
        TrainingStores.open(tmp_path, "acoustic")


@pytest.fixture(scope="module")
def forest(stores: TrainingStores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that hold one training."""
    runs = tmp_path_factory.mktemp("forest") / "runs"
    trained(stores, runs)
    return runs


@pytest.fixture
def tested(forest: Path, tmp_path: Path) -> Run:
    """A training that the test may change."""
    [run] = list_runs(shutil.copytree(forest, tmp_path / "runs"))
    return run


@pytest.fixture(scope="module")
def evaluation(
    forest: Path, embeddings: Path, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    """The test of a training, with all its figures."""
    [run] = list_runs(shutil.copytree(forest, tmp_path_factory.mktemp("evaluated") / "runs"))
    return evaluate_run(run, embeddings)


@pytest.fixture
def evaluated(evaluation: Evaluation, tmp_path: Path) -> Run:
    """A tested training that the test may change."""
    [run] = list_runs(shutil.copytree(evaluation.run.folder.parent, tmp_path / "runs"))
    return run


def test_results(evaluation: Evaluation, embeddings: Path) -> None:
    tested = evaluation.run
    folder = tested.folder
    names = {"test_results.json", "scores_test.csv", *(f"{name}.png" for name in FIGURES)}
    assert names <= {path.name for path in folder.iterdir()}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in evaluation.figures)
    results = json.loads((folder / "test_results.json").read_text())
    assert results["dataset"] == "/nowhere/at/all"
    assert (results["n_bona_fide"], results["n_spoof"]) == (20, 20)
    # Decided at the threshold of validation, measured on the scores in the file.
    assert results["threshold"] == tested.manifest["results"]["threshold"]
    scores = pd.read_csv(folder / "scores_test.csv")
    assert list(scores) == ["file", "label", "score", "speaker", "gender", "attack", "llr"]
    labels = (scores["label"] == "bona-fide").astype(int)
    again = evaluate_scores(scores["score"], labels, results["threshold"], scores["llr"])
    figures = again.as_dict()
    assert figures == pytest.approx({name: results[name] for name in figures})
    assert evaluation.results.detection.as_dict() == {name: results[name] for name in figures}
    assert set(results["ci95"]) == set(METRICS)
    for name, (low, high) in results["ci95"].items():
        assert low <= results[name] <= high, name
    test = EmbeddingStore.open(embeddings, "wav2vec2", "downstream_test").load(1)
    assert scores["file"].tolist() == test.files.tolist()
    np.testing.assert_allclose(scores["score"], load_classifier(tested).score(test.x))


def test_by_gender(evaluated: Run, evaluation: Evaluation, embeddings: Path) -> None:
    tested, whole = evaluated, evaluation.results.detection
    before = (tested.folder / "test_results.json").read_bytes()
    parts = [evaluate_run(tested, embeddings, gender) for gender in "MF"]
    assert [part.path.name for part in parts] == ["test_results_M.json", "test_results_F.json"]
    assert (tested.folder / "test_results.json").read_bytes() == before
    names = {path.name for path in tested.folder.iterdir()}
    assert {"scores_test_M.csv", "roc_curve_F.png", "confusion_matrix_M.png"} <= names
    assert set(pd.read_csv(tested.folder / "scores_test_M.csv")["gender"]) == {"M"}
    assert sum(part.results.detection.n_spoof for part in parts) == whole.n_spoof
    assert all(part.results.detection.threshold == whole.threshold for part in parts)
    with pytest.raises(ArgumentError, match="--gender=m is not one of M, F"):
        evaluate_run(tested, embeddings, "m")


@pytest.mark.usefixtures("undrawn")
def test_a_class_missing_for_a_gender(
    tested, embeddings: Path, tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    other = shutil.copytree(embeddings, tmp_path / "e")
    shutil.rmtree(other / "wav2vec2/downstream_test")
    layers = [make_set(6, 6, prefix="x")] * 3
    gender = np.where(layers[0].y == 1, "F", "M")
    make_store(other, "downstream_test", *[replace(layer, gender=gender) for layer in layers])
    with pytest.raises(EmbeddingError, match="gender M holds no bona-fide clip"):
        evaluate_run(tested, other, "M")
    assert not (tested.folder / "test_results_M.json").exists()
    evaluate_run(tested, other)


def test_reuse_of_results(tested, embeddings: Path, monkeypatch) -> None:
    first = evaluate_run(tested, embeddings)
    with monkeypatch.context() as patch:
        patch.setattr("src.models.evaluate.load_classifier", None)
        [run] = list_runs(tested.folder.parent)
        again = evaluate_run(run, embeddings, reuse=True)
    assert again.results.detection == first.results.detection
    assert again.figures == first.figures
    # What lacks a metric is tested again.
    written = first.path.read_bytes()
    values = json.loads(written)
    first.path.write_text(json.dumps({name: values[name] for name in values if name != "far"}))
    assert evaluate_run(run, embeddings, reuse=True).results.is_whole
    assert first.path.read_bytes() == written


@pytest.fixture
def elsewhere(tmp_path: Path, make_set: Callable, make_store: Callable) -> Callable[..., Path]:
    """Write a test store of another data set and return its embeddings folder."""

    def make(dataset: str, n_bona_fide: int = 5, prefix: str = "x", **about) -> Path:
        folder = tmp_path / f"e{len(list(tmp_path.iterdir()))}"
        layers = [make_set(n_bona_fide, 6, prefix=prefix)] * 3
        store = make_store(folder, "downstream_test", *layers, dataset=dataset)
        write_json(store.folder / "manifest.json", store.manifest | about)
        return folder

    return make


def test_another_data_set_is_kept_apart(
    evaluated: Run, evaluation: Evaluation, embeddings: Path, elsewhere: Callable
) -> None:
    tested = evaluated
    own = tested.folder / evaluation.path.name
    assert evaluation.elsewhere is None
    assert "another data set" not in told("evaluation", evaluation)
    before = {path.name: path.read_bytes() for path in tested.folder.iterdir()}
    other = elsewhere("/data/a corpus", root="/data/In the Wild!")
    found = evaluate_run(tested, other)
    assert found.path.name == "test_results_In-the-Wild.json"
    assert told("evaluation", found).startswith("tested on another data set: /data/a corpus\n")
    assert json.loads(found.path.read_text())["dataset"] == "/data/a corpus"
    by_gender = evaluate_run(tested, other, "F")
    assert by_gender.path.name == "test_results_In-the-Wild_F.json"
    new = {path.name for path in tested.folder.iterdir()} - set(before)
    stems = ("test_results", "scores_test", *FIGURES)
    assert {name.partition("_In-the-Wild")[0] for name in new} == set(stems)
    # There are no groups among the clips of one gender.
    assert len(new) == 2 * len(stems) - 1
    del before["manifest.json"]
    assert {name: (tested.folder / name).read_bytes() for name in before} == before
    # Neither takes the place of the other, in whatever order they are tested.
    [run] = list_runs(tested.folder.parent)
    assert evaluate_run(run, embeddings, reuse=True).path == own
    again = evaluate_run(run, other, reuse=True)
    assert (again.path, again.figures, again.elsewhere) == (
        found.path,
        found.figures,
        found.elsewhere,
    )
    assert evaluate_run(run, embeddings).path == own


@pytest.mark.usefixtures("undrawn")
def test_data_sets_of_one_name(tested, elsewhere: Callable) -> None:
    places = {
        "/one/eval": "eval",
        "/two/eval": "eval2",
        "/three/eval2": "eval22",
        "/four/EVAL": "EVAL3",
        "/five/F": "F2",
        "/six/eval_m": "eval_m2",
        "/": "other",
        f"/seven/{'n' * 300}": "n" * 40,
    }
    for again in range(2):
        for n, (place, ending) in enumerate(places.items(), 3):
            found = evaluate_run(list_runs(tested.folder.parent)[0], elsewhere(place, n))
            assert found.path.name == f"test_results_{ending}.json", again
    for n, (place, ending) in enumerate(places.items(), 3):
        results = json.loads((tested.folder / f"test_results_{ending}.json").read_text())
        assert (results["dataset"], results["n_bona_fide"]) == (place, n)


@pytest.mark.usefixtures("undrawn")
def test_a_moved_data_set_is_the_same(
    tested, embeddings: Path, elsewhere: Callable, tmp_path: Path
) -> None:
    tested.update(dataset=str(tmp_path / "before"))
    first = evaluate_run(tested, elsewhere(str(tmp_path / "before")))
    assert first.path.name == "test_results.json"
    moved = elsewhere(str(tmp_path / "after"))
    found = evaluate_run(tested, moved, reuse=True)
    assert found.path == first.path
    assert json.loads(found.path.read_text())["dataset"] == str(tmp_path / "after")
    # Where the first one is still there, it is a copy.
    (tmp_path / "before").mkdir()
    assert evaluate_run(tested, moved).path.name == "test_results_after.json"


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_a_record_tests_as_ever(tested, elsewhere: Callable) -> None:
    assert tested.manifest.pop("dataset") == "/nowhere/at/all"
    tested.update()
    found = evaluate_run(tested, elsewhere("/data/eval"))
    assert found.path.name == "test_results.json"
    assert found.elsewhere is None
    assert json.loads(found.path.read_text())["dataset"] == "/data/eval"


def test_names_shared_with_another_data_set(tested, elsewhere: Callable) -> None:
    other = elsewhere("/data/eval", prefix="downstream_train")
    with pytest.raises(EmbeddingError, match=r"of /data/eval shares 6 speakers .*rename them$"):
        evaluate_run(tested, other)
    assert not list(tested.folder.glob("test_results*"))


@pytest.mark.usefixtures("undrawn")
def test_results_of_other_clips_are_not_reused(
    tested, embeddings: Path, tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    evaluate_run(tested, embeddings)
    other = shutil.copytree(embeddings, tmp_path / "e")
    shutil.rmtree(other / "wav2vec2/downstream_test")
    make_store(other, "downstream_test", *[make_set(5, 6, prefix="x")] * 3)
    assert evaluate_run(tested, other, reuse=True).results.detection.n_bona_fide == 5


def test_seen_speakers_are_refused(
    tested, embeddings: Path, tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    for seen in ("downstream_train", "downstream_val"):
        other = shutil.copytree(embeddings, tmp_path / seen)
        shutil.rmtree(other / "wav2vec2/downstream_test")
        layer = make_set(6, 6, prefix="x")
        speaker = np.where(np.arange(12) == 4, f"{seen}3", layer.speaker)
        make_store(other, "downstream_test", *[replace(layer, speaker=speaker)] * 3)
        with pytest.raises(EmbeddingError, match=f"shares 1 speakers .*{seen}3.*train again"):
            evaluate_run(tested, other)


@pytest.mark.usefixtures("undrawn")
def test_seen_speakers_are_fine_by_utterance(
    tmp_path: Path, make_set: Callable, make_store: Callable
) -> None:
    """One voice in all splits; a test that does not say so, or repeats a file, is refused."""

    def write(split: str, units: str, prefix: str) -> None:
        clips = make_set(12, 12, gap=3.0, prefix=prefix)
        store = make_store(tmp_path, split, *[replace(clips, speaker=np.full(24, "linda"))] * 2)
        write_json(store.folder / "manifest.json", store.manifest | {"units": units})

    write("downstream_train", "utterance", "a")
    write("downstream_val", "utterance", "b")
    write("downstream_test", "utterance", "c")
    opened = TrainingStores.open(tmp_path, "wav2vec2")
    training = trained(opened, tmp_path / "runs", layer="probe", seed=3)
    assert training.run.settings["units"] == "utterance"
    assert (training.probe.unit, training.probe.n_speakers) == ("file", 1)
    again = trained(opened, tmp_path / "runs", layer="probe", seed=3, reuse=True)
    assert again.was_there
    evaluation = evaluate_run(training.run, tmp_path)
    assert "these voices only" in told("evaluation", evaluation)
    assert "these voices only" in json.loads(evaluation.path.read_text())["note"]
    assert "these voices only" in told("training", training)
    assert "folds by file" in told("training", training)
    shutil.rmtree(tmp_path / "wav2vec2/downstream_test")
    write("downstream_test", "speaker", "c")
    with pytest.raises(EmbeddingError, match=r"shares 1 speakers .*linda"):
        evaluate_run(training.run, tmp_path)
    shutil.rmtree(tmp_path / "wav2vec2/downstream_test")
    write("downstream_test", "utterance", "a")
    with pytest.raises(EmbeddingError, match="shares 24 files"):
        evaluate_run(training.run, tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_another_checkpoint_is_refused(tested, tmp_path: Path, make_embeddings: Callable) -> None:
    other = make_embeddings(tmp_path / "e", gaps=(0, 3, 0), about={"revision": "r2"})
    with pytest.raises(EmbeddingError, match=r"another wav2vec2 \(revision differ"):
        evaluate_run(tested, other)
    moved = make_embeddings(tmp_path / "m", gaps=(0, 3, 0), about={"checkpoint": "elsewhere"})
    evaluate_run(tested, moved)


def test_a_lost_model_is_told(tested, embeddings: Path) -> None:
    (tested.folder / "model.skops").unlink()
    with pytest.raises(RunError, match=r"holds no model\.skops"):
        evaluate_run(tested, embeddings)


def test_finding_a_training(stores: TrainingStores, tmp_path: Path) -> None:
    for name in ("rf", "svm", "rf"):
        trained(stores, tmp_path, name)
    with new_run(tmp_path, "visualize", {}):
        pass
    assert find_training(tmp_path, "wav2vec2", "rf").number == 2
    assert find_training(tmp_path, None, "svm").number == 1
    assert find_training(tmp_path).number == 2
    assert find_training(tmp_path, run_number=0).number == 0
    mistakes = {
        "its classifier is rf, not svm": {"classifier": "svm", "run_number": 0},
        "its backbone is wav2vec2, not acoustic": {"backbone": "acoustic", "run_number": 0},
        r"no run 9 in .*; found 0, 1, 2$": {"run_number": 9},
        r"no run 3 in .*; found 0, 1, 2$": {"run_number": 3},
        "no trained acoustic mlp run in": {"backbone": "acoustic", "classifier": "mlp"},
        "no mlp study 0 in .*; found none": {"classifier": "mlp", "study_number": 0},
    }
    for text, flags in mistakes.items():
        with pytest.raises(RunError, match=text):
            find_training(tmp_path, **flags)


@pytest.fixture
def renamed(stores: TrainingStores, tmp_path: Path) -> Run:
    """A run of the descriptor `acoustic` of when it was called `lfcc`."""
    run = trained(stores, tmp_path, "svm").run
    about = run.settings["backbone"] | {"name": "lfcc", "stats": ["descriptor"]}
    run.update(settings=run.settings | {"backbone": about})
    return run


def test_a_run_of_another_name_is_found_by_the_one_of_now(
    renamed: Run, stores: TrainingStores, tmp_path: Path
) -> None:
    assert find_training(tmp_path).number == 0
    assert find_training(tmp_path, "acoustic", "svm").number == 0
    with pytest.raises(RunError, match=r"its backbone is acoustic \(was lfcc\), not lfcc"):
        find_training(tmp_path, "lfcc", run_number=0)
    for classifier in (None, "svm"):
        with pytest.raises(RunError, match="run 0 was trained on acoustic when it was called lfcc"):
            find_training(tmp_path, "lfcc", classifier)
    with pytest.raises(RunError, match="no trained lfcc rf run in"):
        find_training(tmp_path, "lfcc", "rf")
    run = trained(stores, tmp_path, "svm").run
    run.update(settings=run.settings | {"backbone": load_backbone("lfcc").describe()})
    assert find_training(tmp_path, "lfcc").number == 1
    assert find_training(tmp_path, "acoustic").number == 0


def test_a_run_of_another_name_is_not_tested(renamed: Run, embeddings: Path) -> None:
    with pytest.raises(RunError) as refused:
        evaluate_run(renamed, embeddings)
    assert str(refused.value) == (
        "run 0 was trained on acoustic when it was called lfcc; train anew: fab GenerateEmbeddings "
        "--backbone=acoustic, then fab TrainModel --backbone=acoustic --classifier=svm"
    )


def test_finding_a_study_names_those_there_are(tmp_path: Path) -> None:
    for classifier in ("mlp", "svm", "svm"):
        with new_run(tmp_path, "study", {}, study_of=classifier):
            pass
    assert find_study(tmp_path, 1).folder.name.startswith("svm_study1_")
    with pytest.raises(RunError, match="add --classifier"):
        find_study(tmp_path, 0)
    with pytest.raises(RunError, match=r"no svm study 5 in .*; found 0, 1"):
        find_study(tmp_path, 5, "svm")
    with pytest.raises(RunError, match=r"no study 5 in .*; found .*0.*1"):
        find_study(tmp_path, 5)


@pytest.mark.parametrize("classifier", ["knn5", "log_reg"])
def test_a_trial_of_a_study_is_found_whatever_the_classifiers_name(
    tmp_path: Path, classifier: str
) -> None:
    settings = {"classifier": classifier, "backbone": {"name": "wav2vec2"}}
    for study_of in ("rf", "svm"):
        for _ in range(1 if study_of == "svm" else 2):
            with new_run(tmp_path, Kind.STUDY, settings, study_of=study_of):
                pass
    for _ in range(3):
        with new_run(tmp_path, Kind.STUDY, settings, study_of=classifier) as study:
            for _ in range(3):
                with new_run(study.folder, Kind.TRAINING, settings):
                    pass
            write_json(study.folder / BEST, BEST_TRIAL)
    for number, flags in ((2, {}), (0, {"classifier": classifier})):
        run = find_training(tmp_path, study_number=number, **flags)
        assert run.number == 1
        assert run.study == FolderName(number, classifier)
        assert find_training(tmp_path, study_number=number, run_number=2, **flags).number == 2
    # Only those that have the number are named.
    with pytest.raises(RunError, match=f"studies 1 of {classifier}, rf are there"):
        find_training(tmp_path, study_number=1)
