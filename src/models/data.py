"""The input of training: train and validation embeddings of one backbone."""

import logging
import shlex
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from src.utils.config import CLEAN, DOWNSTREAM_SPLITS
from src.utils.embeddings.copies import COPY, recipe_of
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.embedding_set import EmbeddingSet, assert_disjoint, concatenate_sets
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import CLIPS, REJECTED, EmbeddingStore, read_store_table
from src.utils.embeddings.writer import IDENTITY
from src.utils.errors import EmbeddingError
from src.utils.files import PARTIAL

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
    """The embedding stores of training and validation; vectors are loaded when asked for.

    Attributes
    ----------
    train, validation : EmbeddingStore
        The stores of `downstream_train` and `downstream_val`.
    copies : tuple of EmbeddingStore
        The stores of augmented copies of the training clips that are trained on, too.
    calibrate : {'clean', 'matched', 'all'}
        Which validation clips threshold and calibration are fitted on.
    degraded : EmbeddingStore or None
        The store of degraded validation clips, where some are fitted on; nothing is chosen or
        tested by them.
    """

    train: EmbeddingStore
    validation: EmbeddingStore
    copies: tuple[EmbeddingStore, ...] = ()
    calibrate: str = CLEAN
    degraded: EmbeddingStore | None = None

    @classmethod
    def open(cls, embeddings: Path, backbone: str, augmented: bool = False) -> "TrainingStores":
        """Open `downstream_train` and `downstream_val`, warning of an older split.

        Parameters
        ----------
        embeddings : pathlib.Path
            The folder of all stores.
        backbone : str
            Name of the backbone.
        augmented : bool
            Whether to open the augmented copies of the training clips as well.

        Raises
        ------
        EmbeddingError
            When one is absent, they come from different models, they share a speaker, or copies
            are of other clips than the training or of more than one recipe.
        """
        train = EmbeddingStore.open(embeddings, backbone, TRAIN)
        copies = open_copies(train) if augmented else ()
        stores = cls(train, EmbeddingStore.open(embeddings, backbone, VALIDATION), copies)
        require_same_backbone(stores.train, stores.validation)
        warn_if_stale(stores.train, stores.validation)
        return stores

    @property
    def augmentation(self) -> dict[str, Any] | None:
        """How the copies are augmented and how many there are; None where there are none."""
        if not self.copies:
            return None
        return recipe_of(self.copies[0].augmentation or {}) | {"copies": len(self.copies)}

    def load(self, selection: Selection) -> tuple[EmbeddingSet, EmbeddingSet]:
        """Return train, with its copies, and validation, disjoint and of both classes.

        Parameters
        ----------
        selection : Selection
            What of the backbone's output a vector is.

        Raises
        ------
        EmbeddingError
            When they share a speaker or a class is absent.
        """
        return _load(self, selection)

    def load_together(self, selection: Selection) -> EmbeddingSet:
        """Return the clips of train and validation as one set.

        Parameters
        ----------
        selection : Selection
            What of the backbone's output a vector is.

        Raises
        ------
        EmbeddingError
            When the two share a speaker.
        """
        return concatenate_sets(*_load_disjoint(self, selection))

    def load_degraded(self, selection: Selection) -> EmbeddingSet | None:
        """Return the degraded validation clips, None where none are fitted on.

        Parameters
        ----------
        selection : Selection
            What of the backbone's output a vector is.

        Raises
        ------
        EmbeddingError
            When a class is absent.
        """
        if self.degraded is None:
            return None
        found = self.degraded.load(*selection)
        found.require_both_classes(f"degraded {VALIDATION}")
        return found

    def inputs(self) -> dict[str, Any]:
        """Return the fingerprints of the stores by their names, for a run's manifest."""
        more = self.copies if self.degraded is None else (*self.copies, self.degraded)
        return {
            TRAIN: self.train.fingerprint,
            VALIDATION: self.validation.fingerprint,
            **{store.folder.name: store.fingerprint for store in more},
        }

    def __hash__(self) -> int:
        return hash(tuple(self.inputs().items()))


