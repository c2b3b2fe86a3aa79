"""Stages 2 and 3: how long and how loud every recording is."""

from collections.abc import Callable, Sequence

import pandas as pd

from src.utils.audio.info import AudioInfo
from src.utils.audio.io import measure_level, read_info
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.presence import Presence, require_present
from src.utils.parallel import FileResults, for_each_file

DURATION_STAGE = "AddDatasetDuration"
AMPLITUDE_STAGE = "AddDatasetAmplitude"


def add_durations(dataset: Dataset) -> tuple[pd.DataFrame, dict[str, str]]:
    """Fill `duration` (s) and `sample_rate` (Hz) from headers alone.

    Parameters
    ----------
    dataset : Dataset
        The data set, whose tables are written anew.

    Returns
    -------
    files : pandas.DataFrame
        The files table as written.
    rejected : dict of str to str
        The reason by file; such rows stay in the table with the cells empty.

    Raises
    ------
    DatasetError
        When there is no table, or not one file can be read.
    """
    files, outcome = _measure(dataset, DURATION_STAGE, lambda file: read_info(dataset.path(file)))
    infos: list[AudioInfo | None] = outcome.results
    return _write(
        dataset,
        files,
        outcome.rejected,
        duration=[info and info.duration for info in infos],
        sample_rate=[info and info.sample_rate for info in infos],
    )


def add_amplitudes(dataset: Dataset) -> tuple[pd.DataFrame, dict[str, str]]:
    """Fill `amplitude` (peak magnitude, full scale 1), decoding in blocks on all cores.

    Returns and raises as `add_durations` does.

    Parameters
    ----------
    dataset : Dataset
        Its recordings are decoded, and its tables written anew.
    """
    files, outcome = _measure(
        dataset, AMPLITUDE_STAGE, lambda file: measure_level(dataset.path(file)).peak
    )
    return _write(dataset, files, outcome.rejected, amplitude=outcome.results)


def is_measured(dataset: Dataset, stage: str, column: str) -> bool:
    """Say whether every recording has the column filled, or was rejected by the stage.

    Parameters
    ----------
    dataset : Dataset
        The data set, with a files table.
    stage : str
        The name of the task that measures it.
    column : str
        A column of `schema.NUMERIC`.
    """
    files = dataset.read_files()
    empty = files["file"][files[column].isna()]
    return set(empty) <= set(dataset.read_rejected(stage)) and len(empty) < len(files)


def _measure(dataset: Dataset, stage: str, function: Callable) -> tuple[list[str], FileResults]:
    files = dataset.read_files()["file"].tolist()
    require_present(dataset, files)
    outcome = for_each_file(function, files, stage, Presence(dataset).note)
    dataset.write_rejected(stage, outcome.rejected)
    require_some(len(files) - len(outcome.rejected), outcome.rejected)
    return files, outcome


def _write(
    dataset: Dataset, measured: Sequence[str], rejected: dict[str, str], **columns: list
) -> tuple[pd.DataFrame, dict[str, str]]:
    with dataset.updating():
        # Read anew: the measuring took long, and the table may have changed meanwhile.
        table = dataset.read_files()
        for name, values in columns.items():
            numbers = pd.array(values, dtype="Float64").to_numpy("float64", na_value=float("nan"))
            table[name] = table["file"].map(dict(zip(measured, numbers, strict=True)))
        dataset.write_tables(table)
        dataset.write_measurements(table)
    return table, rejected
