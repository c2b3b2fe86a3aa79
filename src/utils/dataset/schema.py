"""The schema of the files table and of the people table, checked on every read and write."""

from pathlib import Path

import pandas as pd

from src.utils.config import GENDERS, LABELS
from src.utils.errors import DatasetError, shorten
from src.utils.tables import read_csv, write_csv

REQUIRED = ("file", "speaker", "id", "gender", "label")
OPTIONAL = ("attack", "source", "language", "duration", "amplitude", "sample_rate")
NUMERIC = ("duration", "amplitude", "sample_rate")
PEOPLE = ("speaker", "id", "gender", "n_bona_fide", "n_spoof")

UTTERANCE = "utterance"
"""Column of the recording that a clip derives from: a bona-fide clip and its vocoded, coded or
resynthesised copies share its value. Optional, like every column below."""
TRANSCRIPT = "transcript"
"""Column of the transcript."""
SPLIT = "split"
"""Column of the corpus' own split: train, dev or eval, empty for a clip it leaves out."""


def text_column(files: pd.DataFrame, name: str) -> pd.Series:
    """Return a text column of a files table, empty strings where the table has none.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    name : str
        The column's name.
    """
    return files[name] if name in files else pd.Series("", index=files.index, dtype="str")


def read_files_table(path: Path) -> pd.DataFrame:
    """Read and check a files table.

    Parameters
    ----------
    path : pathlib.Path
        The CSV file.

    Returns
    -------
    pandas.DataFrame
        Text columns as text (absent optional ones as empty), `duration` (s), `amplitude`
        (peak, full scale 1) and `sample_rate` (Hz) as floats with NaN where empty; columns
        of the user's own are kept as text.

    Raises
    ------
    DatasetError
        Telling every broken row at once.
    """
    table = read_csv(path)
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise DatasetError(f"{path} lacks the column {', '.join(missing)}")
    for column in OPTIONAL:
        if column not in table:
            table[column] = ""
    problems = []
    for column in NUMERIC:
        numbers = pd.to_numeric(table[column].replace("", None), errors="coerce")
        for row in table.index[numbers.isna() & (table[column] != "")]:
            problems.append(f"row {row + 2}: {column} {table[column][row]!r} is not a number")
        table[column] = numbers.astype("float64")
    _raise_broken(path, problems + _broken_rows(table))
    return table


def write_files_table(path: Path, table: pd.DataFrame) -> None:
    """Check a files table and write it in one step, the schema's columns first.

    Parameters
    ----------
    path : pathlib.Path
        The CSV file, which is replaced.
    table : pandas.DataFrame
        The columns of `REQUIRED`, any of `OPTIONAL`, and columns of the user's own.

    Raises
    ------
    DatasetError
        Telling every broken row at once; nothing is written then.
    """
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise DatasetError(f"the table for {path} lacks the column {', '.join(missing)}")
    _raise_broken(path, _broken_rows(table))
    known = [column for column in (*REQUIRED, *OPTIONAL) if column in table]
    own = [column for column in table if column not in known]
    table = table[known + own].copy()
    if "sample_rate" in table:
        table["sample_rate"] = table["sample_rate"].astype("Int64")
    for column in ("duration", "amplitude"):
        if column in table:
            table[column] = table[column].round(6)
    write_csv(path, table)


def people_of(files: pd.DataFrame) -> pd.DataFrame:
    """Return one row a speaker: `speaker, id, gender, n_bona_fide, n_spoof`, sorted.

    The gender is the one of all clips that tell it, empty where they differ, as in a split.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    """
    known = files[files["gender"] != ""]
    genders = known.groupby("speaker")["gender"].agg(["nunique", "first"])
    single = genders["first"].where(genders["nunique"] == 1, "")
    counts = files.assign(
        n_bona_fide=(files["label"] == LABELS[0]).astype(int),
        n_spoof=(files["label"] == LABELS[1]).astype(int),
    )
    people = counts.groupby("speaker", sort=True).agg(
        id=("id", "first"),
        n_bona_fide=("n_bona_fide", "sum"),
        n_spoof=("n_spoof", "sum"),
    )
    people["gender"] = single.reindex(people.index, fill_value="")
    return people.reset_index()[list(PEOPLE)]


def are_inside(files: pd.Series) -> pd.Series:
    """Say of every path whether it stays in the folder that it is relative to.

    Parameters
    ----------
    files : pandas.Series
        Relative paths, as text.
    """
    upward = ("/" + files + "/").str.contains("/../", regex=False)
    return ~(files.str.startswith("/") | upward | files.str.contains("\\", regex=False))


def _broken_rows(table: pd.DataFrame) -> list[str]:
    """Describe every row that breaks the schema; row 2 is the first below the header."""
    problems = []
    checks = {
        "file is empty": table["file"] == "",
        "file is not a path inside the data set": ~are_inside(table["file"]),
        "label is not bona-fide or spoof": ~table["label"].isin(LABELS),
        "gender is not M, F or empty": ~table["gender"].isin((*GENDERS, "")),
        "file is listed twice": table["file"].duplicated(),
    }
    for column in NUMERIC:
        if column in table:
            checks[f"{column} is negative"] = table[column] < 0
    for reason, broken in checks.items():
        problems += [f"row {row + 2}: {reason}" for row in table.index[broken]]
    return problems


def _raise_broken(path: Path, problems: list[str]) -> None:
    if problems:
        rows = "row is" if len(problems) == 1 else "rows are"
        raise DatasetError(f"{path}: {len(problems):,} {rows} broken: {shorten(problems, 20)}")
