"""The corpora that a detector is built on: tables of clips with their sources and licences."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.config import LABEL_VALUE
from src.utils.errors import DatasetError, shorten
from src.utils.tables import read_csv

METADATA, LICENCES = "metadata.csv", "licences.md"

NEEDED = ("path", "label", "speaker", "source", "attack", "licence", "language")
_NOTHING = ("", "-")
_SHIPPABLE, _YEAR, _SPLIT = "shippable", "attack_year", "split"
LAST = "dev"
"""The value of `split` that marks whole sources which the choice never sees."""


@dataclass(frozen=True)
class Corpora:
    """The clips of all corpora together.

    Attributes
    ----------
    clips : pandas.DataFrame
        A row a clip, as text: `clip` (its corpus and path), `path` (the file), `corpus`, those of
        `NEEDED`, `split`; and `y`, 1 for bona-fide.
    years : dict of str to int
        The year of each attack of which a corpus tells it.
    n_left_out : int
        Clips whose licence does not allow that what is learnt of them is given away.
    attributions : list of str
        Whom the licences ask to be named: the paragraphs of `licences.md` that say so.
    """

    clips: pd.DataFrame
    years: dict[str, int]
    n_left_out: int
    attributions: list[str]


def read_corpora(folders: Sequence[Path]) -> Corpora:
    """Read the tables of some corpora.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Each with a `metadata.csv`.

    Raises
    ------
    DatasetError
        When a table is absent, lacks a column or has a label that is none.
    """
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise DatasetError(f"two corpora have one name: {', '.join(names)}")
    table = pd.concat(map(_read, folders), ignore_index=True).fillna("")
    may = table[_SHIPPABLE] != "no" if _SHIPPABLE in table else np.ones(len(table), bool)
    clips = table[may].reset_index(drop=True)
    if clips["label"].nunique() < len(LABEL_VALUE):
        raise DatasetError(f"{', '.join(names)}: both bona-fide and spoof clips are needed")
    years = {}
    if _YEAR in clips:
        known = clips[clips[_YEAR].str.fullmatch(r"\d{4}") & (clips["attack"] != "")]
        years = dict(zip(known["attack"], known[_YEAR].astype(int), strict=True))
    columns = ["clip", "path", "corpus", *NEEDED[1:], _SPLIT, "y"]
    told = [text for folder in folders for text in _attributions(folder)]
    return Corpora(clips[columns], years, int((~may).sum()), told)


def _read(folder: Path) -> pd.DataFrame:
    path = folder / METADATA
    table = read_csv(path)
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise DatasetError(f"{path} lacks the column {', '.join(missing)}")
    wrong = sorted(set(table["label"]) - set(LABEL_VALUE))
    if wrong:
        raise DatasetError(f"{path} has labels that are none: {shorten(wrong)}")
    table = table.replace({name: dict.fromkeys(_NOTHING, "") for name in NEEDED})
    corpus = folder.resolve().name
    table["clip"] = [f"{corpus}/{file}" for file in table["path"]]
    table["path"] = [str(folder / file) for file in table["path"]]
    table["corpus"] = corpus
    table["y"] = table["label"].map(LABEL_VALUE).astype(np.int8)
    # Voices are written in more than one way from source to source.
    table["speaker"] = table["speaker"].str.casefold()
    if _SPLIT not in table:
        table[_SPLIT] = ""
    return table


def _attributions(folder: Path) -> list[str]:
    path = folder / LICENCES
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [line.strip() for line in text.splitlines() if line.startswith("Attribution:")]


def voices_together(clips: pd.DataFrame) -> np.ndarray:
    """Return the group of each clip's source: sources that share a voice are of one group.

    Parameters
    ----------
    clips : pandas.DataFrame
        With `source` and `speaker`.

    Returns
    -------
    numpy.ndarray
        The name of a source of the group, str of shape (clips,).
    """
    leader: dict[str, str] = {name: name for name in clips["source"]}

    def of(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    known = clips[clips["speaker"] != ""]
    for _, sources in known.groupby("speaker")["source"]:
        first, *others = sorted(set(sources))
        for other in others:
            low, high = sorted((of(first), of(other)))
            leader[high] = low
    return np.array([of(name) for name in clips["source"]])


def deal(clips: pd.DataFrame, n_folds: int) -> np.ndarray:
    """Deal the groups of sources into folds that are as alike in both classes as can be.

    Parameters
    ----------
    clips : pandas.DataFrame
        With `source`, `speaker` and `y`.
    n_folds : int
        How many folds there are.

    Returns
    -------
    numpy.ndarray
        The number of each clip's fold, int64 of shape (clips,).
    """
    groups = voices_together(clips)
    counts = pd.crosstab(groups, clips["y"].to_numpy()).reindex(columns=[0, 1], fill_value=0)
    order = counts.sum(axis=1).sort_values(ascending=False, kind="stable").index
    held = np.zeros((n_folds, 2))
    fold_of = {}
    for name in order:
        # The largest first, each to where its larger class is the fewest.
        ours = counts.loc[name].to_numpy()
        fold = int(np.argmin(held[:, ours.argmax()] + held.sum(axis=1) / 2))
        fold_of[name] = fold
        held[fold] += ours
    return np.array([fold_of[name] for name in groups])


def apart_from(clips: pd.DataFrame, held: np.ndarray) -> np.ndarray:
    """Return which clips share neither source nor voice nor attack with those that are held out.

    Parameters
    ----------
    clips : pandas.DataFrame
        With `source`, `speaker` and `attack`.
    held : numpy.ndarray
        bool, shape (clips,): true for those held out.

    Returns
    -------
    numpy.ndarray
        bool, shape (clips,).
    """
    apart = ~held
    for name in ("source", "speaker", "attack"):
        values = clips[name]
        shared = set(values[held]) - {""}
        apart &= ~values.isin(shared).to_numpy()
    return apart
