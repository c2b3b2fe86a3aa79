"""A plain `metadata.csv` beside the recordings.

Columns `file` (or `path`) and `label`; `speaker`, `id`, `gender`, `attack`, `source`,
`language`, `split` and any others are optional and kept. `pair_id` stands for `utterance`, and
`text` or `sentence` for `transcript`, where the table has no column of that name.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from src.utils.audio import AUDIO_SUFFIXES, is_audio
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.layouts.tree import find_recordings
from src.utils.dataset.layouts.words import KNOWN, attacks_of, genders_of, labels_of
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE
from src.utils.errors import DatasetError, shorten
from src.utils.tables import read_csv

EXPECTS = "metadata.csv with the columns file,label"

METADATA = "metadata.csv"

_OTHER_NAMES = {
    "file": ("path",),
    UTTERANCE: ("pair_id",),
    TRANSCRIPT: ("text", "sentence"),
}
_KINDS = ", ".join(suffix[1:] for suffix in AUDIO_SUFFIXES)


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
    problems: dict[str, str] = {}
    present = dict.fromkeys(find_recordings(folder, problems))
    for file in files["file"].tolist():
        if file in present:
            del present[file]
        # A walk leaves out what is hidden, lies elsewhere or is no recording.
        elif not (folder / file).is_file():
            problems[file] = f"is listed in {METADATA} but missing"
        elif not is_audio(Path(file)):
            problems[file] = f"is not one of {_KINDS}"
    files = files[~files["file"].isin(list(problems))]
    problems |= dict.fromkeys(present, f"is not listed in {METADATA}")
    return Scan("csv", files.sort_values("file", ignore_index=True), problems)


def _normalised(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    for column, others in _OTHER_NAMES.items():
        other = next((name for name in others if name in table), None)
        if column not in table and other is not None:
            table = table.rename(columns={other: column})
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
    table["file"] = [str(PurePosixPath(text.strip())) for text in table["file"].tolist()]
    # A speaker column is what splits by person; an id alone does as well.
    table["speaker"] = table["speaker"].str.strip().where(table["speaker"] != "", table["id"])
    label, gender = labels_of(table["label"]), genders_of(table["gender"])
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
        raise DatasetError(f"{path}: {shorten(broken, 20)} (known: {KNOWN})")
    attack = attacks_of(table["attack"], label)
    return table.assign(label=label, gender=gender, attack=attack)
