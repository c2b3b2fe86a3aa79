"""Methods of level normalisation compared: what each does to the levels of the classes."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.audio.downmix import Downmix
from src.utils.audio.io import SILENCE_PEAK, Level, read_blocks, read_info
from src.utils.config import LABEL_VALUE, LABELS
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.normalize import choose_gain
from src.utils.errors import AudioError, DatasetError
from src.utils.metrics.eer import compute_eer
from src.utils.parallel import for_each_file

MOST_CLIPS = 2000
"""Size of the random sample that is measured of more clips."""

_HEARD = ("original", "RMS 0.1", "RMS 0.5")
_SHOWN = ("speaker", "gender", "label", "attack", "duration", "file")

_STEP = 0.01
"""Resolution of a peak: smaller differences are the same level, as in the audit."""


@dataclass(frozen=True)
class Normalization:
    """A method of level normalisation with its parameter.

    Attributes
    ----------
    name : str
        Its name for people.
    method : {'none', 'rms', 'peak', 'z-score'}
        What is brought to a target: the RMS level, the peak (to full scale), or mean and standard
        deviation (to 0 and 1), as many networks standardise their input; no file can hold that.
    target_rms : float
        The RMS level for `rms`, where full scale is 1.
    """

    name: str
    method: str
    target_rms: float = nan

    def affine(self, extent: "Extent") -> tuple[float, float]:
        """Return offset and gain for a recording of this extent: (x - offset) * gain."""
        if self.method == "none":
            return 0.0, 1.0
        if self.method == "z-score":
            return extent.mean, 1 / extent.deviation
        return 0.0, choose_gain(self.method, extent.level, self.target_rms)


NORMALIZATIONS = (
    Normalization("original", "none"),
    *(Normalization(f"RMS {target:g}", "rms", target) for target in (0.01, 0.1, 0.2, 0.5)),
    Normalization("peak", "peak"),
    Normalization("z-score", "z-score"),
)


@dataclass(frozen=True)
class Extent:
    """Extremes, mean and root mean square of the samples of a recording.

    Attributes
    ----------
    lowest, highest, mean, rms : float
        In units of full scale.
    """

    lowest: float
    highest: float
    mean: float
    rms: float

    @property
    def level(self) -> Level:
        """Peak and RMS level."""
        return Level(max(abs(self.lowest), abs(self.highest)), self.rms)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return sqrt(max(self.rms**2 - self.mean**2, 0.0))

    def after(self, normalization: Normalization) -> Level:
        """Predict peak and RMS level after a normalization, clipping or not."""
        shift, gain = normalization.affine(self)
        peak = max(abs(self.lowest - shift), abs(self.highest - shift))
        power = self.deviation**2 + (self.mean - shift) ** 2
        return Level(peak * gain, sqrt(power) * gain)


@dataclass(frozen=True)
class NormalizedClips:
    """One clip of each class after each normalisation.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a clip, with the columns of `_SHOWN`.
    normalized : dict of str to list of numpy.ndarray
        By name of the normalisation: the waveforms, shape (samples,), in the order of the table.
    rates : list of int
        Sample rate of each clip in Hz.
    """

    table: pd.DataFrame
    normalized: dict[str, list[np.ndarray]]
    rates: list[int]

    @property
    def titles(self) -> list[str]:
        """Title of each clip in a figure."""
        return [f"{label}: {file}" for label, file in self.table[["label", "file"]].to_numpy()]

    @property
    def levels(self) -> pd.DataFrame:
        """Level of each clip after each normalisation, and the share of its samples that clip.

        The columns are `normalization`, `bona-fide RMS`, `spoof cut off` and so on.
        """
        rows = []
        for name, waveforms in self.normalized.items():
            row: dict[str, object] = {"normalization": name}
            for label, waveform in zip(self.table["label"], waveforms, strict=True):
                level = measure_extent([waveform]).level
                row[f"{label} RMS"], row[f"{label} peak"] = level.rms, level.peak
                row[f"{label} cut off"] = clipped_share(waveform)
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def sounds(self) -> dict[str, np.ndarray]:
        """Waveforms to listen to: the last clip as it is, at a common level, and clipped."""
        label = self.table["label"].iloc[-1]
        return {f"{label}, {name}": self.normalized[name][-1] for name in _HEARD}

    @property
    def sample_rate(self) -> int:
        """Sample rate of the sounds in Hz."""
        return self.rates[-1]


def measure_extent(blocks: Iterable[np.ndarray]) -> Extent:
    """Measure the extent of a recording in one pass.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray
        The recording in blocks, each of any shape.

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


def normalize_waveform(waveform: np.ndarray, normalization: Normalization) -> np.ndarray:
    """Apply a normalization to a waveform of shape (samples,), beyond full scale if need be.

    `NormalizeDataset` lowers the gain of a clip that would clip; here it shows.

    Raises
    ------
    AudioError
        As `measure_extent` does.
    """
    shift, gain = normalization.affine(measure_extent([waveform]))
    return ((waveform - shift) * gain).astype(np.float32)


def clipped_share(waveform: np.ndarray) -> float:
    """Return the share of samples of a waveform beyond full scale, which a file would clip."""
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
        A row for each class present: of the first speaker by name who has both classes, the clip
        of median length.
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


def read_clips(dataset: Dataset, files: pd.DataFrame) -> NormalizedClips:
    """Read the clips that `choose_clips` chooses from `files`, and apply each normalisation.

    Parameters
    ----------
    dataset : Dataset
        Where the recordings are read from.
    files : pandas.DataFrame
        Its files table with `duration`.

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
    normalized = {
        method.name: [normalize_waveform(waveform, method) for waveform in waveforms]
        for method in NORMALIZATIONS
    }
    return NormalizedClips(table[list(_SHOWN)], normalized, rates)


def _read_start(path: Path) -> np.ndarray:
    """Read at most the first block of a recording, channels averaged.

    Raises
    ------
    AudioError
        As `read_blocks` does.
    """
    return Downmix().add(next(read_blocks(path)))


def compare_normalizations(
    dataset: Dataset, files: pd.DataFrame, most: int = MOST_CLIPS, seed: int = 7
) -> pd.DataFrame:
    """Measure every clip once and predict its level after each normalisation.

    Parameters
    ----------
    dataset : Dataset
        Where the recordings are read from.
    files : pandas.DataFrame
        Rows of its files table.
    most : int
        Size of the random sample that is taken of more clips.
    seed : int
        Seed of the sample.

    Returns
    -------
    pandas.DataFrame
        `file, label, gender, normalization, peak, rms`, a row a clip and normalisation. Clips that
        cannot be used are left out.

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
            for method in NORMALIZATIONS:
                level = extent.after(method)
                rows.append((*clip, method.name, level.peak, level.rms))
    columns = ["file", "label", "gender", "normalization", "peak", "rms"]
    return pd.DataFrame(rows, columns=columns)


def summarise_normalizations(levels: pd.DataFrame) -> pd.DataFrame:
    """Summarise the levels of each class after each normalisation.

    Parameters
    ----------
    levels : pandas.DataFrame
        The table of `compare_normalizations`.

    Returns
    -------
    pandas.DataFrame
        `normalization`, the median peak and the share of clips beyond full scale of each class
        (`bona-fide peak`, `spoof clipping`, ...), and `peak EER`, `RMS EER`: the EER of telling the
        classes apart by that alone, in the better direction; NaN where there is one class.
    """
    rows = []
    for method in NORMALIZATIONS:
        part = levels[levels["normalization"] == method.name]
        row: dict[str, object] = {"normalization": method.name}
        for label in LABELS:
            peaks = part["peak"][part["label"] == label]
            row[f"{label} peak"] = peaks.median()
            # A peak brought to full scale may end a rounding above it.
            row[f"{label} clipping"] = (peaks > 1 + 1e-6).mean()
        for name, column in (("peak", "peak"), ("RMS", "rms")):
            row[f"{name} EER"] = _eer_of(part[column], part["label"])
        rows.append(row)
    return pd.DataFrame(rows)


def _eer_of(values: pd.Series, labels: pd.Series) -> float:
    if labels.nunique() < len(LABELS):
        return nan
    # The resolution is relative to the median, so that a gain changes nothing.
    scale = values.median()
    steps = np.round(values.to_numpy() / (scale * _STEP))
    y = labels.map(LABEL_VALUE).to_numpy()
    return min(compute_eer(steps, y)[0], compute_eer(-steps, y)[0])
