"""What a classifier is given: vectors with their labels, checked when made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from src.utils.config import BY_SPEAKER, BY_UTTERANCE, GENDERS, LABELS
from src.utils.errors import EmbeddingError, shorten

_PER_CLIP = ("files", "x", "y", "gender", "speaker", "attack")


@dataclass(frozen=True)
class EmbeddingSet:
    """The vectors of one split at one layer.

    Attributes
    ----------
    files : numpy.ndarray
        str, shape (clips,), unique.
    x : numpy.ndarray
        float32, shape (clips, dim).
    y : numpy.ndarray
        int8, shape (clips,): 1 bona-fide, 0 spoof.
    gender, speaker, attack : numpy.ndarray
        str, shape (clips,); empty where unknown.
    backbone : str
    layer : int
    units : {'speaker', 'utterance'}
        What the split keeps on one side.

    Raises
    ------
    EmbeddingError
        When made of parts that do not fit together.
    """

    files: np.ndarray
    x: np.ndarray
    y: np.ndarray
    gender: np.ndarray
    speaker: np.ndarray
    attack: np.ndarray
    backbone: str
    layer: int
    units: str = BY_SPEAKER

    def __post_init__(self) -> None:
        n_clips = len(self.files)
        problems = []
        if self.x.ndim != 2 or self.x.dtype != np.float32:
            problems.append(
                f"x is {self.x.dtype} of shape {self.x.shape}, not float32 (clips, dim)"
            )
        for name in ("x", "y", "gender", "speaker", "attack"):
            if len(getattr(self, name)) != n_clips:
                problems.append(f"{name} has {len(getattr(self, name))} rows for {n_clips} files")
        if not np.isin(self.y, (0, 1)).all() or self.y.dtype != np.int8:
            problems.append("y is not int8 of 0 and 1")
        if not np.isin(self.gender, (*GENDERS, "")).all():
            problems.append("gender is not M, F or empty")
        if len(set(self.files)) != n_clips:
            problems.append("a file is there twice")
        if self.x.ndim == 2 and not np.isfinite(self.x).all():
            bad = self.files[~np.isfinite(self.x).all(axis=1)]
            problems.append(f"vectors that are not finite: {shorten(bad)}")
        if problems:
            raise EmbeddingError(f"broken embeddings: {'; '.join(problems)}")

    def __len__(self) -> int:
        return len(self.files)

    def where(self, mask: np.ndarray) -> "EmbeddingSet":
        """Return the clips for which `mask`, bool of shape (clips,), is true."""
        rows: dict[str, Any] = {name: getattr(self, name)[mask] for name in _PER_CLIP}
        return replace(self, **rows)

    def require_both_classes(self, what: str) -> None:
        """Fail when a class is absent.

        Raises
        ------
        EmbeddingError
            Naming `what` and the class.
        """
        for value, label in ((1, LABELS[0]), (0, LABELS[1])):
            if not (self.y == value).any():
                raise EmbeddingError(f"{what} holds no {label} clip among {len(self)}")


def join(first: EmbeddingSet, second: EmbeddingSet) -> EmbeddingSet:
    """Return the clips of two sets of one backbone and layer, the first one's first."""
    rows: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _PER_CLIP
    }
    return replace(first, **rows)


def unshared(*units: str) -> tuple[str, ...]:
    """Return what sets of splits by these units must not share: `speaker` and `files`, or less."""
    return ("files",) if set(units) == {BY_UTTERANCE} else ("speaker", "files")


def assert_disjoint(**sets: EmbeddingSet) -> None:
    """Fail when two sets share a speaker or a file, which would flatter every figure.

    Two sets of a split by utterance may share speakers.

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
