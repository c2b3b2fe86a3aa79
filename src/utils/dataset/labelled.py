"""Clips with their labels: what every set that a classifier is given has, whatever is in it."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from src.utils.config import BY_SPEAKER, GENDERS, LABELS
from src.utils.errors import AudiosError, DatasetError


@dataclass(frozen=True, kw_only=True)
class LabelledClips:
    """The clips of one split.

    Attributes
    ----------
    files : numpy.ndarray
        str, shape (clips,), unique.
    y : numpy.ndarray
        int8, shape (clips,): 1 bona-fide, 0 spoof.
    gender, speaker, attack : numpy.ndarray
        str, shape (clips,); empty where unknown.
    units : {'speaker', 'utterance', 'clip'}
        What the split keeps on one side.

    Raises
    ------
    AudiosError
        When made of parts that do not fit together.
    """

    files: np.ndarray
    y: np.ndarray
    gender: np.ndarray
    speaker: np.ndarray
    attack: np.ndarray
    units: str = BY_SPEAKER

    per_clip: ClassVar[tuple[str, ...]] = ("files", "y", "gender", "speaker", "attack")
    """The attributes that have a row a clip."""
    error: ClassVar[type[AudiosError]] = DatasetError
    what: ClassVar[str] = "clips"

    def __post_init__(self) -> None:
        problems = self.find_problems()
        if problems:
            raise self.error(f"broken {self.what}: {'; '.join(problems)}")

    def __len__(self) -> int:
        return len(self.files)

    def find_problems(self) -> list[str]:
        """Return what does not fit together."""
        n_clips = len(self.files)
        problems = []
        for name in self.per_clip:
            if len(getattr(self, name)) != n_clips:
                problems.append(f"{name} has {len(getattr(self, name))} rows for {n_clips} files")
        if not np.isin(self.y, (0, 1)).all() or self.y.dtype != np.int8:
            problems.append("y is not int8 of 0 and 1")
        if not np.isin(self.gender, (*GENDERS, "")).all():
            problems.append("gender is not M, F or empty")
        if len(set(self.names())) != n_clips:
            problems.append("a file is there twice")
        return problems

    def names(self) -> list[Any]:
        """Return what tells the clips apart: their files."""
        return self.files.tolist()

    def where(self, mask: np.ndarray) -> Self:
        """Return some of the clips.

        Parameters
        ----------
        mask : numpy.ndarray
            bool, shape (clips,): true for those wanted.
        """
        rows: dict[str, Any] = {name: getattr(self, name)[mask] for name in self.per_clip}
        return replace(self, **rows)

    def require_both_classes(self, what: str) -> None:
        """Fail when a class is absent.

        Parameters
        ----------
        what : str
            What the clips are, to begin the message with.

        Raises
        ------
        AudiosError
            Naming `what` and the class.
        """
        for value, label in ((1, LABELS[0]), (0, LABELS[1])):
            if not (self.y == value).any():
                raise self.error(f"{what} holds no {label} clip among {len(self)}")
