"""What is done to vectors before a classifier scores them is in the exported model, too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from src.demo.checkpoint import make_checkpoint
from src.exported.about import open_exported
from src.exported.model import ExportedScorer
from src.exported.writing import write_models
from src.models.classifier import Classifier
from src.models.data import DOWNSTREAM_SPLITS, TEST, TrainingStores
from src.models.registry import CLASSIFIERS
from src.models.train import train_model
from src.predict import exporting
from src.predict.detector import Detector
from src.predict.exporting import TOLERANCE, export_run
from src.utils.audio.io import read_waveform
from src.utils.config import ONNX, TORCHSCRIPT
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.embedding_set import EmbeddingSet
from tests.models.small import small
from tests.networks.runs import write_hissing

WAYS = {
    "standard": {},
    "l2": {"scaling": "l2"},
    "pca": {"pca": 5},
    "all": {"scaling": "l2", "pca": 5, "class_weight": "none"},
}


@pytest.fixture(scope="module")
def sets(make_set: Callable) -> list[EmbeddingSet]:
    """Of twelve dimensions far from the origin, where a vector's length matters."""
    return [make_set(gap=4, dim=12, shift=5.0, seed=seed, prefix=str(seed)) for seed in range(3)]


def fitted(name: str, sets: list[EmbeddingSet], **changes) -> Classifier:
    model = CLASSIFIERS.load(name)(small(name).hyperparameters | changes, 7)
    model.fit(*sets[:2])
    return model


def awkward(x: np.ndarray) -> np.ndarray:
    """Vectors of a test with some of zeros, of great and of small lengths."""
    found = np.concatenate([x, np.zeros((2, x.shape[1])), x[:3] * 1e3, x[:3] * 1e-3])
    return found.astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CLASSIFIERS.names)
def test_onnx_scores_as_the_classifier_does(
    sets: list[EmbeddingSet], tmp_path: Path, name: str, way: str
) -> None:
    model = fitted(name, sets, **WAYS[way])
    write_models(model, 12, tmp_path, ONNX, {})
    x = awkward(sets[2].x)
    scores = model.score(x)
    found = ExportedScorer(tmp_path / "scorer.onnx", 12).score(x)
    np.testing.assert_allclose(found, scores, atol=TOLERANCE * max(1, np.abs(scores).max()))
    assert len(np.unique(scores)) >= 8


@pytest.mark.parametrize("form", [ONNX, TORCHSCRIPT])
@pytest.mark.parametrize("changes", [{}, {"scaling": "l2"}])
def test_weighed_layers_are_scored_the_same(
    sets: list[EmbeddingSet], tmp_path: Path, form: str, changes: dict
) -> None:
    """Twelve numbers that are three layers of four."""
    layers = [replace(one, layer="weighted", n_layers=3) for one in sets]
    model = fitted("mlp", layers, **changes)
    written = write_models(model, 12, tmp_path, form, {})
    x = awkward(sets[2].x)
    scores = model.score(x)
    score = (
        written.score if form == TORCHSCRIPT else ExportedScorer(tmp_path / "scorer.onnx", 12).score
    )
    assert score is not None
    for rows in (x, x[:1]):
        limit = TOLERANCE * max(1, np.abs(scores).max())
        np.testing.assert_allclose(score(rows), scores[: len(rows)], atol=limit)


@pytest.mark.parametrize("way", WAYS)
def test_torchscript_scores_as_the_mlp_does(
    sets: list[EmbeddingSet], tmp_path: Path, way: str
) -> None:
    model = fitted("mlp", sets, **WAYS[way])
    write_models(model, 12, tmp_path, TORCHSCRIPT, {})
    read = torch.jit.load(tmp_path / "scorer.pt")
    x = awkward(sets[2].x)
    scores = model.score(x)
    with torch.inference_mode():
        found = read(torch.from_numpy(x)).double().numpy()
    np.testing.assert_allclose(found, scores, atol=TOLERANCE * max(1, np.abs(scores).max()))


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    voice: Callable,
    write_audio: Callable,
    make_store: Callable,
) -> Path:
    """Recordings in `data`, a checkpoint in `tiny`, and the vectors of all its layers in `e`."""
    here = tmp_path_factory.mktemp("prepared")
    dataset = write_hissing(here / "data", voice, write_audio)
    checkpoint = make_checkpoint(here / "tiny", "wav2vec2")
    backbone = load_backbone("wav2vec2", str(checkpoint), "float32")
    for split in DOWNSTREAM_SPLITS:
        part = SplitRecordings.read(dataset, split)
        sounds = [read_waveform(part.path(row), 16_000) for row in range(len(part))]
        array = backbone.embed([backbone.prepare(sound) for sound in sounds])
        names = ("files", "y", "gender", "speaker", "attack")
        about = {name: getattr(part.clips, name) for name in names}
        layers = [
            EmbeddingSet(
                x=array[:, n].reshape(len(part), -1), backbone="wav2vec2", layer=n, **about
            )
            for n in range(array.shape[1])
        ]
        make_store(here / "e", split, *layers, **backbone.describe())
    return here


@pytest.mark.parametrize(
    ("classifier", "layer", "pooling", "changes"),
    [
        ("mlp", "weighted", None, {"epochs": 5}),
        ("mlp", "weighted", "std", {"epochs": 5, "scaling": "l2"}),
        ("svm", 1, "mean", WAYS["all"]),
    ],
)
def test_an_exported_run_judges_recordings_as_it_does(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    classifier: str,
    layer: int | str,
    pooling: str | None,
    changes: dict,
) -> None:
    monkeypatch.setattr(exporting, "_TIMES", 1)
    monkeypatch.setattr(exporting, "CLIP_SECONDS", 0.5)
    stores = TrainingStores.open(made / "e", "wav2vec2")
    run = train_model(stores, tmp_path / "runs", classifier, layer, pooling, changes).run
    clips = SplitRecordings.read(Dataset.open(made / "data"), TEST)
    done = export_run(run, clips, tmp_path / "out")
    assert done.largest_difference <= done.tolerance
    theirs = Detector.load(open_exported(done.folder), str(made / "tiny"))
    ours = Detector.load(run)
    sounds = [read_waveform(clips.path(row), 16_000) for row in range(4)]
    vectors = [
        one.embed([one.backbone.prepare(sound) for sound in sounds]).vectors
        for one in (ours, theirs)
    ]
    np.testing.assert_array_equal(*vectors)
    np.testing.assert_allclose(
        theirs.classifier.score(vectors[1]), ours.classifier.score(vectors[0]), atol=done.tolerance
    )
