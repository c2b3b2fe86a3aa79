"""Planning how each recording is processed, so that the classes get one distribution."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.utils.audio.io import SILENCE_PEAK
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.match.settings import KEEP, MATCH, SHORTEST, MatchSettings

_NARROWEST = 0.1
"""Share of a class that may be narrower than the common bandwidth, and stays as it is."""
_BELOW_END = 0.95
"""Where a recording's own band ends its level falls already, and a cut at the end would keep that
slope in one class alone."""
_KEPT_LENGTH = 0.9
"""Every recording is cut a little, so that an end in the middle of a word tells nothing."""
_ADDED_NOISE_DB = 1.0
"""Every recording gets some noise, so that its being there tells nothing."""
_HIGHEST = 0.95
"""Of half the rate: there the resampler's own filter begins."""


@dataclass(frozen=True)
class ClipPlan:
    """How one recording is processed; NaN for what is left as it is.

    Attributes
    ----------
    low_pass : float
        Hz to cut off at.
    seconds : float
        Length to cut to.
    floor : float
        Noise floor to reach, dB relative to the RMS level.
    """

    low_pass: float = math.nan
    seconds: float = math.nan
    floor: float = math.nan

    @property
    def keeps_sound(self) -> bool:
        """Whether nothing but cuts and gain is to be done."""
        return math.isnan(self.floor) and math.isnan(self.low_pass)


def plan_matching(files: pd.DataFrame, settings: MatchSettings) -> dict[str, ClipPlan]:
    """Plan every recording.

    Lengths and noise floors are matched by rank: a recording gets what lies at its rank in its
    class for whichever class has less to give there, the shorter length and the higher floor. Both
    classes then have one distribution, and no recording is changed more than that takes.

    Parameters
    ----------
    files : pandas.DataFrame
        With `file`, `label` and the columns of `Nuisances`.
    settings : MatchSettings
        Decided: without `auto`.

    Returns
    -------
    dict of str to ClipPlan
        By file.
    """
    # What will be rejected anyway should not decide what becomes of the others.
    some = files[(files["peak"] >= SILENCE_PEAK) & (files["duration"] >= SHORTEST)]
    plan = pd.DataFrame(index=pd.Index(some["file"]))
    if settings.low_pass == MATCH:
        plan["low_pass"] = _common_bandwidth(some, settings.sample_rate)
    if settings.duration == MATCH:
        seconds = some["duration"]
        if settings.silence != KEEP:
            seconds = seconds - some["leading_silence"] - some["trailing_silence"]
        if settings.silence == "shorten":
            # Pauses go as well; how much of them, the recording itself will tell.
            seconds = some["duration"] * (1 - some["silence_ratio"])
        plan["seconds"] = _KEPT_LENGTH * _by_rank(seconds, some["label"], np.minimum)
    if settings.noise == MATCH:
        floor = some["noise_floor"] - some["rms"]
        plan["floor"] = _by_rank(floor, some["label"], np.maximum) + _ADDED_NOISE_DB
    rows = plan.round(6).to_dict("index")
    return {file: ClipPlan(**rows.get(file, {})) for file in files["file"]}


def _common_bandwidth(files: pd.DataFrame, sample_rate: int) -> float:
    narrowest = files.groupby("label")["bandwidth"].quantile(_NARROWEST).min()
    return float(min(_BELOW_END * narrowest, _HIGHEST * sample_rate / 2))


def _by_rank(values: pd.Series, label: pd.Series, better: np.ufunc) -> np.ndarray:
    """Return for each value what `better` says of both classes' values at its rank."""
    classes = values.groupby(label.to_numpy())
    # From 0 to 1, so that at its own rank in its own class lies the value itself.
    ranks = (classes.rank(method="first") - 1) / (classes.transform("size") - 1).clip(lower=1)
    both = [
        np.quantile(values[(label == one).to_numpy()], ranks)
        for one in (BONA_FIDE, SPOOF)
        if (label == one).any()
    ]
    return better.reduce(both)
