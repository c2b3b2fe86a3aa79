"""The CETUC + fake_voices layout: a folder of folders, one per person.

    real_voices/Paula_F026/*.wav
    fake_voices/Paula_F026_Fake/*.wav

The folder's name is a first name and an id whose first letter is the gender. First names
repeat, so the speaker is the two together. A fake says the sentence of the real clip that has its
file name. An optional `attacks.csv` (`file,attack`) beside
the two folders names the system that made each spoof.
"""

import os
import re
from pathlib import Path

import pandas as pd

from src.utils.audio.io import AUDIO_SUFFIXES
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.on_disk import plain_path
from src.utils.dataset.layouts.people_table import header_of, names_of
from src.utils.dataset.layouts.protocol import read_table
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.tree import stem_of
from src.utils.dataset.schema import UTTERANCE
from src.utils.errors import DatasetError

EXPECTS = "real_voices/Name_F001/ and fake_voices/Name_F001_Fake/"

_SIDES = {
    "real_voices": (BONA_FIDE, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)")),
    "fake_voices": (SPOOF, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)_Fake")),
}
_KINDS = ", ".join(suffix[1:] for suffix in AUDIO_SUFFIXES)
_COLUMNS = ("file", "speaker", "id", "gender", "label", "attack", "name", UTTERANCE)
_N_CLIPS, _N_SPEAKERS = 179_812, 101
"""Of the two corpora together."""


def matches(folder: Path) -> bool:
    """Say whether one of the two sides is there.

    Parameters
    ----------
    folder : pathlib.Path
        Where real_voices/ or fake_voices/ should be.
    """
    return any((folder / side).is_dir() for side in _SIDES)


def scan(folder: Path) -> Scan:
    """List every recording below the two sides.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds real_voices/ and fake_voices/; only read.

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
    return Scan("cetuc", _with_attacks(folder, files), problems, _totals(files))


def _totals(files: pd.DataFrame) -> list[Total]:
    # Most who use this layout have recordings of their own, which no publication counts.
    if 2 * len(files) < _N_CLIPS:
        return []
    return [
        Total("CETUC and its fakes, clips found", len(files), _N_CLIPS),
        Total("CETUC and its fakes, speakers found", files["speaker"].nunique(), _N_SPEAKERS),
    ]


def _person_rows(
    person: Path, relative: str, match: re.Match[str], label: str, problems: dict[str, str]
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    speaker = f"{match['name']}_{match['id']}"
    with os.scandir(person) as scanned:
        entries = sorted(scanned, key=lambda entry: entry.name)
    for entry in entries:
        file = f"{relative}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.name.lower().endswith(AUDIO_SUFFIXES) and entry.is_file():
            gender = match["id"][0]
            utterance = f"{speaker}/{stem_of(file)}"
            rows.append((file, speaker, match["id"], gender, label, "", match["name"], utterance))
        else:
            problems[file] = f"is not a recording ({_KINDS})"
    if not rows:
        problems[relative] = "holds no recording"
    return rows


def _with_attacks(folder: Path, files: pd.DataFrame) -> pd.DataFrame:
    path = folder / "attacks.csv"
    if not path.is_file():
        return files
    delimiter, header = header_of(path, _is_header)
    if not _is_header(header):
        raise DatasetError(f"{path} must have the columns file,attack")
    renamed = dict(zip(header, names_of(header), strict=True))
    table = read_table(path, header, delimiter, renamed=renamed, is_quoted=True)
    attacks = dict(zip(table["file"].map(plain_path), table["attack"], strict=True))
    attack = files["file"].map(attacks)
    return files.assign(attack=attack.fillna("").where(files["label"] == SPOOF, ""))


def _is_header(names: list[str]) -> bool:
    return {"file", "attack"} <= set(names_of(names))


LAYOUT = Layout("cetuc", EXPECTS, matches, scan)
