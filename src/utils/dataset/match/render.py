"""Processing a waveform by its plan: trimming, noise, low-pass, length and level."""

import math

import numpy as np
import pyloudnorm
from scipy.signal import firwin, kaiser_beta, oaconvolve

from src.utils.audio.io import SILENCE_PEAK
from src.utils.audio.nuisances.activity import (
    FRAME_SECONDS,
    find_activity,
    frame_length,
    frame_levels,
)
from src.utils.audio.writing import WRITTEN_SUBTYPE, full_scale
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
    rng: np.random.Generator,
) -> tuple[np.ndarray, bool]:
    """Process a waveform: DC offset, silence, noise, bandwidth, length and level, in this order.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), at `settings.sample_rate`.
    settings : MatchSettings
        Decided: without `auto`.
    plan : ClipPlan
        How this recording is processed.
    rng : numpy.random.Generator
        Of the noise and of where the recording is cut.

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
        waveform = trim_silence(waveform, rate, shorten=settings.silence == "shorten")
    if not math.isnan(plan.floor):
        waveform = _with_noise(waveform, rate, plan.floor, rng)
    if not math.isnan(plan.low_pass):
        waveform = apply_low_pass(waveform, rate, plan.low_pass)
    if settings.silence != KEEP and not plan.keeps_sound:
        # What was sound at the ends may have sunk in the noise.
        waveform = trim_silence(waveform, rate)
    if not math.isnan(plan.seconds):
        waveform = _crop(waveform, round(plan.seconds * rate), rng)
    if len(waveform) < SHORTEST * rate:
        raise AudioError(f"leaves less than {SHORTEST:g} s")
    return _at_level(waveform, settings)


def trim_silence(waveform: np.ndarray, rate: int, shorten: bool = False) -> np.ndarray:
    """Trim silence off both ends (see `find_activity`), and cut pauses to 0.1 s if `shorten`.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), full scale at 1.
    rate : int
        Hz.
    shorten : bool
        Whether pauses within are shortened too.
    """
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


def apply_low_pass(waveform: np.ndarray, rate: int, highest: float) -> np.ndarray:
    """Low-pass filter a waveform by a linear-phase FIR filter (Kaiser window, 90 dB).

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    rate : int
        Hz.
    highest : float
        Where the stop band begins, Hz.
    """
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


def _crop(waveform: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    room = len(waveform) - samples
    start = int(rng.integers(0, room + 1)) if room > 0 else 0
    return waveform[start : start + samples]


def _with_noise(
    waveform: np.ndarray, rate: int, floor: float, rng: np.random.Generator
) -> np.ndarray:
    """Add white noise so that the noise floor lies `floor` dB from the RMS level."""
    frame = frame_length(rate)
    power = float(np.square(waveform, dtype=np.float64).mean())
    here = 10 ** (find_activity(frame_levels(waveform, frame)).noise_floor / 10)
    missing = max(0.0, power * 10 ** (floor / 10) - here)
    noise = rng.standard_normal(len(waveform), dtype=np.float32)
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
