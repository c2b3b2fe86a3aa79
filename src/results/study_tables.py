"""Reading the tables that a study keeps in its folder."""

from pathlib import Path

import numpy as np
import pandas as pd

from src.search.choice import best_first
from src.search.names import FINALISTS, IMPORTANCES, TOP, TRIALS
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.errors import RunError
from src.utils.runs import Run
from src.utils.tables import read_csv


def read_search_trials(run: Run) -> pd.DataFrame:
    """Return a study's table of trials, the best first; empty where there is none yet.

    Parameters
    ----------
    run : Run
        The study.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    table = _read(run, TRIALS, ())
    if table is None or VALIDATION_EER not in table:
        return pd.DataFrame()
    known = [name for name in (VALIDATION_EER, VALIDATION_CLLR) if name in table]
    return best_first(_with_numbers(run, TRIALS, table, known))


def read_top(run: Run) -> pd.DataFrame | None:
    """Return the intervals of a study's best trials, None where they are not kept.

    Parameters
    ----------
    run : Run
        The study.

    Returns
    -------
    pandas.DataFrame or None
        `run`, `validation_eer`, `eer_low`, `eer_high`.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    return _read(run, TOP, ("eer_low", "eer_high"), whole=("run",))


def read_finalists(run: Run) -> pd.DataFrame | None:
    """Return a study's best trials with other seeds, None where there are none.

    Parameters
    ----------
    run : Run
        The study.

    Returns
    -------
    pandas.DataFrame or None
        `number`, `run`, `seed`, `validation_eer`, and more.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    return _read(run, FINALISTS, (VALIDATION_EER,), whole=("number", "run", "seed"))


def read_importances(run: Run) -> pd.DataFrame | None:
    """Return the importance of a study's hyperparameters, None where it is not kept.

    Parameters
    ----------
    run : Run
        The study.

    Returns
    -------
    pandas.DataFrame or None
        `hyperparameter`, `importance`, `of`, and `among`, empty for all trials.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    table = _read(run, IMPORTANCES, ("importance",), words=("hyperparameter", "of"))
    # One of before searches across classifiers is of all trials.
    return table if table is None or "among" in table else table.assign(among="")


def _read(
    run: Run,
    name: str,
    numbers: tuple[str, ...],
    whole: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
) -> pd.DataFrame | None:
    """Read a table with columns of numbers, of whole numbers and of words."""
    path = run.folder / name
    if not path.is_file():
        return None
    table = read_csv(path)
    missing = [column for column in (*numbers, *whole, *words) if column not in table]
    if missing:
        raise _damaged(path, f"it has no column {missing[0]}", run)
    table = _with_numbers(run, name, table, [*numbers, *whole])
    for column in whole:
        values = table[column].to_numpy(float)
        if not (np.isfinite(values) & (values == np.round(values))).all():
            raise _damaged(path, f"its {column} is not always a whole number", run)
        table[column] = table[column].astype(int)
    return table


def _with_numbers(run: Run, name: str, table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    try:
        return table.assign(
            **{
                column: pd.to_numeric(table[column].replace("", None)).astype(float)
                for column in columns
            }
        )
    except (TypeError, ValueError) as error:
        raise _damaged(run.folder / name, str(error), run) from error


def _damaged(path: Path, fault: str, run: Run) -> RunError:
    return RunError(
        f"{path} is damaged: {fault}; remove it, and continue the study: "
        f"--study-number={run.number}"
    )
