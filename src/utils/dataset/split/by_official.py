"""The strategy for benchmarks: the corpus' own split, with nothing cut or moved."""

import pandas as pd

from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.parts import parts_of, require_parts
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.strategy import Strategy


def split_officially(files: pd.DataFrame) -> Assignment:
    """Give every recording the split of its corpus; parts that it does not have stay empty.

    Utterances that two parts share are the corpus' own choice: they are told, not refused.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with the column `split`; an empty cell is in no split.

    Raises
    ------
    DatasetError
        When the column is absent, empty everywhere or holds an unknown word.
    """
    require_parts(files, "official")
    parts = parts_of(files, empty_allowed=True)
    used = files[parts != NO_SPLIT]
    utterances = text_column(used, UTTERANCE)
    named = utterances != ""
    n_parts = parts[used.index][named].groupby(utterances[named]).nunique()
    n_shared = int((n_parts > 1).sum())
    notes = []
    if n_shared:
        notes.append(
            f"{n_shared:,} utterances are in more than one part of the corpus' own split, which "
            f"may flatter the metrics; --strategy=speaker keeps them apart"
        )
    n_out = len(files) - len(used)
    return Assignment(parts, {"the corpus' split leaves them out": n_out} if n_out else {}, notes)


def _assign(files: pd.DataFrame, _settings: SplitSettings, _seed: int) -> Assignment:
    return split_officially(files)


STRATEGY = Strategy("official", _assign)
