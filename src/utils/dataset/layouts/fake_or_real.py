"""Fake-or-Real (FoR): parts, and in each a folder a class.

    for-norm/training/real/*.wav  for-norm/training/fake/*.wav  validation/  testing/

The versions for-original, for-norm, for-2sec and for-rerec are the same clips again, so only one
is read at a time. Nothing tells the speakers.
"""

from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.scan import Scan, files_table
from src.utils.dataset.layouts.tree import find_recordings, folders_below
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import SPLIT
from src.utils.errors import DatasetError, shorten

EXPECTS = "for-*/{training,validation,testing}/{real,fake}/"

_PARTS = {"training": "train", "validation": "dev", "testing": "eval"}
_CLASSES = {"real": BONA_FIDE, "fake": SPOOF}


def matches(folder: Path) -> bool:
    """Say whether a version is there.

    Parameters
    ----------
    folder : pathlib.Path
        A version's folder for-*, or the one that holds it.
    """
    return bool(_versions(folder))


def scan(folder: Path) -> Scan:
    """List the recordings of the one version that is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of one version for-*, or the one that holds it; only read.

    Raises
    ------
    DatasetError
        When there is no version, or more than one.
    """
    versions = _versions(folder)
    if not versions:
        raise DatasetError(f"{folder} has no version of FoR; the layout is {EXPECTS}")
    if len(versions) > 1:
        raise DatasetError(
            f"{folder} holds {shorten(path.name for path in versions)}, which are the same clips; "
            f"name one, such as {versions[0]}"
        )
    place = versions[0].relative_to(folder).parts
    problems: dict[str, str] = {}
    aside = Aside()
    rows = []
    for file in find_recordings(folder, problems, aside):
        parts = tuple(file.split("/"))
        part, kind = (*parts[len(place) : -1], "", "")[:2]
        if parts[: len(place)] == place and part in _PARTS and kind in _CLASSES:
            rows.append((file, _CLASSES[kind], _PARTS[part]))
        else:
            problems[file] = f"is not in {EXPECTS}"
    files = pd.DataFrame(rows, columns=["file", "label", SPLIT], dtype="str")
    return Scan("for", files_table(files), problems, aside=aside)


def _versions(folder: Path) -> list[Path]:
    return [
        place
        for place in folders_below(folder, 1)
        if place.resolve().name.startswith("for-")
        and any((place / "training" / name).is_dir() for name in _CLASSES)
        and any((place / name).is_dir() for name in ("validation", "testing"))
    ]


LAYOUT = Layout("for", EXPECTS, matches, scan)
