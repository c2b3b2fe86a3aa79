"""The recording channel: microphone response, reverberation and noise of a room."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, firwin2, lfilter

from src.demo.level import set_rms


def record(
    speech: NDArray[np.floating],
    sample_rate: int,
    tilt: float,
    reverberation: float,
    room: int,
    noise_db: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Record a voice in a small room.

    Parameters
    ----------
    speech : ndarray, shape (samples,)
        Sound at the lips.
    sample_rate : int
        Samples per second.
    tilt : float
        Slope of the channel in dB per octave around 1 kHz.
    reverberation : float
        Reverberation time in seconds.
    room : int
        Seed of the echo pattern.
    noise_db : float
        Noise relative to the speech, in dB.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Recording, at no particular level.
    """
    samples = len(speech)
    heard = lfilter(_microphone(tilt, sample_rate), 1.0, speech)
    heard = fftconvolve(heard, _echoes(reverberation, room, sample_rate))[:samples]
    noise = set_rms(room_noise(samples, rng), 0.05 * 10.0 ** (noise_db / 20.0))
    return set_rms(heard, 0.05) + noise


def room_noise(samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Make noise as rooms have it: more hum than hiss.

    Parameters
    ----------
    samples : int
        Length.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Gaussian noise that falls towards high frequencies, with a floor of white.
    """
    white = rng.standard_normal((2, samples), dtype=np.float32)
    noise: NDArray[np.floating] = white[0] + lfilter([1.0], [1.0, -0.95], white[1])
    return noise.astype(np.float32)


@lru_cache(maxsize=256)
def _microphone(tilt: float, sample_rate: int) -> NDArray[np.float64]:
    """Design the recording channel: a low cut and a slope, shape (taps,)."""
    grid = np.linspace(0.0, sample_rate / 2.0, 257)
    octaves = np.log2(np.maximum(grid, 125.0) / 1000.0)
    gain = 10.0 ** (tilt * octaves / 20.0) / np.sqrt(1.0 + (70.0 / np.maximum(grid, 1.0)) ** 4)
    gain[0] = 0.0
    taps: NDArray[np.float64] = firwin2(129, grid, gain, fs=sample_rate)
    return taps


@lru_cache(maxsize=256)
def _echoes(seconds: float, seed: int, sample_rate: int) -> NDArray[np.float64]:
    """Draw the impulse response of a small room: the direct sound, then a decaying tail.

    The tail is white noise under an exponential that loses 60 dB in the reverberation time
    (Moorer, 1979, "About this reverberation business"), 15 dB below the direct sound.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    tail = rng.standard_normal(len(time)) * 10.0 ** (-3.0 * time / seconds)
    tail[: round(0.003 * sample_rate)] = 0.0  # the nearest wall is half a metre away
    tail *= 10.0 ** (-15.0 / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail
