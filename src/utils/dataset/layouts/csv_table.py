"""A plain `metadata.csv` beside the recordings.

Columns `file` (or `path`) and `label`; `speaker`, `id`, `gender`, `attack`, `source`,
`language`, `split` and any others are optional and kept. `pair_id` stands for `utterance`, and
`text` or `sentence` for `transcript`, where the table has no column of that name.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.audio.io import is_audio
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.protocol import describe_header, read_header, read_table
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.layouts.spellings import Spellings
from src.utils.dataset.layouts.tree import find_recordings
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE, are_inside
from src.utils.errors import DatasetError

EXPECTS = "metadata.csv with the columns file,label"

METADATA = "metadata.csv"

_OTHER_NAMES = {
    "file": ("path",),
    UTTERANCE: ("pair_id",),
    TRANSCRIPT: ("text", "sentence"),
}
_KINDS = ", ".join(suffix[1:] for suffix in AUDIO_SUFFIXES)


def matches(folder: Path) -> bool:
    """Say whether the table is there.

    Parameters
    ----------
    folder : pathlib.Path
        Where metadata.csv should be.
    """
    return (folder / METADATA).is_file()


def scan(folder: Path) -> Scan:
    """Read the table and check that its recordings exist.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds metadata.csv, to which its paths are relative; only read.

    Raises
    ------
    DatasetError
        When the table or a needed column is absent, two columns have one name, or a line has
        another number of columns, a label or gender that is spelt in no known way, or a file
        that is listed twice or lies outside; every kind is told.
    """
    path = folder / METADATA
    if not path.is_file():
        raise DatasetError(f"no {METADATA} in {folder}; the layout is {EXPECTS}")
    files = read_metadata(path, _FILES)
    problems: dict[str, str] = {}
    aside = Aside()
    present = dict.fromkeys(find_recordings(folder, problems, aside))
    for file in files["file"].tolist():
        if file in present:
            del present[file]
        # A walk leaves out what is hidden, lies elsewhere or is no recording; that it tells itself.
        elif file in problems:
            continue
        elif not (folder / file).is_file():
            problems[file] = f"is listed in {METADATA} but missing"
        elif not is_audio(Path(file)):
            problems[file] = f"is not one of {_KINDS}"
    files = files[~files["file"].isin(list(problems))]
    problems |= dict.fromkeys(present, f"is not listed in {METADATA}")
    return Scan("csv", files.sort_values("file", ignore_index=True), problems, aside=aside)


def read_metadata(path: Path, files: Spellings) -> pd.DataFrame:
    """Read such a table, wherever it lies.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    files : Spellings
        What may stand in the column `file`.

    Raises
    ------
    DatasetError
        As `scan` does, but for recordings that are not there.
    """
    header = read_header(path, ",")
    names = names_of(header)
    for column in ("file", "label"):
        if column not in names:
            also = " (or path)" if column == "file" else ""
            raise DatasetError(
                f"{path} has no column {column}{also}; {describe_header(header, ',')}"
            )
    renamed = dict(zip(header, names, strict=True))
    table = read_table(path, header, renamed=renamed, spellings={"file": files})
    for column in ("speaker", "id", "gender", "attack"):
        if column not in table:
            table[column] = ""
    # A speaker column is what splits by person; an id alone does as well.
    table["speaker"] = table["speaker"].str.strip().where(table["speaker"] != "", table["id"])
    return table


def names_of(header: list[str]) -> list[str]:
    """Return what the columns are called here; one without a name is left out.

    Parameters
    ----------
    header : list of str
        The names in the table's first line.
    """
    names = [name.lower() for name in header]
    for column, others in _OTHER_NAMES.items():
        other = next((name for name in others if name in names), None)
        if column not in names and other is not None:
            names[names.index(other)] = column
    return names


def _plain(files: pd.Series) -> pd.Series:
    """Spell every path in one way, NaN for one that leads out: `./a//b.wav` is `a/b.wav`."""
    plain = pd.Series(
        [str(PurePosixPath(text.strip())) for text in files.tolist()], files.index, dtype="str"
    )
    return plain.where(are_inside(plain) & (plain != "."))


_FILES = Spellings(_plain, "'{}' is not a path inside the data set")


LAYOUT = Layout("csv", EXPECTS, matches, scan)
