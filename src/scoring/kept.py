"""Scores of the clips of a test, kept in a file as soon as they are there.

The file is written anew, in one step, whenever some more clips are scored, so that after a kill the
same command goes on; what was kept of other clips or of another model is computed anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from src.utils.errors import AudiosError, RunError
from src.utils.files import without_nan, write_text
from src.utils.shapes import Shape, read_shaped

_REMEDY = "remove it, and the clips are scored anew"


class _ScoresShape(Shape):
    fingerprint: str
    scores: list[float | None]
    failed: dict[str, str]
    members: list[list[float | None]] = Field(default_factory=list)


@dataclass
class KeptScores:
    """The scores of all clips of a test.

    Attributes
    ----------
    path : pathlib.Path
        Their file.
    fingerprint : str
        A hash of what they depend on.
    scores : numpy.ndarray
        float64, shape (clips,); NaN for a clip that has none.
    failed : dict of int to str
        By row, why a clip has none and will get none.
    members : numpy.ndarray
        float64, shape (clips, members): the ratios by the members of a fusion, NaN as the scores;
        of shape (clips, 0) for what is no fusion.
    """

    path: Path
    fingerprint: str
    scores: np.ndarray
    failed: dict[int, str]
    members: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def open(cls, path: Path, fingerprint: str, n_clips: int, n_members: int = 0) -> "KeptScores":
        """Return what is kept, nothing where it is of something else or damaged.

        Parameters
        ----------
        path : pathlib.Path
            The file, there or not.
        fingerprint : str
            Of what the scores are to be of.
        n_clips : int
            How many clips there are.
        n_members : int
            How many members the fusion has that scores them.
        """
        if path.is_file():
            try:
                found = cls.read(path)
            except AudiosError:
                found = None
            wanted = (fingerprint, (n_clips, n_members))
            if found is not None and (found.fingerprint, found.members.shape) == wanted:
                return found
        members = np.full((n_clips, n_members), np.nan)
        return cls(path, fingerprint, np.full(n_clips, np.nan), {}, members)

    @classmethod
    def read(cls, path: Path) -> "KeptScores":
        """Read what `write` has written.

        Parameters
        ----------
        path : pathlib.Path
            The file.

        Raises
        ------
        AudiosError
            When it is absent or damaged.
        """
        found = read_shaped(path, _ScoresShape, _REMEDY)
        scores = np.array(found["scores"], np.float64)
        failed = {int(row): why for row, why in _rows(found["failed"], len(scores), path).items()}
        rows = found.get("members") or [[]] * len(scores)
        if len(rows) != len(scores) or len({len(row) for row in rows}) > 1:
            raise RunError(f"{path} is damaged: its members are not of its clips; {_REMEDY}")
        members = np.array(rows, np.float64).reshape(len(scores), len(rows[0]) if rows else 0)
        return cls(path, found["fingerprint"], scores, failed, members)

    def write(self) -> None:
        """Write what is there.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        scores = [None if np.isnan(score) else float(score) for score in self.scores]
        failed = {str(row): self.failed[row] for row in sorted(self.failed)}
        about: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "failed": failed,
            "scores": scores,
        }
        if self.members.shape[1]:
            about["members"] = without_nan(self.members.tolist())
        write_text(self.path, json.dumps(about) + "\n")

    @property
    def is_scored(self) -> np.ndarray:
        """Whether each clip has a score, bool of shape (clips,)."""
        return np.isfinite(self.scores)

    @property
    def is_done(self) -> np.ndarray:
        """Whether each clip has its score, or will get none, bool of shape (clips,)."""
        done = self.is_scored
        done[list(self.failed)] = True
        return done


def _rows(failed: Mapping[str, str], n_clips: int, path: Path) -> Mapping[str, str]:
    wrong = [row for row in failed if not (row.isdecimal() and int(row) < n_clips)]
    if wrong:
        raise RunError(f"{path} is damaged: there is no clip {wrong[0][:20]!r}; {_REMEDY}")
    return failed
