"""A run of a classifier of vectors, made without a store of embeddings."""

from pathlib import Path

import numpy as np

from src.models.data import TRAIN, VALIDATION
from src.models.record import Part, record_inputs, record_outcome
from src.models.reference import fit_reference
from src.models.registry import CLASSIFIERS
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.runs import Kind, Run, new_run
from tests.models.small import small


def embed_part(dataset: Dataset, split: str) -> EmbeddingSet:
    """Return the vectors of a split, by the backbone `acoustic`."""
    backbone, part = load_backbone("acoustic"), SplitRecordings.read(dataset, split)
    clips = [backbone.prepare(read_waveform(part.path(row), 16_000)) for row in range(len(part))]
    x = backbone.embed(clips)[:, 0].reshape(len(part), -1)
    names = ("files", "y", "gender", "speaker", "attack")
    about = {name: getattr(part.clips, name) for name in names}
    return EmbeddingSet(x=x, backbone="acoustic", layer=0, **about)


def make_classifier_run(
    dataset: Dataset, runs: Path, name: str, sets: tuple[EmbeddingSet, EmbeddingSet]
) -> Run:
    """Make a run of a classifier on `acoustic`, of the sets of training and validation."""
    model = CLASSIFIERS.load(name)(small(name).hyperparameters, 7)
    train, held = sets
    sources = [SplitRecordings.read(dataset, split) for split in (TRAIN, VALIDATION)]
    parts = [Part(source.clips, source) for source in sources]
    asked = {
        "backbone": load_backbone("acoustic").describe(),
        "classifier": name,
        "layer": 0,
        "hyperparameters": model.hyperparameters,
        "seed": 7,
    }
    with new_run(runs, Kind.TRAINING, asked, {}) as run:
        record_inputs(run, *parts)
        model.fit(train, held)
        model.save(run.folder)
        fit_reference(train.x, held.x).write(run.folder)
        record_outcome(run, parts[1], np.asarray(model.score(held.x)), None)
    return run
