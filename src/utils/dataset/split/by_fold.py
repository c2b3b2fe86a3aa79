"""K folds: everybody is tested once, by K trainings."""

import pandas as pd

from src.utils.config import BY_SPEAKER, DOWNSTREAM_SPLITS, MIN_FOLDS
from src.utils.dataset.split.by_speaker import (
    STRATA,
    count_of,
    require_both_kinds,
    with_newcomers,
)
from src.utils.dataset.split.cover import cover_classes, needs_of
from src.utils.dataset.split.groups import ask_for_more, describe_groups, group_clips, name_groups
from src.utils.dataset.split.shares import deal_groups
from src.utils.errors import DatasetError

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS


def split_by_fold(
    files: pd.DataFrame, folds: int, fold: int, seed: int = 7, units: str = BY_SPEAKER
) -> pd.Series:
    """Test on one fold, validate on the next and train on the others.

    Groups (see `group_clips`) are dealt into folds of one size, stratified by gender and by the
    classes they have. The folds hang on their number and the seed, not on `fold`: over all of
    them every group is tested once. People without spoofs are dealt like everybody else.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    folds, fold : int
        The number of folds, and the one to test on.
    seed : int
        Of the dealing.
    units : {'speaker', 'utterance', 'clip'}
        What stays on one side.

    Returns
    -------
    pandas.Series
        The split of every row of `files`.

    Raises
    ------
    DatasetError
        When a fold would lack a class, naming a number of folds that works.
    """
    numbers = group_clips(files, units)
    groups = describe_groups(files, numbers)
    require_both_kinds(groups)
    fold_of = _deal(groups, folds, seed)
    if fold_of is None:
        raise DatasetError(_remedy(groups, folds, seed, name_groups(files, numbers, units)))
    roles = {str(number): TRAIN for number in range(folds)}
    roles |= {str((fold + 1) % folds): VAL, str(fold): TEST}
    return numbers.map({group: roles[number] for group, number in fold_of.items()})


def _deal(groups: pd.DataFrame, folds: int, seed: int) -> dict[int, str] | None:
    """Return the fold by group, None where one would lack a class."""
    # A class is in as many folds as groups have it, at most; this spares hopeless deals.
    if folds > groups[["has_bona_fide", "has_spoof"]].sum().min():
        return None
    names = [str(number) for number in range(folds)]
    fold_of = deal_groups(groups, STRATA, dict.fromkeys(names, 1 / folds), seed)
    return cover_classes(groups, fold_of, needs_of(names), groups["group"].tolist())


def _remedy(groups: pd.DataFrame, folds: int, seed: int, noun: str) -> str:
    bona_fide, spoof = (int(groups[kind].sum()) for kind in ("has_bona_fide", "has_spoof"))
    text = (
        f"{count_of(len(groups), noun)} ({bona_fide} with bona-fide, {spoof} with spoofs) cannot "
        f"fill {folds} folds with both classes in each; "
    )
    for fewer in range(min(folds - 1, bona_fide, spoof), MIN_FOLDS - 1, -1):
        if _deal(groups, fewer, seed) is not None:
            return f"{text}--folds={fewer} works"
    for more in range(1, MIN_FOLDS + 1):
        if _deal(with_newcomers(groups, more), MIN_FOLDS, seed) is not None:
            break
    with_folds = "" if folds == MIN_FOLDS else f", and --folds={MIN_FOLDS}"
    return f"{text}add {ask_for_more(more, noun)}{with_folds}"
