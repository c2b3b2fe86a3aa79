"""The share of people for pretext where nobody asks for one: what downstream can spare."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from src.utils.config import AUTO, BY_CLIP, DOWNSTREAM_SPLITS, ENOUGH_TESTED, LABELS
from src.utils.dataset.split.assignment import NO_SPLIT, Assignment
from src.utils.dataset.split.by_speaker import count_of
from src.utils.dataset.split.groups import group_clips
from src.utils.dataset.split.settings import SplitSettings
from src.utils.dataset.split.shares import PRETEXT
from src.utils.errors import DatasetError

ENOUGH_PEOPLE = 3
"""People of each class that each downstream split must keep: of two, nobody could say which one is
the odd voice. The 101 people of CETUC, for whom the share is meant, leave 4 to test on."""
ENOUGH_CLIPS = ENOUGH_TESTED
"""Clips of each class that each downstream split must keep: of fewer a model card says that the
test is small, and pretext shall not be what makes it so."""

Assign = Callable[[SplitSettings], Assignment]


def settle_pretext(
    files: pd.DataFrame, settings: SplitSettings, assign: Assign
) -> tuple[SplitSettings, str]:
    """Put a number in place of `auto`: `PRETEXT` where downstream keeps enough, else 0.

    Enough is that each of the three downstream splits has `ENOUGH_CLIPS` clips of
    `ENOUGH_PEOPLE` people of each class. A split by column, by fold or around what is held out
    keeps nobody for pretext.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    settings : SplitSettings
        How it shall be divided.
    assign : callable
        Divides it by settings without `auto`.

    Returns
    -------
    settings : SplitSettings
        With a number.
    why : str
        Which one and why, empty where nothing was to be decided.
    """
    if settings.shares.pretext != AUTO:
        return settings, ""
    without = replace(settings, shares=replace(settings.shares, pretext=0.0))
    if not settings.deals_by_shares:
        return without, ""
    spared = replace(settings, shares=replace(settings.shares, pretext=PRETEXT))
    try:
        splits = assign(spared).splits
    except DatasetError:
        return without, (
            f"--pretext={AUTO}: 0, since with {PRETEXT:g} nothing would fill every downstream split"
        )
    units = settings.units
    split, label, n_clips, n_people = _find_fewest(files, splits, units)
    least = f"{ENOUGH_CLIPS:,} clips" + (
        "" if units == BY_CLIP else f" of {ENOUGH_PEOPLE} {units}s"
    )
    found = f"{n_clips:,} {label} clip{'s' if n_clips != 1 else ''}"
    if units != BY_CLIP:
        found += f" of {count_of(n_people, units)}"
    if n_clips >= ENOUGH_CLIPS and n_people >= ENOUGH_PEOPLE:
        return spared, (
            f"--pretext={AUTO}: {PRETEXT:g}, since every downstream split keeps at least {least} "
            f"of each class ({split} has {found})"
        )
    return without, (
        f"--pretext={AUTO}: 0, since with {PRETEXT:g} {split} would have {found}; pretext is for "
        f"corpora that leave {least} of each class to every downstream split"
    )


def _find_fewest(files: pd.DataFrame, splits: pd.Series, units: str) -> tuple[str, str, int, int]:
    """Return the downstream split and class that is furthest from enough, its clips and people."""
    placed = splits != NO_SPLIT
    files, splits = files[placed], splits[placed]
    groups = group_clips(files, units)
    found = []
    for split in DOWNSTREAM_SPLITS:
        for label in LABELS:
            here = groups[(splits == split) & (files["label"] == label)]
            found.append((split, label, len(here), int(here.nunique())))
    return min(found, key=lambda one: min(one[2] / ENOUGH_CLIPS, one[3] / ENOUGH_PEOPLE))