def open_copies(clean: EmbeddingStore) -> tuple[EmbeddingStore, ...]:
    """Open the stores of augmented copies of a store's clips, warning of unfinished ones.

    Parameters
    ----------
    clean : EmbeddingStore
        The store of the recordings as they are.

    Raises
    ------
    EmbeddingError
        When there is none, or one does not go with the others.
    """
    found = clean.copies()
    split, name = clean.folder.name, clean.backbone["name"]
    for path in sorted(clean.folder.parent.glob(f"{split}.{COPY}*{PARTIAL}")):
        log.warning("%s is not finished, and is left out", path)
    if not found:
        raise EmbeddingError(
            f"no augmented {name} embeddings of {split} in {clean.embeddings}; run first: fab "
            f"GenerateEmbeddings --backbone={name} --augment=KINDS --copies=N "
            f"--embeddings={shlex.quote(str(clean.embeddings))}"
        )
    for store in found:
        require_same_backbone(clean, store)
        require_same_clips(clean, store)
        if recipe_of(store.augmentation or {}) != recipe_of(found[0].augmentation or {}):
            raise EmbeddingError(
                f"{found[0].folder} and {store.folder} were augmented differently; remove one of "
                f"them"
            )
    return tuple(found)


def require_same_clips(clean: EmbeddingStore, copy: EmbeddingStore) -> None:
    """Check that augmented clips are those of another store, of the same labels.

    Parameters
    ----------
    clean : EmbeddingStore
        The store of the recordings as they are.
    copy : EmbeddingStore
        The augmented ones.

    Raises
    ------
    EmbeddingError
        Naming both.
    """
    if not is_of_same_clips(clean, copy):
        raise EmbeddingError(
            f"{copy.folder} is of other recordings or labels than {clean.folder}; run "
            f"GenerateEmbeddings again with the same --augment"
        )


def is_of_same_clips(clean: EmbeddingStore, copy: EmbeddingStore) -> bool:
    """Say whether augmented clips are those of another store, of the same labels.

    Parameters
    ----------
    clean, copy : EmbeddingStore
        See `require_same_clips`.
    """
    (recordings, ours), (copied, theirs) = _rows_of(clean), _rows_of(copy)
    # A clip may be rejected in one of them alone.
    both = ours.index.intersection(theirs.index)
    return recordings == copied and ours.loc[both].equals(theirs.loc[both])


def _rows_of(store: EmbeddingStore) -> tuple[set[tuple[str, ...]], pd.DataFrame]:
    """Return the recordings of a store in their states, and what it says of its clips by file."""
    tables = [read_store_table(store.folder / name, IDENTITY) for name in (CLIPS, REJECTED)]
    recordings = pd.concat(tables)[IDENTITY].itertuples(index=False, name=None)
    return set(recordings), store.clips().set_index("file")[
        ["speaker", "gender", "label", "attack"]
    ]


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
def _load(stores: TrainingStores, selection: Selection) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Load what is selected, cached since a search loads the same few again and again."""
    train, validation = _load_disjoint(stores, selection)
    copies = (store.load(*selection) for store in stores.copies)
    # Of clips that were rejected themselves no copy is learnt from.
    own = [c.where(np.isin(c.files, train.files)) for c in copies]
    train = concatenate_sets(train, *own) if own else train
    train.require_both_classes(TRAIN)
    validation.require_both_classes(VALIDATION)
    return train, validation


def _load_disjoint(
    stores: TrainingStores, selection: Selection
) -> tuple[EmbeddingSet, EmbeddingSet]:
    train, validation = stores.train.load(*selection), stores.validation.load(*selection)
    assert_disjoint(**{TRAIN: train, VALIDATION: validation})
    return train, validation
