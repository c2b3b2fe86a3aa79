"""A plain `metadata.csv` beside the recordings.

Columns `file` (or `path`) and `label`; `speaker`, `id`, `gender`, `attack`, `source`,
`language`, `split` and any others are optional and kept.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from src.utils.audio import AUDIO_SUFFIXES, is_audio
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.scan import Scan
from src.utils.errors import DatasetError, shorten
from src.utils.tables import read_csv

EXPECTS = "metadata.csv with the columns file,label"

METADATA = "metadata.csv"

_LABELS = {
    "bonafide": BONA_FIDE,
    "real": BONA_FIDE,
    "genuine": BONA_FIDE,
    "spoof": SPOOF,
    "fake": SPOOF,
}
_GENDERS = {"m": "M", "male": "M", "f": "F", "female": "F"} | dict.fromkeys(
    ("", "-", "u", "unknown", "n/a", "na", "none", "o", "other"), ""
)
_NOTHING = ("-", "n/a", "none")


def matches(folder: Path) -> bool:
    """Say whether the table is there."""
    return (folder / METADATA).is_file()


def scan(folder: Path) -> Scan:
    """Read the table and check that its recordings exist.

    Raises
    ------
    DatasetError
        When the table or a needed column is absent, a label or gender is spelt in no known
        way, or a file is listed twice; every broken row is told.
    """
    path = folder / METADATA
    if not path.is_file():
        raise DatasetError(f"no {METADATA} in {folder}")
    table = read_csv(path)
    table.columns = [str(name).strip().lower() for name in table.columns]
    files = _normalised(table, path)
    listed = set(files["file"])
    problems = {}
    for file in files["file"]:
        if not (folder / file).is_file():
            problems[file] = f"is listed in {METADATA} but missing"
        elif not is_audio(Path(file)):
            problems[file] = f"is not one of {', '.join(s[1:] for s in AUDIO_SUFFIXES)}"
    files = files[~files["file"].isin(list(problems))]
    present = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if is_audio(path) and not path.name.startswith(".")
    )
    problems |= dict.fromkeys(
        (file for file in present if file not in listed), f"is not listed in {METADATA}"
    )
    return Scan("csv", files.sort_values("file", ignore_index=True), problems)


def _normalised(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    if "file" not in table and "path" in table:
        table = table.rename(columns={"path": "file"})
    for column in ("file", "label"):
        if column not in table:
            also = " (or path)" if column == "file" else ""
            raise DatasetError(
                f"{path} has no column {column}{also}; found {shorten(table.columns, 20)}"
            )
    for column in ("speaker", "id", "gender", "attack"):
        if column not in table:
            table[column] = ""
    # "a//b.wav" and "./a/b.wav" are one file.
    table["file"] = [str(PurePosixPath(text.strip())) for text in table["file"]]
    # A speaker column is what splits by person; an id alone does as well.
    table["speaker"] = table["speaker"].str.strip().where(table["speaker"] != "", table["id"])
    label = table["label"].str.strip().str.lower().str.replace("[-_ ]", "", regex=True).map(_LABELS)
    gender = table["gender"].str.strip().str.lower().map(_GENDERS)
    broken = [
        f"row {row + 2}: unknown label '{table['label'][row]}'" for row in table.index[label.isna()]
    ]
    broken += [
        f"row {row + 2}: unknown gender '{table['gender'][row]}'"
        for row in table.index[gender.isna()]
    ]
    broken += [
        f"row {row + 2}: {table['file'][row]} is listed twice"
        for row in table.index[table["file"].duplicated()]
    ]
    if broken:
        known = "bona-fide, bonafide, real, genuine, spoof, fake; M, F, empty"
        raise DatasetError(f"{path}: {shorten(broken, 20)} (known: {known})")
    attack = table["attack"].where(~table["attack"].str.lower().isin(_NOTHING), "")
    return table.assign(label=label, gender=gender, attack=attack.where(label == SPOOF, ""))
