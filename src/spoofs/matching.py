"""Real clips and their spoofs written alike: level, bandwidth, length, silence and noise."""

from dataclasses import dataclass

import numpy as np

from src.spoofs.resampling import at_length
from src.utils.audio.augmentations.mixing import rms
from src.utils.audio.io import SILENCE_PEAK
from src.utils.audio.nuisances.activity import find_activity, frame_length, frame_levels
from src.utils.audio.nuisances.bandwidth import MeanSpectrum
from src.utils.audio.writing import WRITTEN_SUBTYPE, full_scale
from src.utils.dataset.match.render import apply_low_pass, trim_silence
from src.utils.errors import AudioError

LOUDEST = 0.05
"""RMS, full scale at 1, that louder pairs are turned down to: a spoof may have larger peaks than
its source, and should not clip where it does not."""

_BITS = 16
_BELOW_END = 0.95
"""Where a recording's own band ends its level falls already."""
_HIGHEST = 0.95
"""Of half the rate: above there is nothing to cut off."""
_FADE_SECONDS = 0.005


@dataclass(frozen=True)
class Model:
    """What a spoof must equal: its source as it is written.

    Attributes
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), before its dither.
    sample_rate : int
        Hz.
    cut : float or None
        What it is low-passed at, Hz; None for nothing.
    """

    waveform: np.ndarray
    sample_rate: int
    cut: float | None


def centred(waveform: np.ndarray) -> np.ndarray:
    """Return a waveform without its constant offset, float32.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    """
    return (waveform - waveform.mean(dtype=np.float64)).astype(np.float32)


def make_model(waveform: np.ndarray, sample_rate: int, highest: float) -> Model:
    """Bring a real clip into the form that it has beside its spoofs.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), see `centred`.
    sample_rate : int
        Hz.
    highest : float
        The highest frequency that all of its spoofs can have, Hz.
    """
    spectrum = MeanSpectrum(sample_rate)
    spectrum.add(waveform)
    cut: float | None = _BELOW_END * min(spectrum.bandwidth(_BITS), highest)
    if cut is None or not 0 < cut < _HIGHEST * sample_rate / 2:
        cut = None
    waveform = banded(waveform, sample_rate, cut)
    loud = rms(waveform)
    if loud > LOUDEST:
        waveform = waveform * np.float32(LOUDEST / loud)
    return Model(waveform, sample_rate, cut)


def match_spoof(spoof: np.ndarray, model: Model, speaks: bool) -> tuple[np.ndarray, bool]:
    """Give a spoof the length, silence, bandwidth, noise floor and level of its source.

    Parameters
    ----------
    spoof : numpy.ndarray
        Shape (samples,), at the model's rate, of any level.
    model : Model
        Its source.
    speaks : bool
        Whether its words are others than the source's, so that they have to be laid where the
        source speaks.

    Returns
    -------
    waveform : numpy.ndarray
        float32, shape (samples,), before its dither.
    limited : bool
        Whether it would have clipped and is quieter than its source.

    Raises
    ------
    AudioError
        When it is silent.
    """
    samples, rate = len(model.waveform), model.sample_rate
    spoof = _laid_out(spoof, model) if speaks else at_length(spoof, samples)
    spoof = banded(centred(spoof), rate, model.cut)
    if float(np.abs(spoof).max(initial=0.0)) < SILENCE_PEAK:
        raise AudioError("becomes silent")
    wanted = rms(model.waveform)
    spoof = _with_floor(spoof * np.float32(wanted / rms(spoof)), model)
    gain = wanted / rms(spoof)
    ceiling = full_scale(WRITTEN_SUBTYPE) / float(np.abs(spoof).max())
    return spoof * np.float32(min(gain, ceiling)), gain > ceiling


def banded(waveform: np.ndarray, sample_rate: int, cut: float | None) -> np.ndarray:
    """Return a waveform cut off at a frequency.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    sample_rate : int
        Hz.
    cut : float or None
        Hz; None to leave it as it is.
    """
    return waveform if cut is None else apply_low_pass(waveform, sample_rate, cut)


def dithered(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Add triangular dither of one step of 16 bits, so that nothing is digital silence.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    random : numpy.random.Generator
        Of the clip.
    """
    step = 2.0 ** (1 - _BITS)
    noise = random.random((2, len(waveform)), dtype=np.float32).sum(axis=0) - 1.0
    # What libsndfile cuts off is made even here: it rounds down.
    limit = full_scale(WRITTEN_SUBTYPE)
    return np.clip(waveform + noise * np.float32(step), -limit, limit).astype(np.float32)


def _laid_out(spoof: np.ndarray, model: Model) -> np.ndarray:
    """Put other words where the source has its sound, with as much silence around them."""
    rate, samples = model.sample_rate, len(model.waveform)
    frame = frame_length(rate)
    activity = find_activity(frame_levels(model.waveform, frame))
    start, stop = activity.first * frame, min(samples, activity.last * frame)
    words = trim_silence(np.asarray(spoof, np.float32), rate)
    words = np.tile(words, -(-(stop - start) // max(1, len(words))))[: stop - start].copy()
    fade = min(round(_FADE_SECONDS * rate), len(words))
    if fade:
        words[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    laid = np.zeros(samples, np.float32)
    laid[start : start + len(words)] = words
    return laid


def _with_floor(spoof: np.ndarray, model: Model) -> np.ndarray:
    """Add noise of the source's band where its noise floor is higher; never take any away."""
    frame = frame_length(model.sample_rate)
    floors = [
        10 ** (find_activity(frame_levels(one, frame)).noise_floor / 10)
        for one in (model.waveform, spoof)
    ]
    missing = floors[0] - floors[1]
    if missing <= 0:
        return spoof
    # Seeded by what it is added to: equal clips get equal noise.
    random = np.random.default_rng(len(spoof))
    noise = random.standard_normal(len(spoof), dtype=np.float32)
    noise = banded(noise, model.sample_rate, model.cut)
    return spoof + noise * np.float32(np.sqrt(missing) / rms(noise))
