"""In-the-Wild: recordings of public figures beside a table.

    release_in_the_wild/meta.csv       file,speaker,label
    release_in_the_wild/0.wav ...

Published at https://deepfake-total.com/in_the_wild.
"""

from pathlib import Path

from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.on_disk import plain_path
from src.utils.dataset.layouts.people_table import has_header, header_of
from src.utils.dataset.layouts.protocol import describe_header, read_table
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.tree import folders_below
from src.utils.errors import DatasetError, shorten

EXPECTS = "meta.csv with the columns file,speaker,label beside the recordings"

_TABLE = "meta.csv"
_COLUMNS = ["file", "speaker", "label"]
_EXPECTED = 31_779


def matches(folder: Path) -> bool:
    """Say whether the table is there, with exactly its columns.

    Parameters
    ----------
    folder : pathlib.Path
        Where meta.csv lies, or one above it.
    """
    return any(map(_fits, _tables(folder)))


def scan(folder: Path) -> Scan:
    """Read the table and find its recordings.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of meta.csv and the recordings, or one above it; only read.

    Raises
    ------
    DatasetError
        When there is not exactly one table, it has other columns, or it is broken.
    """
    there = _tables(folder)
    found = [path for path in there if _fits(path)]
    if there and not found:
        delimiter, header = header_of(there[0], _is_header)
        told = describe_header(header, delimiter)
        raise DatasetError(f"{there[0]} must have the columns {','.join(_COLUMNS)} alone; {told}")
    if len(found) != 1:
        told = f"more than one ({shorten(found)})" if found else "none"
        raise DatasetError(f"{folder} must hold one {EXPECTS}; it holds {told}")
    delimiter, _ = header_of(found[0], _is_header)
    files = read_table(found[0], _COLUMNS, delimiter, is_quoted=True)
    total = Total("In-the-Wild, lines listed", len(files), _EXPECTED)
    place = found[0].parent.relative_to(folder)
    files["file"] = [(place / plain_path(file)).as_posix() for file in files["file"].tolist()]
    index = RecordingIndex(folder)
    index.take(files, _TABLE)
    return index.scan("in-the-wild", [total])


def _tables(folder: Path) -> list[Path]:
    paths = [place / _TABLE for place in folders_below(folder, 1)]
    return [path for path in paths if path.is_file()]


def _fits(path: Path) -> bool:
    return has_header(path, _is_header)


def _is_header(names: list[str]) -> bool:
    return names == _COLUMNS


LAYOUT = Layout("in-the-wild", EXPECTS, matches, scan)
