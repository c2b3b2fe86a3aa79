"""The ways to bring a recording to one level, side by side, so that one can be chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.audio.io import SILENCE_PEAK, Level, read_blocks, read_info, to_mono
from src.utils.config import LABEL_VALUE, LABELS
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.normalize import choose_gain
from src.utils.errors import AudioError, DatasetError
from src.utils.metrics.eer import compute_eer
from src.utils.parallel import for_each_file

MOST_CLIPS = 2000
"""More than these are not measured to compare the ways: a picture, not a census."""

_HEARD = ("original", "RMS 0.1", "RMS 0.5")
_SHOWN = ("speaker", "gender", "label", "attack", "duration", "file")

_STEP = 0.01
"""Peaks nearer to each other than this are the same level, as in the audit."""


@dataclass(frozen=True)
class Way:
    """One way to normalise.

    Attributes
    ----------
    name : str
        For people.
    method : {'none', 'rms', 'peak', 'z-score'}
        `z-score` takes the mean away and divides by the standard deviation, as many networks do
        to their input; no file can hold the result.
    target_rms : float
        For `rms`.
    """

    name: str
    method: str
    target_rms: float = nan

    def affine(self, extent: "Extent") -> tuple[float, float]:
        """Return what is taken away from every sample, and what it is then multiplied by."""
        if self.method == "none":
            return 0.0, 1.0
        if self.method == "z-score":
            return extent.mean, 1 / extent.deviation
        return 0.0, choose_gain(self.method, extent.level, self.target_rms)


WAYS = (
    Way("original", "none"),
    *(Way(f"RMS {target:g}", "rms", target) for target in (0.01, 0.1, 0.2, 0.5)),
    Way("peak", "peak"),
    Way("z-score", "z-score"),
)


@dataclass(frozen=True)
class Extent:
    """How far the samples of a recording reach.

    Attributes
    ----------
    lowest, highest, mean, rms : float
        Full scale is 1.
    """

    lowest: float
    highest: float
    mean: float
    rms: float

    @property
    def level(self) -> Level:
        """Peak and RMS."""
        return Level(max(abs(self.lowest), abs(self.highest)), self.rms)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return sqrt(max(self.rms**2 - self.mean**2, 0.0))

    def after(self, way: Way) -> Level:
        """Return peak and RMS when it is normalised, clipping or not."""
        shift, gain = way.affine(self)
        peak = max(abs(self.lowest - shift), abs(self.highest - shift))
        power = self.deviation**2 + (self.mean - shift) ** 2
        return Level(peak * gain, sqrt(power) * gain)


@dataclass(frozen=True)
class Clips:
    """A clip of each class, normalised each way.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a clip.
    normalized : dict of str to list of numpy.ndarray
        By the way's name: the waveforms, shape (samples,), in the order of the table.
    rates : list of int
        Hz.
    """

    table: pd.DataFrame
    normalized: dict[str, list[np.ndarray]]
    rates: list[int]

    @property
    def titles(self) -> list[str]:
        """What stands above a figure of each clip."""
        return [f"{label}: {file}" for label, file in self.table[["label", "file"]].to_numpy()]

    @property
    def levels(self) -> pd.DataFrame:
        """A row a way: `way`, and of each class RMS, peak and the share of samples cut off.

        The columns are `bona-fide RMS`, `spoof cut off` and so on.
        """
        rows = []
        for name, waveforms in self.normalized.items():
            row: dict[str, object] = {"way": name}
            for label, waveform in zip(self.table["label"], waveforms, strict=True):
                level = measure_extent([waveform]).level
                row[f"{label} RMS"], row[f"{label} peak"] = level.rms, level.peak
                row[f"{label} cut off"] = clipped_share(waveform)
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def sounds(self) -> dict[str, np.ndarray]:
        """What is worth hearing: the last clip as it is, at a common level, and clipped."""
        label = self.table["label"].iloc[-1]
        return {f"{label}, {name}": self.normalized[name][-1] for name in _HEARD}

    @property
    def sample_rate(self) -> int:
        """Hz, of the sounds."""
        return self.rates[-1]


def measure_extent(blocks: Iterable[np.ndarray]) -> Extent:
    """Measure a recording in one pass.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray
        Of any shape.

    Raises
    ------
    AudioError
        When it is silent (peak under -80 dBFS), or so is all but a constant offset.
    """
    lowest, highest, total, energy, count = np.inf, -np.inf, 0.0, 0.0, 0
    for block in blocks:
        lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
        total += float(block.sum(dtype=np.float64))
        energy += float(np.square(block, dtype=np.float64).sum())
        count += block.size
    extent = Extent(lowest, highest, total / count, sqrt(energy / count))
    if extent.level.peak < SILENCE_PEAK:
        raise AudioError("is silent (its peak is under -80 dBFS)")
    if highest - lowest < SILENCE_PEAK:
        raise AudioError("is silent but for a constant offset")
    return extent


def normalize_waveform(waveform: np.ndarray, way: Way) -> np.ndarray:
    """Return a waveform of shape (samples,) at the way's level, however far that reaches.

    `NormalizeDataset` lowers the gain of what would clip; here it shows.

    Raises
    ------
    AudioError
        As `measure_extent` does.
    """
    shift, gain = way.affine(measure_extent([waveform]))
    return ((waveform - shift) * gain).astype(np.float32)


def clipped_share(waveform: np.ndarray) -> float:
    """Return the share of samples that lie beyond full scale, where a file cuts them off."""
    return float((np.abs(waveform) > 1.0).mean())


def choose_clips(files: pd.DataFrame) -> pd.DataFrame:
    """Choose one clip of each class, of one speaker where anyone has both.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with `duration`.

    Returns
    -------
    pandas.DataFrame
        A row a class that there is. Of the speakers with both classes the first by name is taken,
        and of each class the clip of median length.
    """
    n_labels = files[files["speaker"] != ""].groupby("speaker")["label"].nunique()
    both = sorted(n_labels.index[n_labels == len(LABELS)])
    pool = files[files["speaker"] == both[0]] if both else files
    chosen = []
    for label in LABELS:
        part = pool[pool["label"] == label].sort_values("duration", kind="stable")
        middle = (len(part) - 1) // 2
        chosen.append(part.iloc[middle : middle + 1] if len(part) else part)
    return pd.concat(chosen)


def read_clips(dataset: Dataset, files: pd.DataFrame) -> Clips:
    """Read the clips that `choose_clips` chooses, and normalise them each way.

    Raises
    ------
    DatasetError
        When one of them cannot be used.
    """
    table = choose_clips(files)
    rates, waveforms = [], []
    for file in table["file"]:
        try:
            rates.append(read_info(dataset.path(file)).sample_rate)
            waveforms.append(_read_start(dataset.path(file)))
            measure_extent(waveforms[-1:])
        except AudioError as error:
            raise DatasetError(f"{dataset.path(file)} {error}") from error
    ways = {way.name: [normalize_waveform(one, way) for one in waveforms] for way in WAYS}
    return Clips(table[list(_SHOWN)], ways, rates)


def _read_start(path: Path) -> np.ndarray:
    """Read at most the first block of a recording, channels averaged.

    Raises
    ------
    AudioError
        As `read_blocks` does.
    """
    return to_mono(next(read_blocks(path)))


def compare_ways(
    dataset: Dataset, files: pd.DataFrame, most: int = MOST_CLIPS, seed: int = 7
) -> pd.DataFrame:
    """Measure every clip once and tell its level after each way.

    Parameters
    ----------
    dataset : Dataset
    files : pandas.DataFrame
        Rows of its files table.
    most : int
        Of more clips, so many are drawn.
    seed : int
        Of the drawing.

    Returns
    -------
    pandas.DataFrame
        `file, label, gender, way, peak, rms`, a row a clip and way. Clips that cannot be used
        are left out.

    Raises
    ------
    DatasetError
        When not one clip can be used.
    """
    drawn = files.sample(min(most, len(files)), random_state=seed).sort_index()
    outcome = for_each_file(
        lambda file: measure_extent(read_blocks(dataset.path(file))),
        drawn["file"].tolist(),
        "measuring",
    )
    require_some(len(drawn) - len(outcome.rejected), outcome.rejected)
    rows = []
    clips = drawn[["file", "label", "gender"]].itertuples(index=False, name=None)
    for clip, extent in zip(clips, outcome.results, strict=True):
        if extent is not None:
            for way in WAYS:
                level = extent.after(way)
                rows.append((*clip, way.name, level.peak, level.rms))
    return pd.DataFrame(rows, columns=["file", "label", "gender", "way", "peak", "rms"])


def describe_ways(levels: pd.DataFrame) -> pd.DataFrame:
    """Tell what each way does to the classes.

    Parameters
    ----------
    levels : pandas.DataFrame
        As `compare_ways` returns.

    Returns
    -------
    pandas.DataFrame
        `way`, the median peak and the share of clips beyond full scale of each class
        (`bona-fide peak`, `spoof clipping`, ...), and `peak EER`, `RMS EER`: the EER of guessing
        the class by that alone, in the better direction; NaN where there is one class.
    """
    rows = []
    for way in WAYS:
        part = levels[levels["way"] == way.name]
        row: dict[str, object] = {"way": way.name}
        for label in LABELS:
            peaks = part["peak"][part["label"] == label]
            row[f"{label} peak"] = peaks.median()
            # A peak brought to full scale may end a rounding above it.
            row[f"{label} clipping"] = (peaks > 1 + 1e-6).mean()
        for name, measure in (("peak", "peak"), ("RMS", "rms")):
            row[f"{name} EER"] = _eer_of(part[measure], part["label"])
        rows.append(row)
    return pd.DataFrame(rows)


def _eer_of(values: pd.Series, labels: pd.Series) -> float:
    if labels.nunique() < len(LABELS):
        return nan
    # Steps are of the level before any gain, so that the same differences count after it.
    scale = values.median()
    steps = np.round(values.to_numpy() / (scale * _STEP))
    y = labels.map(LABEL_VALUE).to_numpy()
    return min(compute_eer(steps, y)[0], compute_eer(-steps, y)[0])
