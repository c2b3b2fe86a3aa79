"""Groups of clips for grouped cross-validation and the cluster bootstrap."""

import numpy as np
import pandas as pd

from src.utils.config import BY_SPEAKER, BY_UTTERANCE
from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.dataset.split.groups import group_clips


def voice_groups(files: pd.DataFrame) -> np.ndarray:
    """Return the group of each clip, for folds and resamples that must not divide a speaker.

    Groups are those of a split (see `group_clips`); a clip that names neither speaker nor
    utterance is a group of its own. Where a class would have a single group, which could not be
    held out, groups are utterances or, failing that, single clips.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.

    Returns
    -------
    numpy.ndarray
        int, shape (clips,).
    """
    has_utterance = text_column(files, UTTERANCE) != ""
    groups = _number(files, (files["speaker"] != "") | has_utterance, BY_SPEAKER)
    if _fewest(files, groups) < 2:
        groups = _number(files, has_utterance, BY_UTTERANCE)
    return groups.to_numpy() if _fewest(files, groups) >= 2 else np.arange(len(files))


def _fewest(files: pd.DataFrame, groups: pd.Series) -> int:
    return int(groups.groupby(files["label"].to_numpy()).nunique().min())


def _number(files: pd.DataFrame, named: pd.Series, units: str) -> pd.Series:
    """Return group numbers from 0; a clip outside `named` has a negative one of its own."""
    groups = pd.Series(-1 - np.arange(len(files)), index=files.index)
    if named.any():
        groups[named] = group_clips(files[named], units)
    return groups
