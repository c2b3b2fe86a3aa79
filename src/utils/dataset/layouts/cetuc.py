"""The CETUC + fake_voices layout: a folder of folders, one per person.

    real_voices/Paula_F026/*.wav
    fake_voices/Paula_F026_Fake/*.wav

The folder's name is a first name and an id whose first letter is the gender. First names
repeat, so the speaker is the two together. An optional `attacks.csv` (`file,attack`) beside
the two folders names the system that made each spoof.
"""

import re
from pathlib import Path

import pandas as pd

from src.utils.audio import AUDIO_SUFFIXES, is_audio
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.scan import Scan
from src.utils.errors import DatasetError
from src.utils.tables import read_csv

EXPECTS = "real_voices/Name_F001/ and fake_voices/Name_F001_Fake/"

_SIDES = {
    "real_voices": (BONA_FIDE, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)")),
    "fake_voices": (SPOOF, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)_Fake")),
}
_COLUMNS = ("file", "speaker", "id", "gender", "label", "attack", "name")


def matches(folder: Path) -> bool:
    """Say whether one of the two sides is there."""
    return any((folder / side).is_dir() for side in _SIDES)


def scan(folder: Path) -> Scan:
    """List every recording below the two sides.

    Raises
    ------
    DatasetError
        When a side is absent.
    """
    problems: dict[str, str] = {}
    rows = []
    for side, (label, pattern) in _SIDES.items():
        if not (folder / side).is_dir():
            raise DatasetError(f"{folder} has no folder {side}; the layout is {EXPECTS}")
        for person in sorted((folder / side).iterdir()):
            if person.name.startswith("."):
                continue
            relative = f"{side}/{person.name}"
            match = pattern.fullmatch(person.name)
            if not person.is_dir():
                problems[relative] = "is not in a person's folder"
            elif match is None:
                suffix = "_Fake" if label == SPOOF else ""
                problems[relative] = f"does not parse as Name_F001{suffix}"
            else:
                rows += _person_rows(person, relative, match, label, problems)
    files = pd.DataFrame(rows, columns=_COLUMNS).sort_values("file", ignore_index=True)
    return Scan("cetuc", _with_attacks(folder, files), problems)


def _person_rows(
    person: Path, relative: str, match: re.Match[str], label: str, problems: dict[str, str]
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    speaker = f"{match['name']}_{match['id']}"
    for path in sorted(person.iterdir()):
        file = f"{relative}/{path.name}"
        if path.name.startswith("."):
            continue
        if path.is_file() and is_audio(path):
            gender = match["id"][0]
            rows.append((file, speaker, match["id"], gender, label, "", match["name"]))
        else:
            kinds = ", ".join(suffix[1:] for suffix in AUDIO_SUFFIXES)
            problems[file] = f"is not a recording ({kinds})"
    if not rows:
        problems[relative] = "holds no recording"
    return rows


def _with_attacks(folder: Path, files: pd.DataFrame) -> pd.DataFrame:
    path = folder / "attacks.csv"
    if not path.is_file():
        return files
    table = read_csv(path)
    if not {"file", "attack"} <= set(table):
        raise DatasetError(f"{path} must have the columns file,attack")
    attack = files["file"].map(dict(zip(table["file"], table["attack"], strict=True)))
    return files.assign(attack=attack.fillna("").where(files["label"] == SPOOF, ""))
