"""Scores of the clips of a test, kept in a file as soon as they are there.

The file is written anew, in one step, whenever some more clips are scored, so that after a kill the
same command goes on; what was kept of other clips or of another model is computed anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.utils.errors import AudiosError, RunError
from src.utils.files import write_text
from src.utils.shapes import Shape, read_shaped

_REMEDY = "remove it, and the clips are scored anew"


class _ScoresShape(Shape):
    fingerprint: str
    scores: list[float | None]
    failed: dict[str, str]


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
    """

    path: Path
    fingerprint: str
    scores: np.ndarray
    failed: dict[int, str]

    @classmethod
    def open(cls, path: Path, fingerprint: str, n_clips: int) -> "KeptScores":
        """Return what is kept, nothing where it is of something else or damaged.

        Parameters
        ----------
        path : pathlib.Path
            The file, there or not.
        fingerprint : str
            Of what the scores are to be of.
        n_clips : int
            How many clips there are.
        """
        if path.is_file():
            try:
                found = cls.read(path)
            except AudiosError:
                found = None
            if found is not None and (found.fingerprint, len(found.scores)) == (
                fingerprint,
                n_clips,
            ):
                return found
        return cls(path, fingerprint, np.full(n_clips, np.nan), {})

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
        return cls(path, found["fingerprint"], scores, failed)

    def write(self) -> None:
        """Write what is there.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        scores = [None if np.isnan(score) else float(score) for score in self.scores]
        failed = {str(row): self.failed[row] for row in sorted(self.failed)}
        about = {"fingerprint": self.fingerprint, "failed": failed, "scores": scores}
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
