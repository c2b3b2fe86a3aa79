"""Stages 2 and 3: how long and how loud every recording is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from src.utils.audio.info import AudioInfo
from src.utils.audio.io import Level, measure_level, read_info
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.presence import Presence, require_present
from src.utils.parallel import FileResults, for_each_file

DURATION_STAGE = "AddDatasetDuration"
AMPLITUDE_STAGE = "AddDatasetAmplitude"


@dataclass(frozen=True)
class Measured:
    """A data set of which something has been measured.

    Attributes
    ----------
    files : pandas.DataFrame
        The files table as written.
    rejected : dict of str to str
        The reason by file; such rows stay in the table with the cells empty.
    warnings : dict of str to str
        What is odd about a file that was measured even so.
    """

    files: pd.DataFrame
    rejected: dict[str, str]
    warnings: dict[str, str] = field(default_factory=dict)


def add_durations(dataset: Dataset) -> Measured:
    """Fill `duration` (s) and `sample_rate` (Hz) of what a decoder would give.

    Nothing is decoded where the bytes of a file tell how long it is (see `OpenedAudio.info`).

    Parameters
    ----------
    dataset : Dataset
        The data set, whose tables are written anew.

    Returns
    -------
    Measured

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
        DURATION_STAGE,
        outcome,
        duration=[info and info.duration for info in infos],
        sample_rate=[info and info.sample_rate for info in infos],
    )


def add_amplitudes(dataset: Dataset) -> Measured:
    """Fill `amplitude` (peak magnitude, full scale 1), decoding in blocks on all cores.

    Returns and raises as `add_durations` does.

    Parameters
    ----------
    dataset : Dataset
        Its recordings are decoded, and its tables written anew.
    """
    files, outcome = _measure(
        dataset, AMPLITUDE_STAGE, lambda file: measure_level(dataset.path(file))
    )
    levels: list[Level | None] = outcome.results
    peaks = [level and level.peak for level in levels]
    return _write(dataset, files, AMPLITUDE_STAGE, outcome, amplitude=peaks)


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
    dataset: Dataset, measured: Sequence[str], stage: str, outcome: FileResults, **columns: list
) -> Measured:
    warnings = {
        file: "; ".join(result.warnings)
        for file, result in zip(measured, outcome.results, strict=True)
        if result is not None and result.warnings
    }
    dataset.write_warnings(stage, warnings)
    with dataset.updating():
        # Read anew: the measuring took long, and the table may have changed meanwhile.
        table = dataset.read_files()
        for name, values in columns.items():
            numbers = pd.array(values, dtype="Float64").to_numpy("float64", na_value=float("nan"))
            table[name] = table["file"].map(dict(zip(measured, numbers, strict=True)))
        dataset.write_tables(table)
        dataset.write_measurements(table)
    return Measured(table, outcome.rejected, warnings)
