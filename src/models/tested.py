"""The data set of a test, and the suffix of its results' files (here called ending)."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from src.utils.config import DOWNSTREAM_SPLITS, GENDERS
from src.utils.runs import Run

if TYPE_CHECKING:
    from src.models.data import ClipSource

TESTED = "tested"
"""Entry of a run's manifest: the fingerprint of what was tested, by split and ending."""
ENDINGS = "tested_elsewhere"
"""Entry of a run's manifest: the folder of each other data set that was tested, by its ending."""

_LONGEST = 40
"""The most characters of an ending, so that names of files stay within their limit."""


def ending_for(run: Run, source: "ClipSource") -> str:
    """Return the ending of the results on a data set, empty for the run's own.

    It is the name of the data set's folder, with a number where it is taken by another one. A run
    too old to record its data set takes every one for its own.

    Parameters
    ----------
    run : Run
        The training run that is tested.
    source : ClipSource
        The data set of the test.
    """
    if _is_own(run, source):
        return ""
    endings: Mapping[str, str] = run.manifest.get(ENDINGS, {})
    for ending, dataset in endings.items():
        if dataset == source.dataset:
            return ending
    return _unused(_file_name(source.dataset_name), endings)


def keep_ending(run: Run, source: "ClipSource", ending: str) -> None:
    """Record in a run's manifest which data set's results have an ending.

    Parameters
    ----------
    run : Run
        The training run that is tested.
    source : ClipSource
        The data set of the test.
    ending : str
        See `ending_for`; an empty one is not recorded.
    """
    if ending:
        run.update(**{ENDINGS: run.manifest.get(ENDINGS, {}) | {ending: source.dataset}})


def _is_own(run: Run, source: "ClipSource") -> bool:
    own = run.manifest.get("dataset")
    if own is None or own == source.dataset:
        return True
    # A data set that was moved is the same one; two that exist are not.
    tested = run.manifest.get(TESTED, {})
    *_, test = DOWNSTREAM_SPLITS
    parts = (test, *(f"{test}_{gender}" for gender in GENDERS))
    same_clips = any(tested.get(part) == source.fingerprint for part in parts)
    return same_clips and not Path(own).is_dir()


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:_LONGEST] or "other"


def _unused(name: str, endings: Collection[str]) -> str:
    # Some file systems ignore case.
    taken = {ending.lower() for ending in endings}
    ending, number = name, 1
    while ending.lower() in taken or _reads_as_gender(ending):
        number += 1
        ending = f"{name}{number}"
    return ending


def _reads_as_gender(ending: str) -> bool:
    """Return whether results with it could be mistaken for those of one gender."""
    return f"_{ending}".upper().endswith(tuple(f"_{gender}" for gender in GENDERS))
