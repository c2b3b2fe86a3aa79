"""The strategy that deals people out: by shares, by folds, or around what is held out."""

import pandas as pd

from src.utils.config import BY_UTTERANCE, SAME_VOICES
from src.utils.dataset.split.assignment import Assignment
from src.utils.dataset.split.by_fold import split_by_fold
from src.utils.dataset.split.by_hold_out import split_by_hold_out
from src.utils.dataset.split.by_speaker import split_by_speaker
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.strategy import Strategy


def deal_people(files: pd.DataFrame, settings: SplitSettings, seed: int) -> Assignment:
    """Keep every speaker, or every utterance, on one side.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    settings : SplitSettings
        Its `hold_out` or `folds`, where given, say what the test is of; its `shares` else.
    seed : int
        Of the dealing.

    Raises
    ------
    ArgumentError, DatasetError
        As `split_by_hold_out`, `split_by_fold` and `split_by_speaker` do.
    """
    shares, units = settings.shares, settings.units
    notes = [SAME_VOICES] if units == BY_UTTERANCE else []
    if settings.hold_out is not None:
        held = split_by_hold_out(files, settings.hold_out, shares, seed, units)
        return Assignment(held.splits, held.set_aside, held.notes + notes)
    if settings.folds is not None and settings.fold is not None:
        splits = split_by_fold(files, settings.folds, settings.fold, seed, units)
    else:
        spread = settings.spread_without_spoofs
        splits = split_by_speaker(files, shares, seed, spread, units)
    return Assignment(splits, {}, notes)


STRATEGY = Strategy("speaker", deal_people, deals_people=True)
