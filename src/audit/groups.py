"""Whom a clip belongs to, where nothing of one person may count twice."""

import numpy as np
import pandas as pd

from src.utils.dataset.schema import UTTERANCE, text_column


def voice_groups(files: pd.DataFrame) -> np.ndarray:
    """Return a name for each clip's group, shape (clips,).

    The speaker, or the source utterance where no speaker is known, or the clip itself. Where a
    class has a single speaker there is nobody to compare with, and speakers are left aside. The
    three are told apart by a letter.
    """
    utterance = text_column(files, UTTERANCE)
    alone = ("u" + utterance).where(utterance != "", "f" + files["file"])
    groups = ("s" + files["speaker"]).where(files["speaker"] != "", alone)
    if groups.groupby(files["label"]).nunique().min() < 2:
        groups = alone
    return groups.to_numpy(str)
