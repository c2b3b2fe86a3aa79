"""What happens to recordings on their way to a listener: codecs, telephones, noise and rooms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, fftconvolve, sosfiltfilt

from src.utils.audio.augmentations.codecs import CODECS, TELEPHONE_RATE
from src.utils.config import SAMPLE_RATE

_PEAK = 0.98
"""What is louder than full scale after a change is turned down to this."""
_TELEPHONE_HZ = (300.0, 3400.0)
_SNR_DB = 20.0
_DECAY_SECONDS = 0.5
_DIRECT_TO_REVERBERANT_DB = 0.0

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Condition:
    """A way that recordings may have gone.

    Attributes
    ----------
    name : str
        By which figures are told.
    about : str
        What is done, in the words of a card.
    change : callable
        Given a waveform, float32 at 16 kHz of shape (samples,), and what draws, the changed one.
    is_trained : bool
        Whether copies of the training's clips go through it, too; else it is only measured, as
        what the detector has never heard.
    """

    name: str
    about: str
    change: Change
    is_trained: bool = True


def _telephone(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    band = butter(6, _TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = _within_scale(sosfiltfilt(band, waveform))
    return _coded("mu-law", TELEPHONE_RATE, 64_000)(narrow, random)


def _noise(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    level = np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) / 10 ** (_SNR_DB / 20)
    return _within_scale(waveform + random.normal(0.0, level, len(waveform)))


def _room(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Convolve with noise that decays exponentially, as Polack's model of a room has it."""
    times = np.arange(int(_DECAY_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    # By the definition of the reverberation time: 60 dB less at its end.
    tail = random.normal(0.0, 1.0, len(times)) * 10 ** (-3 * times / _DECAY_SECONDS)
    tail *= 10 ** (-_DIRECT_TO_REVERBERANT_DB / 20) / np.sqrt(np.square(tail).sum())
    tail[0] += 1.0
    heard = fftconvolve(waveform, tail)[: len(waveform)]
    level = np.sqrt(np.mean(np.square(waveform, dtype=np.float64)) / np.mean(np.square(heard)))
    return _within_scale(heard * level)


def _coded(codec: str, rate: int, bits_per_second: int) -> Change:
    """Return what encodes and decodes by a codec, at no more than a sample rate."""

    def change(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
        setting = {"bit_rate": bits_per_second, "rate": rate}
        return CODECS[codec].through(waveform, SAMPLE_RATE, setting)

    return change


def _within_scale(waveform: np.ndarray) -> np.ndarray:
    peak = float(np.abs(waveform).max(initial=0.0))
    return (waveform * min(1.0, _PEAK / max(peak, _PEAK))).astype(np.float32)


_ALL = (
    Condition("telephone", "300 to 3,400 Hz, 8 kHz, mu-law", _telephone),
    Condition("MP3", "48 kbit/s", _coded("mp3", SAMPLE_RATE, 48_000)),
    Condition("Opus", "16 kbit/s, as voice messages", _coded("opus", 48_000, 16_000)),
    Condition("noise", "white, 20 dB below the voice", _noise),
    Condition("room", "0.5 s of reverberation, as loud as the voice itself", _room),
    Condition("AAC", "48 kbit/s", _coded("aac", SAMPLE_RATE, 48_000), is_trained=False),
    Condition(
        "AMR",
        "narrow-band, 12.2 kbit/s, as mobile calls",
        _coded("amr", TELEPHONE_RATE, 12_200),
        is_trained=False,
    ),
)

CONDITIONS = {one.name: one for one in _ALL}
"""By name, what the detector is measured under."""
TRAINED = [one for one in _ALL if one.is_trained]
