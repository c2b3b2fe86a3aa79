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

from src.utils.config import BY_CLIP, BY_SPEAKER, BY_UTTERANCE, LABELS
from src.utils.dataset.schema import UTTERANCE, text_column
from src.utils.errors import DatasetError

KINDS = ("has_bona_fide", "has_spoof")
"""What a group may have."""

WITHOUT_SPEAKERS = (
    "add a speaker column, read the speakers from the files' names by GenerateDatasetCSV "
    "--speaker-from='REGEX' (or prefix, folder), have them guessed by their voices by "
    f"--speaker-from=voice, or divide single clips by SplitDataset --units={BY_CLIP}, where one "
    "voice may be on both sides; RunPipeline takes these flags too"
)
"""The ways out where nobody is named."""


def group_clips(files: pd.DataFrame, units: str = BY_SPEAKER) -> pd.Series:
    """Return the number of every clip's group.

    Groups are numbered in the order of their first speakers; those without any come last, in
    the order of their first utterances. So what is dealt depends neither on the order of the
    rows nor, where every group is one speaker, on there being groups at all.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    units : {'speaker', 'utterance', 'clip'}
        With `utterance` a group is one utterance, whoever speaks; with `clip` it is one clip, or
        the clips of one utterance where that is known, since copies of a recording would tell
        even more than its voice.

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
    if units == BY_CLIP:
        alone = utterance.max(initial=-1) + 1 + _codes(files["file"])
        return pd.Series(np.where(utterance >= 0, utterance, alone), index=files.index)
    if units == BY_UTTERANCE:
        _require(
            utterance >= 0,
            "no utterance",
            "a split by utterance",
            f"add an utterance column, or divide single clips by --units={BY_CLIP}",
        )
        return pd.Series(utterance, index=files.index)
    _require(
        (speaker >= 0) | (utterance >= 0),
        "no speaker and no utterance",
        "a speaker-disjoint split",
        WITHOUT_SPEAKERS,
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
    units : {'speaker', 'utterance', 'clip'}
        What stays on one side.
    """
    if units != BY_SPEAKER:
        return units
    named = files["speaker"] != ""
    each = files["speaker"][named].nunique() == groups.nunique() == groups[named].nunique()
    return "speaker" if each else "group of speakers or utterances"


def ask_for_more(number: int, noun: str) -> str:
    """Return what to add where groups are too few.

    >>> ask_for_more(1, "speaker"), ask_for_more(2, "clip")
    ('recordings of 1 more speaker, real and spoofed', '2 more clips, real and spoofed')

    Parameters
    ----------
    number : int
        How many groups are missing.
    noun : str
        What a group is called (see `name_groups`).
    """
    plural = "s" if number > 1 else ""
    if noun == BY_CLIP:
        return f"{number} more clip{plural}, real and spoofed"
    what = BY_UTTERANCE if noun == BY_UTTERANCE else "speaker"
    return f"recordings of {number} more {what}{plural}, real and spoofed"


def _codes(names: pd.Series) -> np.ndarray:
    """Return int64 (clips,): the place of each name in their order, -1 for the empty one."""
    codes, _ = pd.factorize(names.where(names != "", None), sort=True)
    return codes.astype(np.int64)


def _require(grouped: np.ndarray, lack: str, what: str, remedy: str) -> None:
    unknown = int((~grouped).sum())
    if unknown:
        raise DatasetError(
            f"{unknown:,} of {len(grouped):,} recordings name {lack}, so {what} cannot be made; "
            f"{remedy}"
        )
