"""Which data set a test is of, and what the files of its results end in."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from src.models.data import TEST, ClipSource
from src.utils.config import GENDERS
from src.utils.runs import Run

TESTED = "tested"
"""Entry of a run's manifest: the fingerprint of what was tested, by split and ending."""
ENDINGS = "tested_elsewhere"
"""Entry of a run's manifest: the folder of each other data set that was tested, by its ending."""

_LONGEST = 40
"""Characters of an ending; with those before and behind it the file must still have a name."""


def ending_for(run: Run, source: ClipSource) -> str:
    """Return what sets the results on a data set apart, empty for the run's own.

    It is the name of the data set's folder, with a number where another one was given it before.
    A run of before there was a record takes every data set for its own.
    """
    if _is_own(run, source):
        return ""
    endings: Mapping[str, str] = run.manifest.get(ENDINGS, {})
    for ending, dataset in endings.items():
        if dataset == source.dataset:
            return ending
    return _unused(_file_name(source.dataset_name), endings)


def keep_ending(run: Run, source: ClipSource, ending: str) -> None:
    """Note in the run's manifest whose results have this ending."""
    if ending:
        run.update(**{ENDINGS: run.manifest.get(ENDINGS, {}) | {ending: source.dataset}})


def _is_own(run: Run, source: ClipSource) -> bool:
    own = run.manifest.get("dataset")
    if own is None or own == source.dataset:
        return True
    # A data set that was moved is the same one; two that exist are not.
    tested = run.manifest.get(TESTED, {})
    parts = (TEST, *(f"{TEST}_{gender}" for gender in GENDERS))
    same_clips = any(tested.get(part) == source.fingerprint for part in parts)
    return same_clips and not Path(own).is_dir()


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:_LONGEST] or "other"


def _unused(name: str, endings: Collection[str]) -> str:
    # Some disks take names that differ in case alone for one.
    taken = {ending.lower() for ending in endings}
    ending, number = name, 1
    while ending.lower() in taken or _reads_as_gender(ending):
        number += 1
        ending = f"{name}{number}"
    return ending


def _reads_as_gender(ending: str) -> bool:
    """Say whether results with it could be taken for those of one gender."""
    return f"_{ending}".upper().endswith(tuple(f"_{gender}" for gender in GENDERS))
