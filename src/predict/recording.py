"""Reading a new recording: its channels, nuisances, whether it can be judged, and its waveform."""

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
from src.utils.audio.opened import OpenedAudio
from src.utils.audio.resampler import Resampler
from src.utils.audio.voice_activity import VoiceActivity, speech_seconds
from src.utils.errors import AudioError
from src.utils.parallel import attempt

MIN_SECONDS = 0.5
MIN_SOUND_SECONDS = 0.3
"""Shortest duration of sound: less than a syllable says nothing about a voice."""

MIN_SPEECH_SECONDS = 0.1
"""Shortest duration of speech, as a network tells it from any other sound.

By `benchmarks/voice_activity.py`, of 3,874 clips of two corpora 1.1 % of the bona-fide and 0.5 % of
the spoof have less, some of them clips in which nobody speaks. Of 260 made-up sounds without a
voice 252 have less, all but eight of the tunes; by the level of the sound alone 253 would be
judged. Short as it is, since the network takes a while until it trusts a voice.
"""

MIN_WINDOW_SPEECH_SECONDS = 0.5
"""Shortest duration of speech of a window that is judged: 4 s of music between two sentences hold
the end of one, and what is judged would be the music."""

LITTLE_SPEECH = 0.25
"""Share of speech under which there is a warning; 98 % of those clips have more, even by 0.5."""

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
    """A recording that can be judged, or one of its channels.

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
    speech : numpy.ndarray or None
        Probability of speech of every frame (see `VoiceActivity`); None where any sound is judged.
    """

    nuisances: Nuisances
    sound_level: float
    waveform: np.ndarray | None
    warnings: tuple[str, ...] = ()
    speech: np.ndarray | None = None

    def holds_voice(self, samples: np.ndarray, sample_rate: int, start: float, end: float) -> bool:
        """Return whether a part of the recording holds enough sound, and speech, to be judged.

        Parameters
        ----------
        samples : numpy.ndarray
            The segment, shape (samples,).
        sample_rate : int
            Sample rate in Hz.
        start, end : float
            Where it lies in the recording, in seconds.
        """
        if self.speech is not None:
            spoken = speech_seconds(self.speech, start, end)
            if spoken < MIN_WINDOW_SPEECH_SECONDS:
                return False
        levels = frame_levels(samples, frame_length(sample_rate))
        return float((levels > self.sound_level).sum() * FRAME_SECONDS) >= MIN_SOUND_SECONDS


@dataclass(frozen=True)
class Heard:
    """One of the sounds of a file: that of all its channels, or of one that differs from others.

    Attributes
    ----------
    recording : Recording or AudioError
        What it is, or why it cannot be judged.
    channel : int or None
        Which channel, from 0 on; None for all of them as one.
    """

    recording: Recording | AudioError
    channel: int | None = None


def read_channels(
    path: Path, sample_rate: int, number: int | None = None, any_sound: bool = False
) -> list[Heard]:
    """Decode a recording and check whether it can be judged, each channel where they differ.

    Channels that are one sound at several levels are heard as one (see `ChannelComparison`).
    Where they differ, each is read again on its own.

    Parameters
    ----------
    path : pathlib.Path
        An audio file.
    sample_rate : int
        Sample rate in Hz that the waveforms are resampled to.
    number : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    any_sound : bool
        Whether what holds no speech is judged too.

    Raises
    ------
    AudioError
        With the reason: it cannot be decoded, is too short, silent, clipped to noise, or holds no
        speech.
    """
    with open_audio(path, number) as audio:
        comparison = audio.compare_channels()
        heard = attempt(lambda one: _hear(one, sample_rate, any_sound), audio)
    channels = comparison.differing()
    if not channels:
        if isinstance(heard, AudioError):
            raise heard
        return [Heard(heard)]

    def read(channel: int) -> Recording:
        with open_audio(path, number, channel) as audio:
            return _hear(audio, sample_rate, any_sound)

    each = [Heard(attempt(read, channel), channel) for channel in channels]
    if isinstance(heard, AudioError) and all(isinstance(one.recording, AudioError) for one in each):
        raise heard
    return each


def _hear(audio: OpenedAudio, sample_rate: int, any_sound: bool) -> Recording:
    """Read an opened recording to its end, and refuse what cannot be judged."""
    accumulator = _Accumulator(audio.sample_rate, sample_rate, any_sound)
    nuisances = measure_opened(audio, accumulator.add)
    if nuisances.duration < MIN_SECONDS:
        raise AudioError(f"is too short: {nuisances.duration:.2f} s, under {MIN_SECONDS:g} s")
    if accumulator.peak < SILENCE_PEAK:
        raise AudioError("is silent (its peak is under -80 dBFS)")
    levels = np.concatenate(accumulator.levels)
    level = sound_level(levels)
    sound = float((levels > level).sum() * FRAME_SECONDS)
    if sound < MIN_SOUND_SECONDS:
        raise AudioError(f"holds too little sound: {sound:.2f} s, under {MIN_SOUND_SECONDS:g} s")
    warnings = list(audio.warnings)
    speech = accumulator.activity.finish() if accumulator.activity else None
    if speech is not None:
        spoken, duration = speech_seconds(speech), nuisances.duration
        if spoken < MIN_SPEECH_SECONDS:
            raise AudioError(
                f"holds no speech ({spoken:.2f} s of {duration:.1f} s; --any-sound judges it "
                f"even so)"
            )
        if spoken < LITTLE_SPEECH * duration:
            warnings.append(f"only {spoken:.1f} s of its {duration:.1f} s hold speech")
    if nuisances.clipping > MAX_CLIPPING:
        raise AudioError(f"is clipped to noise: {nuisances.clipping:.0%} of its samples")
    waveform = accumulator.resampler.finish() if accumulator.resampler else None
    return Recording(nuisances, level, waveform, tuple(warnings), speech)


class _Accumulator:
    """Peak, frame levels, speech and resampled waveform of a recording, block by block.

    The waveform is dropped once the recording turns out to be a long one.
    """

    def __init__(self, sample_rate: int, wanted: int, any_sound: bool) -> None:
        self._frame = frame_length(sample_rate)
        self._most = PART_SECONDS * sample_rate
        self._count = 0
        self.resampler: Resampler | None = Resampler(sample_rate, wanted)
        self.activity = None if any_sound else VoiceActivity(sample_rate)
        self.levels: list[np.ndarray] = []
        self.peak = 0.0

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,)."""
        self.peak = max(self.peak, float(np.abs(mono).max()))
        self.levels.append(frame_levels(mono, self._frame))
        self._count += len(mono)
        if self.activity is not None:
            self.activity.add(mono)
        if self._count > self._most:
            self.resampler = None
        if self.resampler is not None:
            self.resampler.add(mono)
