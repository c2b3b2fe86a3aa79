"""Stages 2 and 3: how long and how loud every recording is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import pandas as pd

from src.utils.audio.info import AudioInfo
from src.utils.audio.io import Level, measure_level, read_info
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.presence import Presence, require_present
from src.utils.files import file_identity, require_unchanged
from src.utils.parallel import Result, for_each_file

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
    work: _Work[AudioInfo] = _measure(dataset, DURATION_STAGE, read_info)
    durations = {file: info.duration for file, info in work.found.items()}
    rates = {file: info.sample_rate for file, info in work.found.items()}
    return _write(dataset, DURATION_STAGE, work, duration=durations, sample_rate=rates)


def add_amplitudes(dataset: Dataset) -> Measured:
    """Fill `amplitude` (peak magnitude, full scale 1), decoding in blocks on all cores.

    Returns and raises as `add_durations` does.

    Parameters
    ----------
    dataset : Dataset
        Its recordings are decoded, and its tables written anew.
    """
    work: _Work[Level] = _measure(dataset, AMPLITUDE_STAGE, measure_level)
    peaks = {file: level.peak for file, level in work.found.items()}
    return _write(dataset, AMPLITUDE_STAGE, work, amplitude=peaks)


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


@dataclass(frozen=True)
class _Work(Generic[Result]):
    """What was measured, by file, and in which states; the reasons of what could not be."""

    found: dict[str, Result]
    identities: dict[str, tuple[str, str]]
    rejected: dict[str, str]


def _measure(dataset: Dataset, stage: str, function: Callable[[Path], Result]) -> _Work[Result]:
    files = dataset.read_files()["file"].tolist()
    require_present(dataset, files)
    identities = {}

    def measure(file: str) -> Result:
        path = dataset.path(file)
        identities[file] = file_identity(path)
        measured = function(path)
        require_unchanged(path, identities[file])
        return measured

    outcome = for_each_file(measure, files, stage, Presence(dataset).note)
    dataset.write_rejected(stage, outcome.rejected)
    require_some(len(files) - len(outcome.rejected), outcome.rejected)
    found = {file: one for file, one in zip(files, outcome.results, strict=True) if one is not None}
    return _Work(found, {file: identities[file] for file in found}, outcome.rejected)


def _write(
    dataset: Dataset,
    stage: str,
    work: _Work[AudioInfo] | _Work[Level],
    **columns: Mapping[str, float],
) -> Measured:
    odd = {file: one.warnings for file, one in work.found.items() if one.warnings}
    warnings = {file: "; ".join(told) for file, told in odd.items()}
    dataset.write_warnings(stage, warnings)
    with dataset.updating():
        # Read anew: the measuring took long, and the table may have changed meanwhile.
        table = dataset.read_files()
        for name, values in columns.items():
            table[name] = table["file"].map(values).astype("float64")
        dataset.write_tables(table)
        dataset.write_measurements(table, work.identities)
    return Measured(table, work.rejected, warnings)
