"""The scores of a system of speaker verification (ASV), which the tandem metrics need.

    ASVspoof 2019    bonafide target 36.79                 class or attack, key, score
    ASVspoof 2021    LA_0015 LA_E_1103494 4.25             claimed speaker, utterance, score

The second tells no keys; they are in ASV/trial_metadata.txt, which lies beside it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.join_scores import match_scores
from src.evaluation.score_files import SCORES, read_scores
from src.utils.dataset.layouts import asvspoof2021
from src.utils.dataset.layouts.protocol import read_protocol
from src.utils.dataset.layouts.spellings import Spellings
from src.utils.errors import DatasetError

_CLASSES = ("target", "nontarget", "spoof")
_KEYS = Spellings(
    lambda words: words.where(words.isin(_CLASSES)),
    "unknown key '{}'",
    f"{', '.join(_CLASSES)}; scores of ASVspoof 2021 need their ASV/trial_metadata.txt as well",
)
_FORMAT = ("", "key", "score")
_KEY_FORMAT = ("speaker", "utterance", "", "", "", "key", "", "subset")
"""The columns of ASVspoof 2021 LA, whose label is another for ASV."""


@dataclass(frozen=True)
class AsvScores:
    """Scores of claims to be a speaker, higher for the speaker.

    Attributes
    ----------
    target, nontarget, spoof : numpy.ndarray
        Of the speaker's own voice, of other people's and of spoofs, each float64 of shape
        (trials of the class,), with at least one.
    """

    target: np.ndarray
    nontarget: np.ndarray
    spoof: np.ndarray


def read_asv_scores(path: Path, key: Path | None = None, subset: str | None = None) -> AsvScores:
    """Read the scores of an ASV system.

    Parameters
    ----------
    path : pathlib.Path
        Of ASVspoof 2019, or of ASVspoof 2021 LA with a `key`.
    key : pathlib.Path, optional
        The file ASV/trial_metadata.txt of ASVspoof 2021 LA.
    subset : str, optional
        Of the key; see `asvspoof2021.of_subset`.

    Raises
    ------
    DatasetError
        When a file cannot be read or is broken, which is told of every kind of line, a trial of
        the key has no score, or a class has none.
    ArgumentError
        When the key has no such subset.
    """
    if key is None:
        trials = read_protocol(path, _FORMAT, spellings={"key": _KEYS, "score": SCORES})
    else:
        trials = _read_with_key(path, key, subset)
    found = {name: trials["score"][trials["key"] == name].to_numpy() for name in _CLASSES}
    absent = [name for name in _CLASSES if not len(found[name])]
    if absent:
        raise DatasetError(f"{path} has no score of the class {' and '.join(absent)}")
    return AsvScores(**found)


def _read_with_key(path: Path, key: Path, subset: str | None) -> pd.DataFrame:
    words = {"key": _KEYS, "subset": asvspoof2021.SUBSETS}
    trials = asvspoof2021.of_subset(read_protocol(key, _KEY_FORMAT, spellings=words), subset)
    # To the reader of scores, a speaker and an utterance are a name with a space in it.
    trials["file"] = trials["speaker"] + " " + trials["utterance"]
    return match_scores(trials, read_scores(path)).trials
