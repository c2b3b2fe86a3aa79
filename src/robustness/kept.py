"""The table of the clips whose scores under conditions are kept in a run's folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.robustness.names import CLIPS
from src.utils.config import BONA_FIDE, LABEL_VALUE, SPOOF
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import RunError
from src.utils.tables import read_csv, write_csv

REMEDY = "remove it, and run TestRobustness again"

_COLUMNS = ("file", "label", "speaker")


def write_clips(folder: Path, clips: LabelledClips) -> None:
    """Write which clips the scores are of, in their order.

    Parameters
    ----------
    folder : pathlib.Path
        Of the scores.
    clips : LabelledClips
        The clips.
    """
    labels = np.where(clips.y == 1, BONA_FIDE, SPOOF)
    columns: dict[str, Any] = dict(zip(_COLUMNS, (clips.files, labels, clips.speaker), strict=True))
    write_csv(folder / CLIPS, pd.DataFrame(columns))


def read_clips(folder: Path) -> pd.DataFrame:
    """Return which clips the scores are of: `file, label, speaker` and `y`, 1 for bona-fide.

    Parameters
    ----------
    folder : pathlib.Path
        Of the scores.

    Raises
    ------
    AudiosError
        When the file is absent or damaged.
    """
    path = folder / CLIPS
    table = read_csv(path)
    if not set(_COLUMNS) <= set(table) or not table["label"].isin(list(LABEL_VALUE)).all():
        raise RunError(f"{path} is damaged: it lacks files, labels or speakers; {REMEDY}")
    return table.assign(y=table["label"].map(LABEL_VALUE))
