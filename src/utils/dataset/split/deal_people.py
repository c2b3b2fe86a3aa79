"""The strategy that deals people out: by shares, by folds, or around what is held out."""

import pandas as pd

from src.utils.config import BY_SPEAKER, SHARED_VOICES
from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.dataset.speakers import NAMED_BY
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.by_fold import split_by_fold
from src.utils.dataset.split.by_hold_out import split_by_hold_out
from src.utils.dataset.split.by_speaker import split_by_speaker
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.strategy import Strategy


def deal_people(files: pd.DataFrame, settings: SplitSettings, seed: int) -> Assignment:
    """Keep every speaker, every utterance, or just every clip on one side.

    Where speakers were read from names or guessed, the few clips for which that gave nothing are
    set aside.

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
    unnamed = _left_unnamed(files, settings)
    if unnamed.any() and not unnamed.all():
        found = _deal(files[~unnamed], settings, seed)
        splits = found.splits.reindex(files.index, fill_value=NO_SPLIT)
        reason = "whose speaker --speaker-from did not tell"
        return Assignment(splits, found.set_aside | {reason: int(unnamed.sum())}, found.notes)
    return _deal(files, settings, seed)


def _left_unnamed(files: pd.DataFrame, settings: SplitSettings) -> pd.Series:
    """Return which clips have nothing to be grouped by, though their speakers were looked for."""
    if settings.units != BY_SPEAKER or (text_column(files, NAMED_BY) == "").all():
        return pd.Series(False, index=files.index)
    return (files["speaker"] == "") & (text_column(files, UTTERANCE) == "")


def _deal(files: pd.DataFrame, settings: SplitSettings, seed: int) -> Assignment:
    shares, units = settings.shares, settings.units
    notes = [SHARED_VOICES[units]] if units in SHARED_VOICES else []
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
