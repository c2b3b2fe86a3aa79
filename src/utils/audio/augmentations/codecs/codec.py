"""What a codec is here: an encoder and its decoder, and a waveform sent through both."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import soxr

from src.utils.audio.augmentations.augmentation import Value

Setting = Mapping[str, Value]
"""What an encoder is asked for: `rate`, the most it is given (Hz), with a `bit_rate` (bit/s) or,
where the encoder takes that instead, a `quality` from 0 to 1."""


@dataclass(frozen=True)
class Codec(ABC):
    """An encoder and its decoder.

    Attributes
    ----------
    name : str
        By which the command line knows it.
    settings : tuple of Setting
        What one is drawn of.
    rates : tuple of int
        Sample rates that the encoder takes, Hz, ascending.
    """

    name: str
    settings: tuple[Setting, ...]
    rates: tuple[int, ...]

    @property
    @abstractmethod
    def missing(self) -> str:
        """What this installation lacks of it, for a message; empty where it has all."""

    @abstractmethod
    def code(self, samples: np.ndarray, rate: int, setting: Setting) -> np.ndarray:
        """Encode and decode samples, with the delay of both taken off.

        Parameters
        ----------
        samples : numpy.ndarray
            float32, within full scale, shape (samples,).
        rate : int
            One of `rates`.
        setting : Setting
            What the encoder is asked for.

        Returns
        -------
        numpy.ndarray
            float32 at the same rate, at least as long.
        """

    def coded_rate(self, sample_rate: int, setting: Setting) -> int:
        """Return the sample rate at which a recording is encoded, Hz.

        Parameters
        ----------
        sample_rate : int
            Of the recording, Hz.
        setting : Setting
            What the encoder is asked for.
        """
        wanted = min(sample_rate, int(setting["rate"]))
        return next((rate for rate in self.rates if rate >= wanted), self.rates[-1])

    def through(self, waveform: np.ndarray, sample_rate: int, setting: Setting) -> np.ndarray:
        """Send a waveform through encoder and decoder, at the encoder's rate and back.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32, shape (samples,).
        sample_rate : int
            Hz.
        setting : Setting
            What the encoder is asked for.

        Returns
        -------
        numpy.ndarray
            float32 of the same shape and rate, neither early nor late.
        """
        rate = self.coded_rate(sample_rate, setting)
        return at_rate(
            waveform, sample_rate, rate, lambda samples: self.code(samples, rate, setting)
        )


def at_rate(
    waveform: np.ndarray,
    sample_rate: int,
    rate: int,
    change: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Change a waveform at another sample rate and within full scale, and return to its own.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    sample_rate : int
        Its own, Hz.
    rate : int
        Hz, at which it is changed.
    change : callable
        Given samples at that rate, the changed ones, at least as many.

    Returns
    -------
    numpy.ndarray
        float32 of the waveform's shape and rate.
    """
    if not len(waveform):
        return waveform
    samples = change_rate(waveform, sample_rate, rate)
    # Resampling overshoots where a recording is at full scale, and what encodes would clip.
    scale = max(1.0, float(np.abs(samples).max(initial=0.0)))
    heard = change((samples / scale).astype(np.float32))[: len(samples)]
    return fit(change_rate(heard * scale, rate, sample_rate), len(waveform))


def change_rate(waveform: np.ndarray, native: int, wanted: int) -> np.ndarray:
    """Return a waveform at another sample rate.

    Parameters
    ----------
    waveform : numpy.ndarray
        At the native rate, shape (samples,).
    native, wanted : int
        Rates in Hz.
    """
    return waveform if native == wanted else soxr.resample(waveform, native, wanted)


def fit(waveform: np.ndarray, length: int) -> np.ndarray:
    """Return a waveform of a length, cut or followed by silence, as float32.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    length : int
        In samples.
    """
    short = max(length - len(waveform), 0)
    return np.pad(waveform[:length], (0, short)).astype(np.float32, copy=False)
