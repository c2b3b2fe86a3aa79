"""What splits hold and what they have in common, for people to see."""

import shlex

import pandas as pd

from src.utils.config import LABELS, SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.schema import text_column
from src.utils.dataset.split.store import assign_splits
from src.utils.dataset.summary import with_gender
from src.utils.errors import DatasetError


def read_assignment(dataset: Dataset, files: pd.DataFrame) -> pd.Series:
    """Return the split of each clip, empty for one in none.

    Parameters
    ----------
    dataset : Dataset
        Which has been split.
    files : pandas.DataFrame
        Its files table.

    Raises
    ------
    DatasetError
        When the data set is not split yet, or a split's table is broken.
    """
    splits = assign_splits(dataset, files["file"])
    if splits is None:
        raise DatasetError(
            f"{dataset.root} is not split yet; run first: "
            f"fab SplitDataset --dataset={shlex.quote(str(dataset.root))}"
        )
    return splits


def describe_splits(files: pd.DataFrame, splits: pd.Series) -> pd.DataFrame:
    """Count what is in each of the five splits, the empty ones too.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of each row.

    Returns
    -------
    pandas.DataFrame
        `split, speakers, clips, minutes`, then clips and minutes of each class and each gender
        that there is: `bona-fide clips`, `F minutes`, ...; a row a split, in their order.
    """
    table = with_gender(files)
    values = [("label", label) for label in LABELS]
    values += [("gender", gender) for gender in table["gender"].cat.categories]
    rows = []
    for split in SPLITS:
        part = table[splits == split]
        row: dict[str, object] = {
            "split": split,
            "speakers": part["speaker"].replace("", None).nunique(),
            "clips": len(part),
            "minutes": part["duration"].sum() / 60,
        }
        for column, value in values:
            here = part[part[column] == value]
            row[f"{value} clips"] = len(here)
            row[f"{value} minutes"] = here["duration"].sum() / 60
        rows.append(row)
    return pd.DataFrame(rows)


def count_shared(files: pd.DataFrame, splits: pd.Series, column: str) -> pd.DataFrame:
    """Count the values of a column that each two splits have in common.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of each clip, empty for one in none.
    column : str
        Of the files table.

    Returns
    -------
    pandas.DataFrame
        A row and a column a split: on the diagonal how many values it has, elsewhere how many
        are in both. Empty cells count as no value.
    """
    values = text_column(files, column)
    held = {split: set(values[splits == split]) - {""} for split in SPLITS}
    counts = [[len(held[one] & held[other]) for other in SPLITS] for one in SPLITS]
    return pd.DataFrame(counts, index=list(SPLITS), columns=list(SPLITS))


def list_shared(files: pd.DataFrame, splits: pd.Series, columns: tuple[str, ...]) -> pd.DataFrame:
    """Tell of columns whether any value of theirs is in two splits.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of each clip, empty for one in none.
    columns : tuple of str
        Of the files table.

    Returns
    -------
    pandas.DataFrame
        `column, values, in_two_splits`: how many values are in a split at all, and how many in
        more than one. A column that is empty everywhere is left out.
    """
    rows = []
    for column in columns:
        values = text_column(files, column)
        counted = (values != "") & splits.isin(SPLITS)
        n_splits = splits[counted].groupby(values[counted]).nunique()
        if len(n_splits):
            rows.append((column, len(n_splits), int((n_splits > 1).sum())))
    return pd.DataFrame(rows, columns=["column", "values", "in_two_splits"])
