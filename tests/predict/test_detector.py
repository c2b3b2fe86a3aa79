"""Making a trained run ready."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.demo.checkpoint import make_checkpoint
from src.models.data import TrainingStores
from src.models.train import train_model
from src.predict.detector import Detector
from src.utils.embeddings.backbones import load_backbone
from src.utils.errors import ArgumentError, CheckpointError, RunError
from src.utils.runs import Run


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("hub") / "tiny", "wav2vec2")


@pytest.fixture
def trained(tmp_path: Path, make_set: Callable, make_store: Callable) -> Callable[..., Run]:
    """Train on made-up vectors that claim to be of a backbone; at its layer 2."""

    def make(backbone, layers: int, layer: int) -> Run:
        about = backbone.describe()
        width = about["stats_count"] * about["dim"]
        for number, split in enumerate(("downstream_train", "downstream_val")):
            sets = [make_set(8, 8, width, prefix=split, seed=number) for _ in range(layers)]
            make_store(tmp_path / "e", split, *sets, **about)
        stores = TrainingStores.open(tmp_path / "e", "wav2vec2")
        return train_model(stores, tmp_path / "runs", "svm", layer).run

    return make


@pytest.fixture
def run(trained: Callable, checkpoint: Path) -> Run:
    return trained(load_backbone("wav2vec2", str(checkpoint), "float32", (1, 3)), 3, 2)


def test_its_layer_is_what_the_store_holds(run: Run, checkpoint: Path, voice: Callable) -> None:
    detector = Detector.load(run)
    assert detector.reference is not None
    clips = [voice(0.6), voice(0.9, seed=1)]
    vectors = detector.embed([detector.backbone.prepare(clip) for clip in clips]).vectors
    stored = load_backbone("wav2vec2", str(checkpoint), "float32", (1, 3))
    array = stored.embed([stored.prepare(clip) for clip in clips])
    # As `EmbeddingStore.load` lays out the layer 2 of those that start at 1.
    np.testing.assert_allclose(vectors, array[:, 1].reshape(2, -1), atol=1e-5)
    assert detector.classifier.score(vectors).shape == (2,)


def test_a_checkpoint_that_was_moved(run: Run, checkpoint: Path, tmp_path: Path) -> None:
    ours = run.settings["backbone"]
    run.manifest["settings"]["backbone"] = ours | {"checkpoint": str(tmp_path / "gone")}
    with pytest.raises(CheckpointError, match=r"run 0 is no longer at .*gone; pass .*--checkpoint"):
        Detector.load(run)
    moved = shutil.copytree(checkpoint, tmp_path / "moved")
    assert Detector.load(run, str(moved)).backbone.describe()["checkpoint"] == str(moved)


def test_another_checkpoint_is_refused(run: Run, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", "wav2vec2", seed=8)
    with pytest.raises(CheckpointError, match=r"another than run 0 .*\(revision differ\); pass"):
        Detector.load(run, str(other))


def test_acoustic_of_another_version_is_refused(run: Run) -> None:
    acoustic = load_backbone("acoustic").describe() | {"version": 0}
    run.manifest["settings"] |= {"backbone": acoustic, "layer": 0}
    with pytest.raises(
        CheckpointError, match=r"the built-in acoustic .*\(version differ\); train anew"
    ):
        Detector.load(run)
    with pytest.raises(ArgumentError, match="acoustic is built in and loads none"):
        Detector.load(run, "somewhere")


def test_a_run_of_when_acoustic_was_called_lfcc_is_refused(run: Run) -> None:
    about = load_backbone("acoustic").describe() | {"name": "lfcc"}
    run.manifest["settings"] |= {"backbone": about, "layer": 0}
    with pytest.raises(RunError, match=r"run 0 was trained on acoustic when .* train anew: fab "):
        Detector.load(run)


def test_an_older_run_has_no_reference(run: Run) -> None:
    (run.folder / "reference.safetensors").unlink()
    (run.folder / "calibration.json").unlink()
    detector = Detector.load(run)
    assert detector.reference is None
    assert detector.calibration.n_spoof == 8


def test_a_lost_model_is_told(run: Run) -> None:
    (run.folder / "model.skops").unlink()
    with pytest.raises(RunError, match="holds no model"):
        Detector.load(run)


@pytest.mark.parametrize(
    ("classifier", "layer", "pooling", "length"),
    [
        ("svm", 2, "std", 1),
        ("mlp", "weighted", None, 6),
        ("mlp", "weighted", "mean", 3),
        ("svm", 1, "mean", 1),
    ],
)
def test_a_part_of_the_output_is_scored_as_it_was_stored(
    tmp_path: Path,
    checkpoint: Path,
    voice: Callable,
    make_set: Callable,
    make_store: Callable,
    classifier: str,
    layer: int | str,
    pooling: str | None,
    length: int,
) -> None:
    """Trained on vectors of real layers, 1 to 3: what is taken of them must be the same again."""
    stored = load_backbone("wav2vec2", str(checkpoint), "float32", (1, 3))
    about = stored.describe()
    for split in ("downstream_train", "downstream_val"):
        clips = make_set(8, 8, prefix=split)
        sounds = [voice(0.5 + 0.02 * n, seed=n + 40 * (split[-1] == "l")) for n in range(16)]
        array = stored.embed([stored.prepare(sound) for sound in sounds])
        layers = [replace(clips, x=array[:, place].reshape(16, -1)) for place in range(3)]
        make_store(tmp_path / "e", split, *layers, **about)
    stores = TrainingStores.open(tmp_path / "e", "wav2vec2")
    hyperparameters = {"epochs": 3} if classifier == "mlp" else {}
    run = train_model(stores, tmp_path / "runs", classifier, layer, pooling, hyperparameters).run
    detector = Detector.load(run)
    assert detector.backbone.sample_rate == 16_000
    assert detector.backbone.name == "wav2vec2"
    held = stores.validation.load(layer, pooling)
    assert held.x.shape[1] == length * about["dim"]
    found = detector.embed([detector.backbone.prepare(sound) for sound in sounds])
    assert found.rows == list(range(16))
    np.testing.assert_allclose(found.vectors, held.x, atol=1e-5)
    scores = detector.classifier.score(held.x)
    np.testing.assert_allclose(detector.classifier.score(found.vectors), scores, atol=1e-3)
    assert detector.reference is not None
    distances = detector.reference.distances(held.x)
    np.testing.assert_allclose(detector.reference.distances(found.vectors), distances, rtol=1e-2)
    # Deeper layers than the last one are not computed.
    computed = getattr(detector.backbone, "_backbone", detector.backbone).describe()
    assert computed["layers"] == (3 if layer == "weighted" else 1)
    # What is told of it is what it gives: one vector of a clip.
    told = detector.backbone.describe()
    assert told["layers"] * told["stats_count"] * told["dim"] == held.x.shape[1]
