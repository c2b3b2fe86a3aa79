"""A folder a class, at any depth: the layout of whoever keeps no table.

    train/real/anna/1.wav      train/fake/anna/1.wav
    test/real/ben/1.wav        test/fake/tacotron/ben/1.wav

What a folder below the class stands for shows by where its name occurs: under both classes it
is a speaker, under the spoofs alone the system that made them, under the bona-fide alone a
speaker. A folder named as a part, anywhere, gives the split.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.scan import Scan, files_table
from src.utils.dataset.layouts.spellings import MERE_CONTAINERS, label_of, names_of_people
from src.utils.dataset.layouts.tree import find_recordings, stem_of
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import SPLIT, UTTERANCE
from src.utils.dataset.split.parts import SPELLINGS, TEST, TRAIN, VAL

EXPECTS = "folders named real or bonafide, and fake or spoof"

_PARTS = {TRAIN: "train", VAL: "dev", TEST: "eval"}


@dataclass(frozen=True)
class _Place:
    """What the folders of a recording say."""

    labels: frozenset[str]
    split: str
    below: tuple[str, ...]
    """The folders below the class, without those that name a class, a part or nothing."""


def matches(folder: Path) -> bool:
    """Say whether a recording lies in a folder named as a class.

    Parameters
    ----------
    folder : pathlib.Path
        Searched for recordings at any depth.
    """
    return any(_place_of(parent).labels for parent in _parents(find_recordings(folder, {})))


def scan(folder: Path) -> Scan:
    """List every recording in a folder of one class.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that all recordings lie below; only read.
    """
    problems: dict[str, str] = {}
    aside = Aside()
    found = find_recordings(folder, problems, aside)
    places = {parent: _place_of(parent) for parent in _parents(found)}
    files = []
    for file in found:
        labels = places[_parent_of(file)].labels
        if len(labels) == 1:
            files.append(file)
        elif labels:
            problems[file] = "has folders of both classes in its path"
        else:
            problems[file] = "is in no folder named as a class"
    under = {
        label: {
            name for place in places.values() if place.labels == {label} for name in place.below
        }
        for label in (BONA_FIDE, SPOOF)
    }
    rows = []
    for file in files:
        place = places[_parent_of(file)]
        [label] = place.labels
        rows.append((file, label, *_speaker_and_attack(place, label, under), place.split))
    table = pd.DataFrame(rows, columns=["file", "label", "speaker", "attack", SPLIT], dtype="str")
    # A folder called `unknown` is no person.
    table["speaker"] = names_of_people(table["speaker"])
    return Scan("folders", files_table(_tied(table)), problems, aside=aside)


def _parents(files: list[str]) -> set[str]:
    return {_parent_of(file) for file in files}


def _parent_of(file: str) -> str:
    return file.rpartition("/")[0]


def _place_of(parent: str) -> _Place:
    labels, split, below = set(), "", []
    for name in filter(None, parent.split("/")):
        plain = name.lower().replace("_", "").replace("-", "")
        if label := label_of(name):
            labels.add(label)
        elif plain in SPELLINGS:
            split = _PARTS[SPELLINGS[plain]]
        elif labels and plain not in MERE_CONTAINERS:
            below.append(name)
    return _Place(frozenset(labels), split, tuple(below))


def _speaker_and_attack(place: _Place, label: str, under: dict[str, set[str]]) -> tuple[str, str]:
    of_both = [name for name in place.below if all(name in names for names in under.values())]
    of_one = [name for name in place.below if name not in of_both]
    if label == SPOOF:
        return "".join(of_both[:1]), "".join(of_one[:1])
    return "".join((of_both + of_one)[:1]), ""


def _tied(files: pd.DataFrame) -> pd.DataFrame:
    """Give a real and a fake recording of one speaker with one name the same utterance."""
    stems = pd.Series([stem_of(file) for file in files["file"]], dtype="str")
    name = files["speaker"] + "/" + stems
    classes = files["label"].groupby(name).transform("nunique")
    return files.assign(**{UTTERANCE: name.where((files["speaker"] != "") & (classes == 2), "")})


LAYOUT = Layout("folders", EXPECTS, matches, scan, is_last_resort=True)
