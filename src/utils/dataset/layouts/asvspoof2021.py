"""ASVspoof 2021, logical access and deepfake: the keys that were published after the challenge.

    keys/LA/CM/trial_metadata.txt      ASVspoof2021_LA_eval/flac/LA_E_9332881.flac
    keys/DF/CM/trial_metadata.txt      ASVspoof2021_DF_eval/flac/DF_E_2000011.flac

One of the two is enough. A key has no header, and 8 (LA) or 13 columns (DF) separated by
spaces. Only its subset `eval` is the official evaluation; `progress` and `hidden` have no split.
"""

from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.protocol import read_protocol
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.spellings import Spellings
from src.utils.dataset.layouts.tree import folders_below, has_named
from src.utils.dataset.schema import SPLIT
from src.utils.errors import DatasetError, choose

EXPECTS = "keys/{LA,DF}/CM/trial_metadata.txt and ASVspoof2021_{LA,DF}_eval/flac/"

LA = ("speaker", "file", "codec", "transmission", "attack", "label", "trim", "subset")
DF = (
    *("speaker", "file", "codec", "source", "attack", "label", "trim", "subset", "vocoder"),
    *("", "", "", ""),
)
_EXPECTED = {"LA": 148_176, "DF": 533_928}
"""Lines of the subset eval."""

SUBSETS = Spellings(
    # The evaluation scripts of the challenge call the hidden subset a track.
    lambda words: words.where(words.str.fullmatch("progress|eval|hidden(_track(_[12])?)?")),
    "unknown subset '{}'",
    "progress, eval, hidden",
)
EVAL, ALL = "eval", "all"
"""The official evaluation, and what stands for every subset together."""
_KEY = "CM/trial_metadata.txt"
"""Beside it there is a folder ASV, whose file of that name lists other trials."""
_DEPTH = 3


def matches(folder: Path) -> bool:
    """Say whether a key is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds keys/, one above it, or keys/ itself.
    """
    return has_named(folder, [_KEY], _DEPTH)


def scan(folder: Path) -> Scan:
    """Read the keys that are there, each told by its columns, and find their recordings.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds keys/ and ASVspoof2021_*_eval/; only read.

    Raises
    ------
    DatasetError
        When there is no key, there are two of one track, or one is broken.
    """
    keys = [place / _KEY for place in folders_below(folder, _DEPTH) if (place / _KEY).is_file()]
    if not keys:
        raise DatasetError(f"no {_KEY} in {folder}; the layout is {EXPECTS}")
    index = RecordingIndex(folder, by_stem=True)
    totals: dict[str, Total] = {}
    for path in keys:
        trials = read_protocol(path, LA, DF, spellings={"subset": SUBSETS})
        track = "DF" if "vocoder" in trials else "LA"
        name = path.relative_to(folder).as_posix()
        if track in totals:
            raise DatasetError(f"{folder} has two keys of {track}, one is {name}; keep one")
        is_eval = trials["subset"] == EVAL
        what = f"ASVspoof 2021 {track} eval, lines listed"
        totals[track] = Total(what, int(is_eval.sum()), _EXPECTED[track])
        trials[SPLIT] = trials["subset"].where(is_eval, "")
        index.take(trials, name)
    return index.scan("asvspoof2021", [totals[track] for track in _EXPECTED if track in totals])


def of_subset(trials: pd.DataFrame, subset: str | None = None) -> pd.DataFrame:
    """Return the trials of one subset of a key.

    Parameters
    ----------
    trials : pandas.DataFrame
        With the column `subset`.
    subset : str, optional
        A subset of the key, or `all`; the official evaluation when it is not given.

    Raises
    ------
    ArgumentError
        When the key has no such subset.
    """
    choose("--subset", subset or EVAL, [*trials["subset"].unique(), ALL])
    if subset == ALL:
        return trials
    return trials[trials["subset"] == (subset or EVAL)].reset_index(drop=True)


LAYOUT = Layout("asvspoof2021", EXPECTS, matches, scan)
