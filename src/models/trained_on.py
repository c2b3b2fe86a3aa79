"""Which clips a run was trained and validated on, as its folder keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.utils.errors import RunError
from src.utils.runs import Run
from src.utils.tables import read_csv

if TYPE_CHECKING:
    import pandas as pd

TRAINED_ON = "trained_on.csv"

ELSEWHERE = "released"
"""The entry of the settings of a run whose weights others released: what is known of them."""

DATASET = "dataset"
"""The column of the folder that a clip's recording lies in, where it is of another data set than
the run's own; only runs that were adapted have it."""

_COLUMNS = ("split", "file", "speaker")


def is_trained_elsewhere(run: Run) -> bool:
    """Say whether a run's weights were released by others, who know what they were trained on.

    Parameters
    ----------
    run : Run
        A training.
    """
    return ELSEWHERE in run.settings


def read_trained_on(run: Run) -> pd.DataFrame:
    """Return the table of the clips that a run was trained and validated on, as text.

    Of a run that was trained elsewhere it holds those that it was calibrated on, none before.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    path = run.folder / TRAINED_ON
    if is_trained_elsewhere(run) and not path.is_file():
        import pandas as pd

        return pd.DataFrame({name: [] for name in _COLUMNS}, dtype=str)
    table = read_csv(path)
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise RunError(f"{path} is damaged: it lacks the column {', '.join(missing)}; train again")
    return table


def as_of_dataset(seen: pd.DataFrame, dataset: str | None) -> pd.DataFrame:
    """Return what a run has seen, without the names of files of data sets that are known others.

    Two data sets may well have a file of one name; speakers of one name are taken for one.

    Parameters
    ----------
    seen : pandas.DataFrame
        As `read_trained_on` gives it.
    dataset : str or None
        The folder of the recordings that it is held against; None for the run's own.
    """
    if DATASET not in seen:
        return seen
    is_other = (seen[DATASET] != "") & (seen[DATASET] != (dataset or ""))
    return seen.assign(file=seen["file"].mask(is_other, ""))
