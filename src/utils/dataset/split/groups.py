"""What is dealt out as a whole: clips that must not be parted.

Clips of one speaker belong together, and so do clips of one utterance: a recording and its
vocoded copy say the same with the same breath. A group is a connected component over both: two
speakers who share an utterance are one group, and a clip without a speaker belongs to those of
its utterance.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from src.utils.config import BY_SPEAKER, BY_UTTERANCE, LABELS
from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.errors import DatasetError

KINDS = ("has_bona_fide", "has_spoof")
"""What a group may have."""


def group_clips(files: pd.DataFrame, units: str = BY_SPEAKER) -> pd.Series:
    """Return the number of every clip's group.

    Groups are numbered in the order of their first speakers; those without any come last, in
    the order of their first utterances. So what is dealt depends neither on the order of the
    rows nor, where every group is one speaker, on there being groups at all.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    units : {'speaker', 'utterance'}
        With `utterance` a group is one utterance, whoever speaks.

    Returns
    -------
    pandas.Series
        int, one a row of `files`.

    Raises
    ------
    DatasetError
        When a clip names nothing to group it by.

    Examples
    --------
    >>> files = pd.DataFrame({"speaker": ["b", "a", "", "c"], "utterance": ["1", "2", "1", ""]})
    >>> group_clips(files).tolist()
    [1, 0, 1, 2]
    """
    utterance = _codes(text_column(files, UTTERANCE))
    speaker = _codes(files["speaker"])
    if units == BY_UTTERANCE:
        _require(utterance >= 0, "no utterance", "a split by utterance", "an utterance column")
        return pd.Series(utterance, index=files.index)
    _require(
        (speaker >= 0) | (utterance >= 0),
        "no speaker and no utterance",
        "a speaker-disjoint split",
        "a speaker column, or a split column and --strategy=column",
    )
    # Speakers are the first nodes of the graph, utterances come behind.
    n_speakers = speaker.max(initial=-1) + 1
    n_nodes = n_speakers + utterance.max(initial=-1) + 1
    tied = (speaker >= 0) & (utterance >= 0)
    ties = (speaker[tied], n_speakers + utterance[tied])
    graph = coo_array((np.ones(tied.sum(), dtype=np.int8), ties), shape=(n_nodes, n_nodes))
    _, component = connected_components(graph, directed=False)
    _, first_node = np.unique(component, return_index=True)
    number = np.empty(len(first_node), dtype=np.int64)
    number[np.argsort(first_node)] = np.arange(len(first_node))
    node = np.where(speaker >= 0, speaker, n_speakers + utterance)
    return pd.Series(number[component[node]], index=files.index)


def describe_groups(files: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return one row a group: `group, gender, has_bona_fide, has_spoof`, in their order.

    The gender is the one that all of the group have, empty where it is unknown or they differ.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    groups : pandas.Series
        The group of each clip, from `group_clips`.
    """
    known = files["gender"] != ""
    genders = files["gender"][known].groupby(groups[known]).agg(["nunique", "first"])
    single = genders["first"].where(genders["nunique"] == 1, "")
    there = pd.Index(np.sort(groups.unique()), name="group")
    table = pd.DataFrame({"gender": single.reindex(there, fill_value="")}, index=there)
    for kind, label in zip(KINDS, LABELS, strict=True):
        table[kind] = have(there, groups[files["label"] == label])
    return table.reset_index()


def have(there: pd.Index, groups: pd.Series) -> np.ndarray:
    """Return bool (groups,): whether each group of `there` is among those of some clips."""
    return np.asarray(there.isin(groups.unique()))


def name_groups(files: pd.DataFrame, groups: pd.Series, units: str = BY_SPEAKER) -> str:
    """Return what one group is called in a message: `speaker`, where each is just that.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    groups : pandas.Series
        The group of each clip, from `group_clips`.
    units : {'speaker', 'utterance'}
        What stays on one side.
    """
    if units == BY_UTTERANCE:
        return "utterance"
    named = files["speaker"] != ""
    each = files["speaker"][named].nunique() == groups.nunique() == groups[named].nunique()
    return "speaker" if each else "group of speakers or utterances"


def _codes(names: pd.Series) -> np.ndarray:
    """Return int64 (clips,): the place of each name in their order, -1 for the empty one."""
    codes, _ = pd.factorize(names.where(names != "", None), sort=True)
    return codes.astype(np.int64)


def _require(grouped: np.ndarray, lack: str, what: str, remedy: str) -> None:
    unknown = int((~grouped).sum())
    if unknown:
        raise DatasetError(
            f"{unknown:,} of {len(grouped):,} recordings name {lack}, so {what} cannot be made; "
            f"add {remedy}"
        )
