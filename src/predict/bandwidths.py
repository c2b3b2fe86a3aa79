"""Bandwidths of the training recordings, measured when first needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ConfigDict, NonNegativeFloat, PositiveInt

from src.utils.audio.nuisances.measure import measure_nuisances
from src.utils.errors import AudioError, AudiosError
from src.utils.files import write_json
from src.utils.parallel import attempt, map_ahead
from src.utils.runs import Run
from src.utils.shapes import Shape, read_shaped

if TYPE_CHECKING:
    from src.utils.dataset.dataset import Dataset

BANDWIDTHS = "bandwidths.json"

MOST_RECORDINGS = 200
FEWEST_RECORDINGS = 10
"""With fewer recordings left there is no range."""

_OUTER = (2.5, 97.5)
"""Percentiles that are the ends of the range."""
_CLEARLY = 0.1
"""Relative tolerance: a bandwidth differs that misses the range by more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bandwidths:
    """The range of the bandwidths of the training recordings.

    Attributes
    ----------
    low, high : float
        The 2.5th and 97.5th percentile in Hz, at most the Nyquist frequency of the backbone.
    sample_rate : int
        Sample rate of the backbone in Hz.
    count : int
        Number of recordings measured.
    """

    low: float
    high: float
    sample_rate: int
    count: int

    def differs(self, bandwidth: float) -> bool:
        """Return whether a bandwidth in Hz is clearly outside the range."""
        heard = min(bandwidth, self.sample_rate / 2)
        return not (1 - _CLEARLY) * self.low <= heard <= (1 + _CLEARLY) * self.high


class _Shape(Shape):
    model_config = ConfigDict(extra="forbid")

    low: NonNegativeFloat
    high: NonNegativeFloat
    sample_rate: PositiveInt
    count: PositiveInt


def bandwidths_of(run: Run, sample_rate: int) -> Bandwidths | None:
    """Return the bandwidths of a run's training recordings, None where too few are left.

    They are measured once, on up to `MOST_RECORDINGS` evenly spaced in the list of training files,
    and cached in the run's folder.

    Parameters
    ----------
    run : Run
        A finished training run.
    sample_rate : int
        Sample rate of the run's backbone in Hz.
    """
    path = run.folder / BANDWIDTHS
    try:
        return Bandwidths(**read_shaped(path, _Shape, "it is measured again"))
    except AudiosError:
        pass  # not measured yet, or by another version
    bandwidths = measure_bandwidths(_recordings_of(run), sample_rate)
    if bandwidths is None:
        return None
    try:
        write_bandwidths(run.folder, bandwidths)
    except AudiosError as error:
        # A run on a read-only disk serves as well, only more slowly.
        log.debug("%s", error)
    return bandwidths


def measure_bandwidths(paths: Sequence[Path], sample_rate: int) -> Bandwidths | None:
    """Measure the range of bandwidths, None where too few recordings can be read.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Recordings, of which up to `MOST_RECORDINGS` are measured, evenly spaced.
    sample_rate : int
        Sample rate of the backbone in Hz.
    """
    rows = np.unique(np.linspace(0, max(0, len(paths) - 1), MOST_RECORDINGS).astype(int))
    taken = [paths[row] for row in rows if row < len(paths)]
    outcomes = map_ahead(partial(attempt, measure_nuisances), taken)
    measured = [one.bandwidth for one in outcomes if not isinstance(one, AudioError)]
    if len(measured) < FEWEST_RECORDINGS:
        return None
    low, high = np.percentile(np.minimum(measured, sample_rate / 2), _OUTER)
    return Bandwidths(float(low), float(high), sample_rate, len(measured))


def write_bandwidths(folder: Path, bandwidths: Bandwidths) -> None:
    """Write a range of bandwidths into a run's folder."""
    write_json(folder / BANDWIDTHS, asdict(bandwidths))


def _recordings_of(run: Run) -> list[Path]:
    # Here, as below: of most runs it was measured once, and all of this is slow to load.
    from src.models.data import TRAIN
    from src.models.trained_on import DATASET, TRAINED_ON, read_trained_on

    dataset, listing = _dataset_of(run), run.folder / TRAINED_ON
    if dataset is None or not listing.is_file():
        return []
    listed = read_trained_on(run)
    listed = listed[listed["split"] == TRAIN]
    others = listed[DATASET] if DATASET in listed else [""] * len(listed)
    return [
        Path(other) / file if other else dataset.path(file)
        for file, other in zip(listed["file"], others, strict=True)
    ]


def _dataset_of(run: Run) -> Dataset | None:
    """Return the data set of the training recordings, None when it is gone."""
    from src.utils.dataset.dataset import Dataset

    root, audio = (run.manifest.get(key) for key in ("root", "dataset"))
    try:
        if root and Path(root).is_dir():
            return Dataset.open(Path(root))
    except AudiosError:
        return None
    folder = Path(audio or "")
    return Dataset(folder, folder) if audio and folder.is_dir() else None
