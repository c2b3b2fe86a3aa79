"""The CETUC + fake_voices layout: a folder of folders, one per person.

    real_voices/Paula_F026/*.wav
    fake_voices/Paula_F026_Fake/*.wav

The folder's name is a first name and an id whose first letter is the gender. First names
repeat, so the speaker is the two together. A fake says the sentence of the real clip that has its
file name. An optional `attacks.csv` (`file,attack`) beside
the two folders names the system that made each spoof.
"""

import re
from functools import cache
from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.on_disk import plain_path
from src.utils.dataset.layouts.people_table import header_of, names_of
from src.utils.dataset.layouts.protocol import read_table
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.tree import find_recordings, folders_below, stem_of
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import UTTERANCE
from src.utils.errors import DatasetError

EXPECTS = "real_voices/Name_F001/ and fake_voices/Name_F001_Fake/"

_SIDES = {
    "real_voices": (BONA_FIDE, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)")),
    "fake_voices": (SPOOF, re.compile(r"(?P<name>[^\W\d_].*)_(?P<id>[FM]\d+)_Fake")),
}
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
    for side in _SIDES:
        if not (folder / side).is_dir():
            raise DatasetError(f"{folder} has no folder {side}; the layout is {EXPECTS}")
    problems: dict[str, str] = {}
    aside = Aside()
    rows = []
    people: set[str] = set()
    for file in find_recordings(folder, problems, aside):
        side, *between = file.split("/")[:-1] or [""]
        if side not in _SIDES:
            problems[file] = f"is in neither {' nor '.join(_SIDES)}"
        elif not between:
            problems[file] = "is not in a person's folder"
        else:
            people.add(f"{side}/{between[0]}")
            match = _parse(side, between[0])
            if match is None:
                problems[file] = f"is in a folder that does not parse as {_form_of(side)}"
            elif len(between) > 1:
                problems[file] = "is in a folder below a person's"
            else:
                rows.append(_row(file, side, match))
    for side in _SIDES:
        for person in folders_below(folder / side, 1):
            name = f"{side}/{person.name}"
            if person != folder / side and name not in people:
                does_parse = _parse(side, person.name) is not None
                why = "holds no recording" if does_parse else f"does not parse as {_form_of(side)}"
                problems.setdefault(name, why)
    files = pd.DataFrame(rows, columns=_COLUMNS).sort_values("file", ignore_index=True)
    return Scan("cetuc", _with_attacks(folder, files), problems, _totals(files), aside=aside)


def _totals(files: pd.DataFrame) -> list[Total]:
    # Most who use this layout have recordings of their own, which no publication counts.
    if 2 * len(files) < _N_CLIPS:
        return []
    return [
        Total("CETUC and its fakes, clips found", len(files), _N_CLIPS),
        Total("CETUC and its fakes, speakers found", files["speaker"].nunique(), _N_SPEAKERS),
    ]


@cache
def _parse(side: str, person: str) -> re.Match[str] | None:
    return _SIDES[side][1].fullmatch(person)


def _form_of(side: str) -> str:
    return "Name_F001_Fake" if _SIDES[side][0] == SPOOF else "Name_F001"


def _row(file: str, side: str, match: re.Match[str]) -> tuple[str, ...]:
    speaker, label = f"{match['name']}_{match['id']}", _SIDES[side][0]
    utterance = f"{speaker}/{stem_of(file)}"
    gender = match["id"][0]
    return file, speaker, match["id"], gender, label, "", match["name"], utterance


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
