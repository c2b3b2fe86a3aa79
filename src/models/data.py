"""The input of training: train and validation embeddings of one backbone."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.embedding_set import EmbeddingSet, assert_disjoint, concatenate_sets
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import EmbeddingError

log = logging.getLogger(__name__)

TRAIN, VALIDATION, TEST = DOWNSTREAM_SPLITS


class ClipSource(Protocol):
    """The source of a split's clips: an embedding store, or the recordings themselves."""

    @property
    def dataset(self) -> str:
        """The folder of the recordings."""

    @property
    def dataset_name(self) -> str:
        """The name of the data set's own folder."""

    @property
    def root(self) -> Path | None:
        """The data set's own folder, None where it is not known."""

    @property
    def split_recipe(self) -> dict[str, Any] | None:
        """The settings of the split, None where they are not known."""

    @property
    def fingerprint(self) -> str:
        """A hash of the clips and their features."""


@dataclass(frozen=True)
class TrainingStores:
    """The embedding stores of training and validation; a layer is loaded when asked for.

    Attributes
    ----------
    train, validation : EmbeddingStore
        The stores of `downstream_train` and `downstream_val`.
    """

    train: EmbeddingStore
    validation: EmbeddingStore

    @classmethod
    def open(cls, embeddings: Path, backbone: str) -> "TrainingStores":
        """Open `downstream_train` and `downstream_val`, warning of an older split.

        Parameters
        ----------
        embeddings : pathlib.Path
            The folder of all stores.
        backbone : str
            Name of the backbone.

        Raises
        ------
        EmbeddingError
            When one is absent, they come from different models, or they share a speaker.
        """
        stores = cls(
            EmbeddingStore.open(embeddings, backbone, TRAIN),
            EmbeddingStore.open(embeddings, backbone, VALIDATION),
        )
        require_same_backbone(stores.train, stores.validation)
        warn_if_stale(stores.train, stores.validation)
        return stores

    def load(self, layer: int) -> tuple[EmbeddingSet, EmbeddingSet]:
        """Return train and validation at a layer, disjoint and with both classes.

        Raises
        ------
        EmbeddingError
            When they share a speaker or a class is absent.
        """
        return _load(self, layer)

    def load_together(self, layer: int) -> EmbeddingSet:
        """Return the clips of train and validation at a layer as one set.

        Raises
        ------
        EmbeddingError
            When the two share a speaker.
        """
        return concatenate_sets(*_load_disjoint(self, layer))

    def inputs(self) -> dict[str, Any]:
        """Return the fingerprints of both stores by split, for a run's manifest."""
        return {TRAIN: self.train.fingerprint, VALIDATION: self.validation.fingerprint}

    def __hash__(self) -> int:
        return hash((self.train.fingerprint, self.validation.fingerprint))


def require_same_backbone(first: EmbeddingStore, second: EmbeddingStore) -> None:
    """Check that two stores hold embeddings of the same model.

    Parameters
    ----------
    first, second : EmbeddingStore
        The stores.

    Raises
    ------
    EmbeddingError
        Naming the two and what differs.
    """
    differs = backbone_differences(first.backbone, second.backbone)
    if differs:
        raise EmbeddingError(
            f"{first.folder} and {second.folder} differ in {', '.join(differs)}; run "
            f"GenerateEmbeddings for both with the same flags"
        )


def warn_if_stale(*stores: EmbeddingStore) -> None:
    """Log a warning when any of the stores is of an older split than its data set has now."""
    if any(store.is_stale for store in stores):
        log.warning(
            "the data set was split anew since these embeddings were made; run GenerateEmbeddings"
        )


@lru_cache(maxsize=4)
def _load(stores: TrainingStores, layer: int) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Load a layer, cached since a search loads the same few again and again."""
    train, validation = _load_disjoint(stores, layer)
    train.require_both_classes(TRAIN)
    validation.require_both_classes(VALIDATION)
    return train, validation


def _load_disjoint(stores: TrainingStores, layer: int) -> tuple[EmbeddingSet, EmbeddingSet]:
    train, validation = stores.train.load(layer), stores.validation.load(layer)
    assert_disjoint(**{TRAIN: train, VALIDATION: validation})
    return train, validation
