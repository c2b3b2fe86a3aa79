"""Reading a new recording: its nuisances, whether it can be judged, and its waveform."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.predict.windows import PART_SECONDS
from src.utils.audio.io import SILENCE_PEAK, open_audio
from src.utils.audio.nuisances.activity import (
    FRAME_SECONDS,
    frame_length,
    frame_levels,
    sound_level,
)
from src.utils.audio.nuisances.measure import Nuisances, measure_opened
from src.utils.audio.resampler import Resampler
from src.utils.errors import AudioError

MIN_SECONDS = 0.5
MIN_SOUND_SECONDS = 0.3
"""Shortest duration of sound: less than a syllable says nothing about a voice."""

MAX_CLIPPING = 0.15
"""Largest share of clipped samples (`Nuisances.clipping`) of a recording that is judged.

Measured with `acoustic` on the 333 test clips of a development set, turned up by 0 to 40 dB and cut
off at full scale, all gains together; the EER of the SVM, MLP and forest by the share of samples
that lie flat at the top:

    none to 0.1 %   3  5 10 %        10 to 15 %   21 26 27 %
    1 to 3 %       14 17 14 %        15 to 20 %   30 27 27 %
    3 to 6 %       13 16 19 %        20 to 30 %   28 36 33 %
    6 to 10 %      21 27 27 %        above 50 %   39 45 52 %

At 20 dB half of the clips lie above 9 %, at 24 dB above 17 %. The share of samples at full scale
would serve as well, but a recording that was turned down afterwards would escape it.
"""

CLIPPING_WARNED = 0.01
"""Share of clipped samples from which on there is a warning: the error rate is three times that on
the same clips unclipped."""


@dataclass(frozen=True)
class Recording:
    """A recording that can be judged.

    Attributes
    ----------
    nuisances : Nuisances
        The recording's properties besides the voice.
    sound_level : float
        Threshold of sound in dBFS for the level of a frame of 10 ms.
    waveform : numpy.ndarray or None
        float32, shape (samples,), resampled; None for a recording so long that it is read again,
        part by part.
    warnings : tuple of str
        What is odd about the file, as said of it.
    """

    nuisances: Nuisances
    sound_level: float
    waveform: np.ndarray | None
    warnings: tuple[str, ...] = ()


def read_recording(path: Path, sample_rate: int, number: int | None = None) -> Recording:
    """Decode a recording once and check whether it can be judged.

    Parameters
    ----------
    path : pathlib.Path
        An audio file.
    sample_rate : int
        Sample rate in Hz that the waveform is resampled to.
    number : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.

    Raises
    ------
    AudioError
        With the reason: it cannot be decoded, is too short, silent or clipped to noise.
    """
    with open_audio(path, number) as audio:
        resampler = Resampler(audio.sample_rate, sample_rate)
        accumulator = _Accumulator(audio.sample_rate, resampler)
        nuisances = measure_opened(audio, accumulator.add)
        warnings = audio.warnings
    if nuisances.duration < MIN_SECONDS:
        raise AudioError(f"is too short: {nuisances.duration:.2f} s, under {MIN_SECONDS:g} s")
    if accumulator.peak < SILENCE_PEAK:
        raise AudioError("is silent (its peak is under -80 dBFS)")
    levels = np.concatenate(accumulator.levels)
    level = sound_level(levels)
    sound = float((levels > level).sum() * FRAME_SECONDS)
    if sound < MIN_SOUND_SECONDS:
        raise AudioError(f"holds too little sound: {sound:.2f} s, under {MIN_SOUND_SECONDS:g} s")
    if nuisances.clipping > MAX_CLIPPING:
        raise AudioError(f"is clipped to noise: {nuisances.clipping:.0%} of its samples")
    waveform = accumulator.resampler.finish() if accumulator.resampler else None
    return Recording(nuisances, level, waveform, warnings)


def has_sound(samples: np.ndarray, sample_rate: int, level: float) -> bool:
    """Return whether a segment of a recording holds enough sound to be judged.

    Parameters
    ----------
    samples : numpy.ndarray
        The segment, shape (samples,).
    sample_rate : int
        Sample rate in Hz.
    level : float
        Threshold of sound of the recording in dBFS (see `Recording`).
    """
    levels = frame_levels(samples, frame_length(sample_rate))
    return float((levels > level).sum() * FRAME_SECONDS) >= MIN_SOUND_SECONDS


class _Accumulator:
    """Peak, frame levels and resampled waveform of a recording, added up block by block.

    The waveform is dropped once the recording turns out to be a long one.
    """

    def __init__(self, sample_rate: int, resampler: Resampler) -> None:
        self._frame = frame_length(sample_rate)
        self._most = PART_SECONDS * sample_rate
        self._count = 0
        self.resampler: Resampler | None = resampler
        self.levels: list[np.ndarray] = []
        self.peak = 0.0

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,)."""
        self.peak = max(self.peak, float(np.abs(mono).max()))
        self.levels.append(frame_levels(mono, self._frame))
        self._count += len(mono)
        if self._count > self._most:
            self.resampler = None
        if self.resampler is not None:
            self.resampler.add(mono)
