"""The input of a classifier: embeddings with their labels, validated when made."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from src.utils.config import SHARED_VOICES
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import AudiosError, EmbeddingError, shorten


@dataclass(frozen=True, kw_only=True)
class EmbeddingSet(LabelledClips):
    """The embeddings of one split at one layer.

    Attributes
    ----------
    x : numpy.ndarray
        The embeddings, float32 of shape (clips, dim).
    backbone : str
        Name of the backbone that computed them.
    layer : int or 'weighted'
        The model's own number of the layer; `weighted`: all layers, one behind the other.
    n_layers : int
        How many layers' vectors, of one length each, `x` has side by side.
    weight : numpy.ndarray
        float64, shape (clips,): how much each clip counts in a training; ones where it is not
        given.
    copy : numpy.ndarray
        int64, shape (clips,): 0 for a recording as it is, else the number of its augmented copy;
        zeros where it is not given. A file may be there once with each number.

    Raises
    ------
    EmbeddingError
        When the parts it is made of do not fit together.
    """

    x: np.ndarray
    backbone: str
    layer: int | str
    n_layers: int = 1
    copy: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))

    per_clip: ClassVar[tuple[str, ...]] = ("x", "copy", "weight", *LabelledClips.per_clip)
    error: ClassVar[type[AudiosError]] = EmbeddingError
    what: ClassVar[str] = "embeddings"

    def __post_init__(self) -> None:
        if not len(self.copy):
            object.__setattr__(self, "copy", np.zeros(len(self.files), np.int64))
        if not len(self.weight):
            object.__setattr__(self, "weight", np.ones(len(self.files)))
        super().__post_init__()

    def names(self) -> list[Any]:
        """Return what tells the clips apart: their files, and which copies they are."""
        return list(zip(self.files.tolist(), self.copy.tolist(), strict=False))

    @property
    def as_recorded(self) -> Self:
        """The clips without their augmented copies."""
        return self.where(self.copy == 0)

    def find_problems(self) -> list[str]:
        """Return the faults of shapes, types and values, one text each."""
        problems = super().find_problems()
        if self.x.ndim != 2 or self.x.dtype != np.float32:
            problems.append(
                f"x is {self.x.dtype} of shape {self.x.shape}, not float32 (clips, dim)"
            )
        elif len(self.x) == len(self.files) and not np.isfinite(self.x).all():
            bad = self.files[~np.isfinite(self.x).all(axis=1)]
            problems.append(f"vectors that are not finite: {shorten(bad)}")
        if not (np.isfinite(self.weight) & (self.weight > 0)).all():
            problems.append("a weight is not above 0")
        return problems


def concatenate_sets(first: EmbeddingSet, *others: EmbeddingSet) -> EmbeddingSet:
    """Concatenate sets of one backbone and layer.

    Parameters
    ----------
    first, *others : EmbeddingSet
        In the order in which their clips come.
    """
    parts = {name: [getattr(one, name) for one in (first, *others)] for name in first.per_clip}
    rows: dict[str, Any] = {name: np.concatenate(part) for name, part in parts.items()}
    return replace(first, **rows)


def unshared(*units: str) -> tuple[str, ...]:
    """Return the columns in which splits must be disjoint: `speaker` and `files`, or `files` alone.

    Parameters
    ----------
    *units : {'speaker', 'utterance', 'clip'}
        The unit that each of the splits keeps whole (see `SPLIT_UNITS`).
    """
    return ("files",) if set(units) <= SHARED_VOICES.keys() else ("speaker", "files")


def assert_disjoint(**sets: EmbeddingSet) -> None:
    """Check that no two sets share a speaker or a file, which would bias every metric.

    Two sets of a split by utterance or by clip may share speakers.

    Parameters
    ----------
    **sets : EmbeddingSet
        By the name of the split.

    Raises
    ------
    EmbeddingError
        Naming the two and the first few shared.
    """
    names: Sequence[str] = list(sets)
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            for kind in unshared(sets[first].units, sets[second].units):
                here, there = (set(getattr(sets[name], kind)) for name in (first, second))
                shared = sorted(here & there - {""})
                if shared:
                    raise EmbeddingError(
                        f"{first} and {second} share {len(shared)} {kind.removesuffix('s')}s "
                        f"({shorten(shared)}): their embeddings are of different splits; run "
                        f"GenerateEmbeddings again"
                    )
