"""A training on vectors, and a case of somebody's own that it is to be adapted to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from src.adaptation import sources
from src.adaptation.adapt import Adapted, adapt_run
from src.models.data import TrainingStores
from src.models.lookup import find_training
from src.models.train import train_model
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.extract import Extraction
from src.utils.runs import Run
from tests.models.small import small


def make_case(
    n_speakers: int = 24,
    per_speaker: int = 2,
    helps: bool = True,
    seed: int = 5,
    prefix: str = "mine",
    dim: int = 4,
) -> EmbeddingSet:
    """Make clips whose class shows along an axis that the training knows nothing of, or nowhere.

    Every speaker has as many of each class.
    """
    n = 2 * n_speakers * per_speaker
    chance, y = np.random.default_rng(seed), np.arange(n) % 2
    x = chance.normal(size=(n, dim))
    if helps:
        x[:, 1] += 6.0 * (y - 0.5)
    names = np.array([f"{prefix}{row // 2 % n_speakers}" for row in range(n)])
    return EmbeddingSet(
        # Of names that the training has as well.
        files=np.array([f"train/{row}.wav" for row in range(n)]),
        x=x.astype(np.float32),
        y=y.astype(np.int8),
        gender=np.full(n, "F"),
        speaker=names,
        attack=np.where(y == 1, "", "b7").astype(str),
        backbone="wav2vec2",
        layer=0,
    )


@dataclass
class Case:
    """Where a training and a case are, and how one is adapted to the other.

    Attributes
    ----------
    folder : pathlib.Path
        Of all.
    clips : EmbeddingSet
        What the data set of the case is heard as.
    """

    folder: Path
    clips: EmbeddingSet
    make_store: Callable
    rejected: dict[str, str]

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def embeddings(self) -> Path:
        return self.folder / "e"

    @property
    def mine(self) -> Dataset:
        root = self.folder / "mine"
        root.mkdir(exist_ok=True)
        return Dataset.open(root)

    def train(self, classifier: str = "lr", **options: object) -> Run:
        stores = TrainingStores.open(self.embeddings, "wav2vec2")
        given = small(classifier).hyperparameters
        return train_model(stores, self.runs, classifier, 0, None, given, **options).run

    def adapt(self, n_clips: int = 12, number: int = 0, **options: object) -> Adapted:
        run = find_training(self.runs, run_number=number)
        return adapt_run(run, self.mine, self.runs, n_clips, **options)

    def extract(self, dataset: Dataset, split: str, backbone: object, folder: Path) -> Extraction:
        """Take the place of `extract_split`."""
        store = self.make_store(folder, split, self.clips, dataset=str(dataset.audio.resolve()))
        return Extraction(store, len(self.clips), 0, self.rejected)


def make(
    folder: Path,
    make_embeddings: Callable,
    make_store: Callable,
    patch: pytest.MonkeyPatch,
    **about: object,
) -> Case:
    """Write the stores of a training whose classes show along the first axis, and make a case."""
    make_embeddings(folder / "e", gaps=(4.0,), n=40)
    case = Case(folder, make_case(**about), make_store, {})
    patch.setattr(sources, "load_own_backbone", lambda *about: None)
    patch.setattr(sources, "extract_split", case.extract)
    return case


def known(clips: EmbeddingSet, speakers: list[str]) -> EmbeddingSet:
    """Give the first speakers of clips other names."""
    names = dict(zip(dict.fromkeys(clips.speaker.tolist()), speakers, strict=False))
    told = [names.get(name, name) for name in clips.speaker.tolist()]
    return replace(clips, speaker=np.array(told))
