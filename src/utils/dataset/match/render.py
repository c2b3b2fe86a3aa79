"""From a waveform to the waveform that goes into a matched data set."""

import math

import numpy as np
import pyloudnorm
from scipy.signal import firwin, kaiser_beta, oaconvolve

from src.utils.audio.io import SILENCE_PEAK, WRITTEN_SUBTYPE, full_scale
from src.utils.audio.nuisances.activity import (
    FRAME_SECONDS,
    find_activity,
    frame_length,
    frame_levels,
)
from src.utils.dataset.match.plan import ClipPlan
from src.utils.dataset.match.settings import KEEP, SHORTEST, MatchSettings
from src.utils.errors import AudioError

_PAUSE_SECONDS = 0.1
_FADE_SECONDS = 0.005
_STOP_BAND_DB = 90.0
_TRANSITION = 0.03
"""Of half the rate: how far from the edge the low-pass reaches its stop band."""


def render(
    waveform: np.ndarray,
    settings: MatchSettings,
    plan: ClipPlan,
    chance: np.random.Generator,
) -> tuple[np.ndarray, bool]:
    """Take DC offset, silence, length, noise, bandwidth and level of a recording in hand.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), at `settings.sample_rate`.
    settings : MatchSettings
        Decided: without `auto`.
    plan : ClipPlan
    chance : numpy.random.Generator

    Returns
    -------
    waveform : numpy.ndarray
        float32, shape (samples,).
    limited : bool
        Whether it would have clipped and is quieter than the target.

    Raises
    ------
    AudioError
        When less than 0.4 s is left, or nothing but silence.
    """
    rate = settings.sample_rate
    waveform = waveform - waveform.mean(dtype=np.float64).astype(np.float32)
    if settings.silence != KEEP:
        waveform = cut_silence(waveform, rate, shorten=settings.silence == "shorten")
    if not math.isnan(plan.floor):
        waveform = _with_noise(waveform, rate, plan.floor, chance)
    if not math.isnan(plan.low_pass):
        waveform = cut_band(waveform, rate, plan.low_pass)
    if settings.silence != KEEP and not plan.keeps_sound:
        # What was sound at the ends may have sunk in the noise.
        waveform = cut_silence(waveform, rate)
    if not math.isnan(plan.seconds):
        waveform = _cut_length(waveform, round(plan.seconds * rate), chance)
    if len(waveform) < SHORTEST * rate:
        raise AudioError(f"leaves less than {SHORTEST:g} s")
    return _at_level(waveform, settings)


def cut_silence(waveform: np.ndarray, rate: int, shorten: bool = False) -> np.ndarray:
    """Cut silence off both ends (see `find_activity`), and pauses down to 0.1 s if `shorten`."""
    frame = frame_length(rate)
    activity = find_activity(frame_levels(waveform, frame))
    start, stop = activity.first * frame, activity.last * frame
    if not shorten:
        return waveform[start:stop]
    quiet = ~activity.active[activity.first : activity.last]
    edges = np.flatnonzero(np.diff(np.r_[False, quiet, False].astype(np.int8)))
    half = round(_PAUSE_SECONDS / 2 / FRAME_SECONDS)
    parts, at = [], start
    for first, last in edges.reshape(-1, 2):
        if last - first > 2 * half:
            parts.append(waveform[at : start + (first + half) * frame])
            at = start + (last - half) * frame
    parts.append(waveform[at:stop])
    return _spliced(parts, round(_FADE_SECONDS * rate))


def cut_band(waveform: np.ndarray, rate: int, highest: float) -> np.ndarray:
    """Take out what lies above a frequency, in Hz, by a linear-phase filter (90 dB)."""
    width = _TRANSITION
    edge = highest / (rate / 2) - width / 2
    taps = int(np.ceil((_STOP_BAND_DB - 7.95) / (2.285 * np.pi * width))) | 1
    kernel = firwin(taps, max(edge, width), window=("kaiser", kaiser_beta(_STOP_BAND_DB)))
    return oaconvolve(waveform, kernel.astype(np.float32), mode="same")


def _spliced(parts: list[np.ndarray], fade: int) -> np.ndarray:
    """Join parts with short cross-fades, so that no click marks a cut."""
    joined = parts[0]
    rising = np.linspace(0, 1, fade, dtype=np.float32)
    for part in parts[1:]:
        short = min(fade, len(joined), len(part))
        ramp = rising[:short]
        middle = joined[len(joined) - short :] * (1 - ramp) + part[:short] * ramp
        joined = np.concatenate([joined[: len(joined) - short], middle, part[short:]])
    return joined


def _cut_length(waveform: np.ndarray, samples: int, chance: np.random.Generator) -> np.ndarray:
    room = len(waveform) - samples
    start = int(chance.integers(0, room + 1)) if room > 0 else 0
    return waveform[start : start + samples]


def _with_noise(
    waveform: np.ndarray, rate: int, floor: float, chance: np.random.Generator
) -> np.ndarray:
    """Add white noise so that the noise floor lies `floor` dB from the RMS level."""
    frame = frame_length(rate)
    power = float(np.square(waveform, dtype=np.float64).mean())
    here = 10 ** (find_activity(frame_levels(waveform, frame)).noise_floor / 10)
    missing = max(0.0, power * 10 ** (floor / 10) - here)
    noise = chance.standard_normal(len(waveform), dtype=np.float32)
    return waveform + np.float32(np.sqrt(missing)) * noise


def _at_level(waveform: np.ndarray, settings: MatchSettings) -> tuple[np.ndarray, bool]:
    peak = float(np.abs(waveform).max())
    if peak < SILENCE_PEAK:
        raise AudioError("is silent once it is cut")
    ceiling = full_scale(WRITTEN_SUBTYPE) / peak
    wanted = 1.0
    if settings.loudness == "rms":
        wanted = float(settings.target / np.sqrt(np.square(waveform, dtype=np.float64).mean()))
    elif settings.loudness == "lufs":
        loudness = pyloudnorm.Meter(settings.sample_rate).integrated_loudness(waveform)
        if not np.isfinite(loudness):
            raise AudioError("is too quiet for a loudness by BS.1770")
        wanted = float(10 ** ((settings.target - loudness) / 20))
    return waveform * np.float32(min(wanted, ceiling)), wanted > ceiling
