"""MLAAD: spoofs in many languages, a table a system; its bona-fide side is M-AILABS.

    fake/de/tts_models_de_thorsten_vits/meta.csv, *.wav
    --bona-fide=DIR:  de_DE/by_book/female/ramona_deininger/grune_haus/wavs/*.wav

A table is delimited by bars, and quotes in it are text. It names the recording of M-AILABS
whose sentence a spoof says.
"""

import os
import re
from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import BONA_FIDE_MOUNT, Layout
from src.utils.dataset.layouts.protocol import read_table
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan, files_table
from src.utils.dataset.layouts.transcripts import read_transcripts
from src.utils.dataset.layouts.tree import find_recordings, folders_below, stem_of
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE
from src.utils.errors import DatasetError, shorten

EXPECTS = "fake/LANGUAGE/SYSTEM/meta.csv beside the recordings"
EXPECTS_BONA_FIDE = "xx_YY/by_book/{female,male,mix}/.../wavs/"

_TABLE = "meta.csv"
_NEEDED = ("path", "original_file", "model_name")
_ALSO = ("language", TRANSCRIPT, "architecture", "training_data")
_LOCALE = re.compile(r"(?:^|.*?/)([a-z]{2}_[A-Z]{2}/.*)")
_BOOK = re.compile(
    r"(?P<language>[a-z]{2})_[A-Z]{2}/by_book/"
    r"(?:(?P<gender>female|male)/(?P<speaker>[^/]+)|mix)/[^/]+/wavs/[^/]+"
)
_GENDERS = {"female": "F", "male": "M", None: ""}


def matches(folder: Path) -> bool:
    """Say whether the table of a system is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds fake/, or one above it.
    """
    return bool(_find(folder))


def scan(folder: Path, bona_fide: Path | None = None) -> Scan:
    """Read the tables of all systems, find their recordings, and list the bona-fide side.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds fake/, or one above it; only read.
    bona_fide : pathlib.Path, optional
        The folder of M-AILABS.

    Raises
    ------
    DatasetError
        When there are no tables, one is broken, or `bona_fide` holds nothing that fits.
    """
    found = _find(folder)
    if len(found) != 1:
        told = f"more than one ({shorten(found)})" if found else "none"
        raise DatasetError(f"{folder} must hold one folder with {EXPECTS}; it holds {told}")
    index = RecordingIndex(folder)
    paths = sorted(found[0].glob(f"fake/*/*/{_TABLE}"))
    tables = [_read_system(path, folder) for path in paths]
    index.take(pd.concat(tables, ignore_index=True).fillna(""), _TABLE)
    listed = {path.parent.relative_to(folder).as_posix() for path in paths}
    index.leave_out(
        lambda file: file.rpartition("/")[0] not in listed, f"lies in a folder without {_TABLE}"
    )
    spoofs = index.scan("mlaad")
    if bona_fide is None:
        return spoofs
    # The other corpus may lie in the folder too; there, no table lists it.
    place = os.path.relpath(bona_fide.resolve(), folder.resolve())
    problems = {
        file: reason for file, reason in spoofs.problems.items() if not file.startswith(f"{place}/")
    }
    aside = spoofs.aside if place.startswith("..") else Aside()
    files = files_table(spoofs.files, _read_bona_fide(bona_fide, problems, aside))
    mounts = {BONA_FIDE_MOUNT: bona_fide}
    return Scan("mlaad", files, problems, mounts=mounts, aside=spoofs.aside)


def _find(folder: Path) -> list[Path]:
    return [
        place for place in folders_below(folder, 1) if next(place.glob(f"fake/*/*/{_TABLE}"), None)
    ]


def _read_system(path: Path, folder: Path) -> pd.DataFrame:
    table = read_table(path, _NEEDED, "|", _ALSO, renamed={"path": "file"})
    system, language = path.parent.name, path.parent.parent.name
    here = path.parent.relative_to(folder).as_posix()
    # A table lies beside its recordings, wherever its paths begin.
    table["file"] = [f"{here}/{file.rpartition('/')[2]}" for file in table["file"].tolist()]
    table["attack"] = table["model_name"].where(table["model_name"] != "", system)
    table[UTTERANCE] = [
        _LOCALE.sub(r"\1", original) for original in table["original_file"].tolist()
    ]
    if "language" not in table:
        table["language"] = ""
    table["language"] = table["language"].where(table["language"] != "", language)
    return table.drop(columns=["model_name", "original_file"]).assign(label=SPOOF)


def _read_bona_fide(folder: Path, problems: dict[str, str], aside: Aside) -> pd.DataFrame:
    own: dict[str, str] = {}
    rows = []
    said: dict[str, dict[str, str]] = {}
    for file in find_recordings(folder, own, aside):
        tail = _LOCALE.sub(r"\1", file)
        match = _BOOK.fullmatch(tail)
        if match is None:
            own[file] = f"is not in {EXPECTS_BONA_FIDE}"
            continue
        book = file.rsplit("/", 2)[0]
        if book not in said:
            said[book] = read_transcripts(folder / book / "metadata.csv")
        gender, speaker = _GENDERS[match["gender"]], match["speaker"] or ""
        text = said[book].get(stem_of(file), "")
        rows.append((f"{BONA_FIDE_MOUNT}/{file}", speaker, gender, match["language"], tail, text))
    problems |= {f"{BONA_FIDE_MOUNT}/{file}": reason for file, reason in own.items()}
    if not rows:
        raise DatasetError(
            f"no recording in --{BONA_FIDE_MOUNT}={folder}; it must hold {EXPECTS_BONA_FIDE}"
        )
    columns = ["file", "speaker", "gender", "language", UTTERANCE, TRANSCRIPT]
    return pd.DataFrame(rows, columns=columns, dtype="str").assign(label=BONA_FIDE)


LAYOUT = Layout("mlaad", EXPECTS, matches, scan, scan_with_bona_fide=scan)
