"""Bringing together the trials of a key and the scores of a system."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.score_files import ScoreFile
from src.utils.dataset.layouts.on_disk import composed, plain_path
from src.utils.dataset.layouts.tree import stem_of, without_suffix
from src.utils.errors import DatasetError


def _plain(name: str) -> str:
    return composed(plain_path(name))


def _bare(name: str) -> str:
    return without_suffix(_plain(name))


def _stem(name: str) -> str:
    return stem_of(_plain(name))


_WAYS: tuple[Callable[[str], str], ...] = (str, _plain, _bare, _stem)
"""The names by which recordings are matched, in the order tried, from path to stem."""


@dataclass(frozen=True)
class ScoredTrials:
    """The trials of a key, each with its score.

    Attributes
    ----------
    trials : pandas.DataFrame
        The key's rows and columns, in their order, and `score`.
    unused : pandas.Series
        What the score file calls the recordings that are in no trial.
    """

    trials: pd.DataFrame
    unused: pd.Series


def match_scores(key: pd.DataFrame, scores: ScoreFile) -> ScoredTrials:
    """Give every trial its score.

    Recordings are matched by their names as they stand, else without the suffix, else by the
    stem: the first way in which every trial has a score holds for the whole file. Paths of which
    some do match are not matched by their stems, where `real/a.wav` could take the score of
    `fake/a.wav`.

    Parameters
    ----------
    key : pandas.DataFrame
        With `file` and `label`, as `read_key` returns it.
    scores : ScoreFile
        The scores of the system.

    Raises
    ------
    DatasetError
        When a trial has no score (a metric of part of a test is not the test's), names do not
        tell two recordings apart, or the classes in the score file are others than the key's.
    """
    pairing = _pair(key["file"], scores.ids)
    is_scored = pairing.is_scored
    if not is_scored.any():
        raise DatasetError(
            f"no trial of the protocol has a score in {scores.path}: the one lists "
            f"{key['file'].iloc[0]}, the other {scores.ids.iloc[0]}"
        )
    _require_distinct(key["file"], pairing.files, is_scored, "trials", scores.path)
    _require_distinct(scores.ids, pairing.names, pairing.is_used, "scores", scores.path)
    if not is_scored.all():
        raise DatasetError(
            f"{(~is_scored).sum():,} of the {len(key):,} trials of the protocol have no score in "
            f"{scores.path}, such as {key['file'][~is_scored].iloc[0]}"
        )
    rows = np.empty(pairing.names.max() + 1, dtype=int)
    rows[pairing.names] = np.arange(len(pairing.names))
    rows = rows[pairing.files]
    _require_agreement(key, scores, rows)
    trials = key.assign(score=scores.scores[rows])
    return ScoredTrials(trials, scores.ids[~pairing.is_used].reset_index(drop=True))


@dataclass(frozen=True)
class _Pairing:
    """The recordings of both sides by numbers, the same for the same name.

    Attributes
    ----------
    files, names : numpy.ndarray
        Int of shapes (trials,) and (scores,).
    """

    files: np.ndarray
    names: np.ndarray

    @cached_property
    def is_scored(self) -> np.ndarray:
        """Whether a trial has a score, shape (trials,)."""
        return _are_among(self.files, self.names)

    @cached_property
    def is_used(self) -> np.ndarray:
        """Whether a score is of a trial, shape (scores,)."""
        return _are_among(self.names, self.files)


def _pair(files: pd.Series, names: pd.Series) -> _Pairing:
    """Return the first complete pairing, else the one that pairs most."""
    both = pd.concat([files, names], ignore_index=True)
    tried: list[_Pairing] = []
    for way in _WAYS:
        is_paired = any(pairing.is_scored.any() for pairing in tried)
        if way is _stem and is_paired and not (_are_bare(files) or _are_bare(names)):
            break
        numbers, _ = (both if way is str else both.map(way)).factorize()
        tried.append(_Pairing(numbers[: len(files)], numbers[len(files) :]))
        if tried[-1].is_scored.all():
            return tried[-1]
    return max(tried, key=lambda pairing: pairing.is_scored.sum())


def _are_bare(files: pd.Series) -> bool:
    return not files.str.contains("/", regex=False).any()


def _are_among(numbers: np.ndarray, others: np.ndarray) -> np.ndarray:
    is_there = np.zeros(max(numbers.max(), others.max()) + 1, dtype=bool)
    is_there[others] = True
    return is_there[numbers]


def _require_distinct(
    told: pd.Series, numbers: np.ndarray, is_needed: np.ndarray, what: str, path: Path
) -> None:
    is_shared = is_needed & (np.bincount(numbers)[numbers] > 1)
    if is_shared.any():
        examples = told[numbers == numbers[is_shared][0]].iloc[:2]
        raise DatasetError(
            f"{is_shared.sum():,} {what} share a name where the protocol is matched with {path}, "
            f"such as {' and '.join(examples)}; use the same paths in both"
        )


def _require_agreement(key: pd.DataFrame, scores: ScoreFile, rows: np.ndarray) -> None:
    if scores.keys is None:
        return
    told = scores.keys.iloc[rows].set_axis(key.index)
    differs = told != key["label"]
    if differs.any():
        first = differs.idxmax()
        raise DatasetError(
            f"{scores.path} and the protocol disagree on the class of {differs.sum():,} of the "
            f"{len(key):,} trials, such as {key['file'][first]}: {told[first]} against "
            f"{key['label'][first]}"
        )
