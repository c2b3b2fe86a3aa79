"""Whom a clip belongs to, where nothing of one person may count twice."""

import numpy as np
import pandas as pd

from src.utils.config import BY_SPEAKER, BY_UTTERANCE
from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.dataset.split.groups import group_clips


def voice_groups(files: pd.DataFrame) -> np.ndarray:
    """Return the number of each clip's group, int, shape (clips,).

    Groups are those of a split (see `group_clips`); a clip that names neither speaker nor
    utterance is one of its own. Where a class then has a single group there is nobody to compare
    with: groups are utterances then, or at last the clips.
    """
    has_utterance = text_column(files, UTTERANCE) != ""
    groups = _number(files, (files["speaker"] != "") | has_utterance, BY_SPEAKER)
    if _fewest(files, groups) < 2:
        groups = _number(files, has_utterance, BY_UTTERANCE)
    return groups.to_numpy() if _fewest(files, groups) >= 2 else np.arange(len(files))


def _fewest(files: pd.DataFrame, groups: pd.Series) -> int:
    return int(groups.groupby(files["label"].to_numpy()).nunique().min())


def _number(files: pd.DataFrame, named: pd.Series, units: str) -> pd.Series:
    """Return numbers from 0 on for clips that name a group, and one below for each other."""
    groups = pd.Series(-1 - np.arange(len(files)), index=files.index)
    if named.any():
        groups[named] = group_clips(files[named], units)
    return groups
