"""From the scores of a split's clips to trials, with all that is known of each clip."""

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
    clips: LabelledClips, scores: np.ndarray, calibration: Calibration, source: ClipSource
) -> Trials:
    """Put clips and their scores, shape (clips,), together.

    Parameters
    ----------
    clips : LabelledClips
    scores : numpy.ndarray
    calibration : Calibration
        Turns the scores into likelihood ratios.
    source : ClipSource
        Where the clips are from.
    """
    return Trials(
        files=clips.files,
        scores=scores,
        labels=clips.y,
        llrs=calibration.llrs(scores),
        speakers=clips.speaker,
        conditions=conditions_of(clips, source),
    )


def conditions_of(clips: LabelledClips, source: ClipSource) -> pd.DataFrame:
    """Return those of `CONDITIONS` that are known of clips, a row each, in their order.

    Gender and attack are kept with the clips; what else there is, is in the data set's table. A
    data set that is gone leaves a test without those groups, no more.
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
    """Read a data set's table once for all trials of a search, as long as it stays as it is."""
    return Dataset.open(root).read_files()
