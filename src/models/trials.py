"""Trials (scored clips) of a split, with the conditions known of each clip."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.trials import CONDITIONS, Trials
from src.models.data import ClipSource
from src.utils.dataset.dataset import FILES_TABLE, Dataset
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.schema import NUMERIC
from src.utils.errors import AudiosError
from src.utils.files import file_identity
from src.utils.metrics.calibration import Calibration


def trials_of(
    clips: LabelledClips,
    scores: np.ndarray,
    calibration: Calibration,
    source: ClipSource,
    members: pd.DataFrame | None = None,
) -> Trials:
    """Make trials of clips and their scores.

    Parameters
    ----------
    clips : LabelledClips
        The clips with their labels.
    scores : numpy.ndarray
        The score of each clip, shape (clips,).
    calibration : Calibration
        Turns the scores into likelihood ratios.
    source : ClipSource
        Where the clips come from.
    members : pandas.DataFrame, optional
        The ratios of each clip by the members of a fusion (see `Trials`).
    """
    return Trials(
        files=clips.files,
        scores=scores,
        labels=clips.y,
        llrs=calibration.llrs(scores),
        speakers=clips.speaker,
        conditions=conditions_of(clips, source),
        members=pd.DataFrame() if members is None else members,
    )


def conditions_of(clips: LabelledClips, source: ClipSource) -> pd.DataFrame:
    """Return the known ones of `CONDITIONS` for each clip, a row a clip.

    Gender and attack are kept with the clips; other conditions are read from the data set's files
    table. Where the data set is gone, they are left out.

    Parameters
    ----------
    clips : LabelledClips
        The clips.
    source : ClipSource
        Where they come from.
    """
    known = pd.DataFrame({"gender": clips.gender, "attack": clips.attack})
    table = _table_of(source.root)
    if table is not None:
        rows = table.set_index("file").reindex(clips.files).reset_index(drop=True)
        for name in CONDITIONS:
            if name in rows and name not in known:
                known[name] = rows[name] if name in NUMERIC else rows[name].fillna("")
    said = (known != "") & known.notna()
    return known.loc[:, said.any()]


def _table_of(root: Path | None) -> pd.DataFrame | None:
    if root is None:
        return None
    try:
        return _read_table(root, file_identity(root / FILES_TABLE))
    except AudiosError:
        return None


@lru_cache(maxsize=2)
def _read_table(root: Path, _identity: tuple[str, str]) -> pd.DataFrame:
    """Read a data set's files table, cached for a search for as long as it is not changed."""
    return Dataset.open(root).read_files()
