"""Measuring the nuisances and fingerprints of a data set's recordings, each once."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import open_audio
from src.utils.audio.nuisances import fingerprint
from src.utils.audio.nuisances.measure import NAMES, VERSION, Nuisances, measure_opened
from src.utils.audio.resampler import Resampler
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.presence import Presence, require_present
from src.utils.dataset.recording_cache import RecordingCache, open_cache
from src.utils.errors import AudioError, DatasetError, shorten
from src.utils.files import file_identity, require_unchanged, sha256_file
from src.utils.parallel import attempt, map_ahead

DATABASE = "inspection.sqlite"
"""The file of the measurements (see `RecordingCache`); safe to delete."""

_COLUMNS = (*NAMES, "sha256", "fingerprint")


@dataclass(frozen=True)
class Inspection:
    """Measurements of the recordings of a data set, a row a clip in one order.

    Attributes
    ----------
    files : pandas.DataFrame
        The files table without the rejected, with the columns of `Nuisances` and `sha256` in place
        of columns of those names.
    fingerprints : list of numpy.ndarray
        uint32, shape (frames,), see `compute_fingerprint`.
    rejected : dict of str to str
        The reason by file.
    n_measured : int
        How many of these were measured now; the rest was known.
    """

    files: pd.DataFrame
    fingerprints: list[np.ndarray]
    rejected: dict[str, str]
    n_measured: int


def inspect_dataset(dataset: Dataset, stage: str) -> Inspection:
    """Measure every recording that has changed since it was measured last.

    What is measured is kept in the data set's folder as it comes, so that a stage that was
    stopped goes on.

    Parameters
    ----------
    dataset : Dataset
        Whose recordings, with a files table.
    stage : str
        The task's name, for the progress bar and `rejected.csv`.

    Returns
    -------
    Inspection

    Raises
    ------
    DatasetError
        When there is no table, not one recording can be used, the database is damaged, or a
        recording changes meanwhile.
    """
    files = dataset.read_files()
    require_present(dataset, files["file"].tolist())
    path = dataset.root / DATABASE
    identities = {file: file_identity(dataset.path(file)) for file in files["file"]}
    with open_cache(path, _COLUMNS, VERSION, "measured", is_sound=_is_sound) as cache:
        known = cache.read(identities, [])
        todo = {file: identity for file, identity in identities.items() if file not in known}
        rejected = _measure(dataset, cache, todo, stage)
        dataset.write_rejected(stage, rejected)
        require_some(len(files) - len(rejected), rejected)
        usable = {file: identities[file] for file in identities if file not in rejected}
        rows = cache.read(usable)
    kept = files[files["file"].isin(usable)].reset_index(drop=True)
    _require_ours(path, kept["file"], rows)
    table = pd.DataFrame([rows[file] for file in kept["file"]], columns=list(_COLUMNS))
    measured = {name: table[name] for name in (*NAMES, "sha256")}
    prints = [np.frombuffer(blob, np.uint32) for blob in table["fingerprint"]]
    return Inspection(kept.assign(**measured), prints, rejected, len(todo) - len(rejected))


def inspect_recording(dataset: Dataset, file: str) -> tuple[Nuisances, str, np.ndarray]:
    """Measure one recording.

    Parameters
    ----------
    dataset : Dataset
        Where it lies.
    file : str
        The recording, as the files table names it.

    Returns
    -------
    nuisances : Nuisances
    sha256 : str
        Of the file's bytes, as hexadecimal digits.
    fingerprint : numpy.ndarray
        uint32, shape (frames,), see `compute_fingerprint`.

    Raises
    ------
    AudioError
        As `measure_opened` does.
    """
    path = dataset.path(file)
    with open_audio(path) as audio:
        resampler = Resampler(audio.sample_rate, fingerprint.SAMPLE_RATE)
        nuisances = measure_opened(audio, resampler.add)
    return nuisances, sha256_file(path), fingerprint.compute_fingerprint(resampler.finish())


_TEXT = ("format", "encoder")
_COUNTS = ("sample_rate", "bit_depth", "channels", "bit_rate", "original_rate")
_DIGITS = re.compile("[0-9a-f]{64}")


def _is_sound(values: tuple) -> bool:
    """Say whether values that were kept can be those of a recording."""
    row = dict(zip(_COLUMNS, values, strict=True))
    sha256, prints = row.pop("sha256"), row.pop("fingerprint")
    if not (isinstance(sha256, str) and _DIGITS.fullmatch(sha256)):
        return False
    if not (isinstance(prints, bytes) and len(prints) % np.dtype(np.uint32).itemsize == 0):
        return False
    for name, value in row.items():
        if name in _TEXT:
            sound = isinstance(value, str)
        elif name in _COUNTS:
            sound = isinstance(value, int) and 0 <= value < 1 << 32
        else:
            # SQLite keeps NaN as nothing, and levels of silence are below all.
            sound = value is None or (isinstance(value, int | float) and value < math.inf)
        if not sound:
            return False
    return True


def _measure(
    dataset: Dataset, cache: RecordingCache, todo: Mapping[str, tuple[str, str]], stage: str
) -> dict[str, str]:
    """Measure recordings, given with their identities, and return the reasons of the bad ones."""
    rejected = {}
    presence = Presence(dataset)

    def inspect(file: str) -> tuple[Nuisances, str, np.ndarray]:
        measured = inspect_recording(dataset, file)
        require_unchanged(dataset.path(file), todo[file])
        return measured

    outcomes = map_ahead(partial(attempt, inspect), todo)
    # A bar over nothing would flash past whenever a data set is inspected again.
    progress = tqdm(outcomes, stage, len(todo), unit="clip", leave=False) if todo else outcomes
    for file, outcome in zip(todo, progress, strict=True):
        presence.note(file, isinstance(outcome, AudioError))
        if isinstance(outcome, AudioError):
            rejected[file] = str(outcome)
            continue
        nuisances, sha256, prints = outcome
        cache.add(file, todo[file], (*astuple(nuisances), sha256, prints.tobytes()))
    return rejected


def _require_ours(path: Path, files: Iterable[str], known: Collection[str]) -> None:
    """Fail where another process has put its measurements of another state in place of ours."""
    changed = [file for file in files if file not in known]
    if changed:
        raise DatasetError(
            f"recordings changed while they were measured into {path}: {shorten(changed)}; run "
            f"again"
        )
