"""SpoofCeleb: a table a part, and the recordings of each part by attack and speaker.

    metadata/train.csv  metadata/development.csv  metadata/evaluation.csv
    flac/train/a00/id10001/x.flac

The tables have the columns file,speaker,attack. The attack a00 stands for bona-fide, and a01 and
so on for the systems; nothing else is taken for a spoof.
"""

from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.on_disk import plain_path
from src.utils.dataset.layouts.people_table import has_header, header_of
from src.utils.dataset.layouts.protocol import read_table
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.layouts.spellings import Spellings
from src.utils.dataset.layouts.tree import folders_below
from src.utils.dataset.schema import SPLIT
from src.utils.errors import DatasetError, shorten

EXPECTS = "metadata/{train,development,evaluation}.csv (file,speaker,attack) and flac/"

_PARTS = {"train": "train", "development": "dev", "evaluation": "eval"}
COLUMNS = ["file", "speaker", "attack"]
_BONA_FIDE = "a00"
_ATTACKS = Spellings(
    lambda words: words.where(words.str.fullmatch(r"a\d\d")), "unknown attack '{}'", "a00, a01, ..."
)
_PROBED = 100
"""Rows that show what the paths of a table are relative to."""


def matches(folder: Path) -> bool:
    """Say whether one of the tables is there, with its columns.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds metadata/, or one above it.
    """
    return any(_fit(tables) for tables in _find(folder).values())


def scan(folder: Path) -> Scan:
    """Read every table that is there and find their recordings.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds metadata/ and flac/, or one above it; only read.

    Raises
    ------
    DatasetError
        When there is no table, there are two corpora, or a table is broken.
    """
    found = _find(folder)
    # Tables without their headers are told as such, unless others of the names are right.
    found = {place: tables for place, tables in found.items() if _fit(tables)} or found
    if len(found) != 1:
        told = f"more than one ({shorten(found)})" if found else "none"
        raise DatasetError(f"{folder} must hold one folder with {EXPECTS}; it holds {told}")
    [(place, tables)] = found.items()
    base = place.relative_to(folder)
    index = RecordingIndex(folder)
    for part, path in tables.items():
        trials = read_part(path)
        bases = [base / "flac" / part, base / "flac", base]
        trials["file"] = _whole_paths(trials["file"], bases, index)
        index.take(trials.assign(**{SPLIT: _PARTS[part]}), path.name)
    return index.scan("spoofceleb")


def read_part(path: Path) -> pd.DataFrame:
    """Read the table of a part, as `read_table` does, with a column `label`.

    Parameters
    ----------
    path : pathlib.Path
        The table, with the columns file,speaker,attack.

    Raises
    ------
    DatasetError
        When it is broken or lacks a column.
    """
    delimiter, _ = header_of(path, has_columns)
    words = {"attack": _ATTACKS}
    trials = read_table(path, COLUMNS, delimiter, spellings=words, is_quoted=True)
    is_real = trials["attack"] == _BONA_FIDE
    label = is_real.map({True: BONA_FIDE, False: SPOOF}).astype("str")
    return trials.assign(label=label, attack=trials["attack"].where(~is_real, ""))


def _find(folder: Path) -> dict[Path, dict[str, Path]]:
    """Return the tables by part, by the folder that a corpus lies in."""
    found = {}
    for place in folders_below(folder, 1):
        paths = {part: place / "metadata" / f"{part}.csv" for part in _PARTS}
        there = {part: path for part, path in paths.items() if path.is_file()}
        if there:
            found[place] = there
    return found


def _fit(tables: dict[str, Path]) -> bool:
    """Say whether one of the tables of a folder has the columns."""
    return any(has_header(path, has_columns) for path in tables.values())


def has_columns(names: list[str]) -> bool:
    """Say whether the names in a first line are those of a part's table.

    Parameters
    ----------
    names : list of str
        The names.
    """
    return set(COLUMNS) <= set(names)


def _whole_paths(files: pd.Series, bases: list[Path], index: RecordingIndex) -> list[str]:
    """Put before the paths of a table the folder in which most of its first rows lie."""
    prefixes = [f"{base.as_posix()}/" if base.parts else "" for base in bases]
    plain = files.map(plain_path)
    probed = plain[:_PROBED].tolist()
    hits = [sum(prefix + file in index for file in probed) for prefix in prefixes]
    return [prefixes[hits.index(max(hits))] + file for file in plain.tolist()]


LAYOUT = Layout("spoofceleb", EXPECTS, matches, scan)
