"""A key: the classes of the trials of a test, read from one file and no recordings.

What the layouts' protocols and tables look like is theirs to say; here, a file is told by its
header or, without one, by its number of columns.
"""

from itertools import islice
from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts import (
    asvspoof5,
    asvspoof2019,
    asvspoof2021,
    csv_table,
    spoofceleb,
)
from src.utils.dataset.layouts.faults import excerpt
from src.utils.dataset.layouts.people_table import DELIMITERS, has_header
from src.utils.dataset.layouts.protocol import (
    peek_header,
    read_lines,
    read_protocol,
    read_rows,
    read_table,
)
from src.utils.dataset.layouts.spellings import IDS, label_of
from src.utils.errors import ArgumentError, DatasetError

ACCEPTED = (
    "a CSV with the columns file,label, lines of a file and its label, "
    "an ASVspoof 2019 cm protocol (5 columns), "
    "an ASVspoof 2021 CM/trial_metadata.txt (8 or 13), "
    "an ASVspoof 5 protocol (10 or 6, or filename and cm-label), "
    "In-the-Wild's meta.csv or a SpoofCeleb table (file,speaker,attack)"
)

COLUMNS = (
    *("file", "label", "speaker", "gender", "attack", "codec", "source", "language", "duration"),
)
"""What a key may tell; the first two it always does."""

_FORMATS = (
    *(asvspoof2019.FORMAT, asvspoof2021.LA, asvspoof2021.DF),
    *asvspoof5.FORMATS,
)
"""Of protocols without a header; no two have as many columns."""

_PROBED = 100
"""Lines of which one must have a known number of columns."""


def read_key(path: Path, subset: str | None = None) -> pd.DataFrame:
    """Read the key of a test.

    Parameters
    ----------
    path : pathlib.Path
        A protocol or table of one of the forms in `ACCEPTED`.
    subset : str, optional
        Of an ASVspoof 2021 key: the subset to read, or `all`; `eval`, the official evaluation,
        when it is not given.

    Returns
    -------
    pandas.DataFrame
        One row a trial, in the order of the file: `file`, as the file names it, and `label` in
        `config.LABELS`, then those of `COLUMNS` that say something.

    Raises
    ------
    DatasetError
        When the file cannot be read, is none of what is accepted, or is broken; every kind of
        broken line is told.
    ArgumentError
        When there is no such subset, or the file knows none.
    """
    table = _read_with_header(path)
    if table is None:
        table = _read_without_header(path)
        if "subset" in table:
            table, subset = asvspoof2021.of_subset(table, subset), None
    if subset is not None:
        raise ArgumentError(
            f"--subset={subset} goes with a key of ASVspoof 2021; {path} tells no subsets"
        )
    always = COLUMNS[:2]
    return table[[c for c in COLUMNS if c in always or (c in table and (table[c] != "").any())]]


def is_table_of_labels(path: Path) -> bool:
    """Tell whether a file is a table whose header names at least `file` and `label`.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """
    return has_header(path, csv_table.has_columns)


def _read_with_header(path: Path) -> pd.DataFrame | None:
    if is_table_of_labels(path):
        return csv_table.read_metadata(path, IDS)
    if has_header(path, spoofceleb.has_columns):
        return spoofceleb.read_part(path)
    if set(asvspoof5.KEY) <= set(peek_header(path, "\t")):
        return read_table(path, list(asvspoof5.KEY), "\t", renamed=asvspoof5.KEY)
    return None


def _read_without_header(path: Path) -> pd.DataFrame:
    lines = [fields for _, fields in islice(read_lines(path), _PROBED)]
    if lines and not {len(fields) for fields in lines} & {len(names) for names in _FORMATS}:
        table = _read_pairs(path)
        if table is not None:
            return table
        first = excerpt(" ".join(lines[0]))
        raise DatasetError(f"{path} is no key: its first line is '{first}'; a key is {ACCEPTED}")
    return read_protocol(path, *_FORMATS, spellings={"subset": asvspoof2021.SUBSETS})


def _read_pairs(path: Path) -> pd.DataFrame | None:
    """Read lines of a recording and its class, None where most are no such."""
    for delimiter in (*DELIMITERS, None):
        lines = islice(read_lines(path, delimiter, most=2), _PROBED)
        pairs = [fields for _, fields in lines]
        if 2 * sum(len(p) == 2 and label_of(p[1]) is not None for p in pairs) > len(pairs):
            every = read_lines(path, delimiter, most=2)
            return read_rows(path, every, COLUMNS[:2], spellings={"file": IDS})
    return None
