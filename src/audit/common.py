"""Properties that clips share: speaker, file content, audio, source utterance, sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.audit.duplicates import group_equal, group_near_duplicates
from src.utils.config import DOWNSTREAM_SPLITS, SPLITS, SPOOF
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE, text_column

_, VALIDATION, TEST = DOWNSTREAM_SPLITS
LATER_SPLITS = (VALIDATION, TEST)
"""Splits that are evaluated on, in their order; a clip of an earlier split counts as seen."""

FILE, NEAR = "file content", "near-duplicate audio"


@dataclass(frozen=True)
class Common:
    """A property that clips may share, such as the speaker.

    Attributes
    ----------
    name : str
        The property, as reports name it.
    is_leak : bool
        Whether sharing it between training and test is leakage; otherwise it limits how far the
        test generalises.
    keys : numpy.ndarray
        int, shape (clips,): equal for clips that share it, -1 where it is unknown.
    """

    name: str
    is_leak: bool
    keys: np.ndarray

    @property
    def is_known(self) -> np.ndarray:
        """Whether each clip's key is known, bool of shape (clips,)."""
        return self.keys >= 0

    def first_matches(self, here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of `here` that have a match in `there`, and the first match of each.

        Parameters
        ----------
        here, there : numpy.ndarray
            Masks of the clips to be matched and of those to match with, bool, shape (clips,).
        """
        places = np.flatnonzero(there & self.is_known)
        keys, first = np.unique(self.keys[places], return_index=True)
        rows = np.flatnonzero(here & self.is_known & np.isin(self.keys, keys))
        return rows, places[first[np.searchsorted(keys, self.keys[rows])]]


def find_common(
    files: pd.DataFrame, fingerprints: Sequence[np.ndarray], same_voices: bool = False
) -> list[Common]:
    """Group clips by each property that they may share.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with the schema's columns and `sha256`.
    fingerprints : sequence of numpy.ndarray
        The acoustic fingerprint of each clip (see `compute_fingerprint`).
    same_voices : bool
        Whether the split is not by speaker, so that the same ones are on both sides on purpose.

    Returns
    -------
    list of Common
        Properties that are unknown for every clip (such as transcripts) are left out.
    """
    content = group_equal(files["sha256"].tolist())
    generator = files["attack"].where(files["label"] == SPOOF, "")
    found = [
        Common("speaker", not same_voices, _numbered(files["speaker"])),
        Common(FILE, True, content),
        Common(NEAR, True, _near(content, fingerprints)),
        Common("source utterance", True, _numbered(text_column(files, UTTERANCE))),
        Common("generator", False, _numbered(generator)),
        Common("sentence", False, _numbered(_plain(text_column(files, TRANSCRIPT)))),
    ]
    return [common for common in found if common.is_known.any()]


def known_before(splits: np.ndarray, split: str) -> np.ndarray:
    """Return a mask of the clips in any split before this one, pretext splits among them.

    Parameters
    ----------
    splits : numpy.ndarray
        The split of each clip, str of shape (clips,).
    split : str
        One of `config.SPLITS`.

    Returns
    -------
    numpy.ndarray
        bool, shape (clips,).
    """
    return np.isin(splits, SPLITS[: SPLITS.index(split)])


def _near(content: np.ndarray, fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """Group near-duplicates, one clip standing for all of the same content."""
    _, first = np.unique(content, return_index=True)
    return group_near_duplicates([fingerprints[i] for i in first])[content]


def _numbered(names: pd.Series) -> np.ndarray:
    codes, _ = pd.factorize(names.where(names != "", None))
    return np.asarray(codes)


def _plain(sentences: pd.Series) -> pd.Series:
    """Leave letters and digits only: case and punctuation are not spoken."""
    return sentences.str.casefold().str.replace(r"[\W_]+", " ", regex=True).str.strip()
