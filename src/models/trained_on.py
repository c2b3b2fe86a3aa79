"""Which clips a run was trained and validated on, as its folder keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.utils.errors import RunError
from src.utils.runs import Run
from src.utils.tables import read_csv

if TYPE_CHECKING:
    import pandas as pd

TRAINED_ON = "trained_on.csv"


def read_trained_on(run: Run) -> pd.DataFrame:
    """Return the table of the clips that a run was trained and validated on, as text.

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
    table = read_csv(path)
    missing = [name for name in ("split", "file", "speaker") if name not in table]
    if missing:
        raise RunError(f"{path} is damaged: it lacks the column {', '.join(missing)}; train again")
    return table
