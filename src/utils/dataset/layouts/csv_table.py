"""A plain `metadata.csv` beside the recordings.

Columns `file` (or `path`) and `label`; `speaker`, `id`, `gender`, `attack`, `source`,
`language`, `split` and any others are optional and kept. What else a column may be called is in
`people_table`; commas, semicolons or tabs separate them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from src.utils.audio.io import is_audio
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.on_disk import AMBIGUOUS, NamesOnDisk, composed, plain_path
from src.utils.dataset.layouts.people_table import SAYS_SPOOF, flag_of, header_of, names_of
from src.utils.dataset.layouts.protocol import describe_header, read_table
from src.utils.dataset.layouts.scan import Scan
from src.utils.dataset.layouts.spellings import Spellings, flags_of, label_of
from src.utils.dataset.layouts.tree import find_recordings
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import are_inside
from src.utils.errors import DatasetError
from src.utils.notes import note

EXPECTS = "metadata.csv with the columns file,label"

METADATA = "metadata.csv"

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


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
    problems: dict[str, str] = {}
    aside = Aside()
    found = find_recordings(folder, problems, aside)
    paths = _Paths(folder, found)
    files = read_metadata(path, paths.spellings)
    paths.note_others(METADATA)
    present = dict.fromkeys(found)
    for file in files["file"].tolist():
        if file in present:
            del present[file]
        elif paths.names.is_ambiguous(file):
            problems[file] = AMBIGUOUS
        # A walk leaves out what is hidden, lies elsewhere or is no recording; that it tells itself.
        elif file in problems:
            continue
        elif not _is_there(folder / file):
            problems[file] = f"is listed in {METADATA} but missing"
        elif not is_audio(Path(file)):
            problems[file] = "is not a kind of recording that is read"
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
    delimiter, header = header_of(path, has_columns)
    names = names_of(header)
    for column in ("file", "label"):
        if column not in names:
            also = " (or path)" if column == "file" else ""
            raise DatasetError(
                f"{path} has no column {column}{also}; {describe_header(header, delimiter)}"
                f"{_say_no_header(header)}"
            )
    spellings = {"file": files}
    if flag := flag_of(header):
        spellings["label"] = flags_of(SPOOF if flag in SAYS_SPOOF else BONA_FIDE)
    renamed = dict(zip(header, names, strict=True))
    table = read_table(
        path, header, delimiter, renamed=renamed, spellings=spellings, is_quoted=True
    )
    for column in ("speaker", "id", "gender", "attack"):
        if column not in table:
            table[column] = ""
    # A speaker column is what splits by person; an id alone does as well.
    table["speaker"] = table["speaker"].where(table["speaker"] != "", table["id"])
    return table


def has_columns(header: Sequence[str]) -> bool:
    """Say whether the names in a first line are those of such a table.

    Parameters
    ----------
    header : sequence of str
        The names.
    """
    return {"file", "label"} <= set(names_of(header))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # No file system has such names, which are longer than it allows.
        return False


def _say_no_header(header: Sequence[str]) -> str:
    """Say so where a first line looks like a recording and its label."""
    if any(label_of(name) for name in header) or any(is_audio(Path(name)) for name in header):
        return "; the first line must name the columns, such as file,label"
    return ""


class _Paths:
    """The paths in a table, as they are on disk: relative to the data set, and spelt as there."""

    def __init__(self, folder: Path, found: list[str]) -> None:
        self.names = NamesOnDisk(found)
        self._above = [f"{place.as_posix()}/" for place in (folder.absolute(), folder.resolve())]
        self._others: dict[str, str] = {}
        self.spellings = Spellings(self._translate, "'{}' is not a path inside the data set")

    def note_others(self, table: str) -> None:
        """Tell of the recordings whose names are spelt otherwise in the table."""
        if self._others:
            told, file = next(iter(self._others.items()))
            count = f"{len(self._others):,} paths are" if len(self._others) > 1 else "1 path is"
            note(f"{count} spelt otherwise in {table} than on disk, such as {told} for {file}")

    def _translate(self, files: pd.Series) -> pd.Series:
        plain = pd.Series([self._place(text) for text in files.tolist()], files.index, dtype="str")
        return plain.where(are_inside(plain) & (plain != "."))

    def _place(self, text: str) -> str:
        path = plain_path(text)
        if _DRIVE.match(path):
            # Nothing outside: `C:/a.wav` would be taken for a folder `C:`.
            return "/"
        if path.startswith("/"):
            inside = (path.removeprefix(above) for above in self._above if path.startswith(above))
            path = next(inside, path)
        found = self.names.find(path)
        if found is None:
            return path
        if composed(found) != composed(path):
            self._others[path] = found
        return found


LAYOUT = Layout("csv", EXPECTS, matches, scan)
