"""Linear prediction: a filter that follows the voice, excited by pulses and noise."""

from typing import ClassVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from src.spoofs.attack import Attack
from src.utils.audio import frames
from src.utils.audio.augmentations.augmentation import Parameters, draw_seed
from src.utils.audio.linear_prediction import levinson_durbin
from src.utils.audio.pitch import pulse_train, track_pitch

_HOP_SECONDS = 0.005
_LOWEST_HZ = 60.0
_FEWEST, _MOST = 0.8, 1.4
"""Of the usual order, two per kHz of bandwidth and two for the source."""


class LinearPrediction(Attack):
    """The linear prediction vocoder, of an order that is drawn."""

    name = "lpc"
    about: ClassVar[str] = "linear prediction, excited by pulses and noise"

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the order, as a share of the usual, and how noisy; see `Attack.draw`."""
        return {
            "order": round(float(random.uniform(_FEWEST, _MOST)), 3),
            "noise": round(float(random.uniform(0.0, 0.5)), 3),
            "seed": draw_seed(random),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Analyse and resynthesise; see `Attack.apply`."""
        order = round(float(parameters["order"]) * (2 + sample_rate / 1000))
        random = np.random.default_rng(int(parameters["seed"]))
        return predict_and_excite(waveform, sample_rate, random, order, float(parameters["noise"]))


def predict_and_excite(
    waveform: NDArray[np.float32],
    sample_rate: int,
    random: np.random.Generator,
    order: int,
    noise: float = 0.0,
) -> NDArray[np.float64]:
    """Resynthesise speech by linear prediction, excited by pulses where voiced, else by noise.

    The classic scheme of Atal and Hanauer (1971), "Speech analysis and synthesis by linear
    prediction of the speech wave", J. Acoust. Soc. Am. 50(2B).

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    sample_rate : int
        Hz.
    random : numpy.random.Generator
        Draws the noise.
    order : int
        Of the predictor.
    noise : float
        Share of the amplitude of voiced sounds that is noise, from 0 to 1.

    Returns
    -------
    numpy.ndarray
        Shape (samples,); of about the level of `waveform` at every moment.
    """
    hop = round(_HOP_SECONDS * sample_rate)
    size, fft = 5 * hop, 12 * hop
    window = frames.hann(size)
    pieces = frames.split_frames(waveform, size, hop) * window
    power = np.abs(scipy.fft.rfft(pieces, 1 << (2 * size - 1).bit_length(), axis=1)) ** 2
    correlation = scipy.fft.irfft(power, axis=1)[:, : order + 1].astype(np.float64)
    predictor, error = levinson_durbin(correlation / np.sum(window**2), 1e-5, 1e-12)
    # Double precision: the predictor nearly cancels itself at the formants.
    response = np.sqrt(error)[:, None] / scipy.fft.rfft(predictor, fft, axis=1)

    pulses, hiss, voiced = make_sources(waveform, sample_rate, hop, random)
    if noise:
        pulses = (1.0 - noise) * pulses + noise * hiss
    excitation = low_cut(np.where(voiced, pulses, hiss), sample_rate)
    spoof = frames.moving_filter(excitation, response.astype(np.complex64), hop)
    # Harmonics that fall beside or onto a formant make a voiced frame too weak or too strong.
    return spoof * track_gain(spoof, waveform, hop)


def make_sources(
    waveform: NDArray[np.float32], sample_rate: int, hop: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Make the pulse train and the noise of a source-filter vocoder, and where it is voiced.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,); its pitch is followed.
    sample_rate : int
        Hz.
    hop : int
        Samples between two estimates of the pitch.
    random : numpy.random.Generator
        Draws the noise.
    """
    pitch = track_pitch(waveform, sample_rate, hop)
    pulses, voiced = pulse_train(pitch, sample_rate, hop, len(waveform))
    return pulses, random.standard_normal(len(waveform), dtype=np.float32), voiced


def low_cut(excitation: NDArray[np.floating], sample_rate: int) -> NDArray[np.floating]:
    """High-pass at 60 Hz: pulses of one polarity have a constant offset.

    Parameters
    ----------
    excitation : numpy.ndarray
        Shape (samples,).
    sample_rate : int
        Hz.
    """
    sections = butter(2, _LOWEST_HZ, "highpass", fs=sample_rate, output="sos")
    filtered: NDArray[np.floating] = sosfilt(sections, excitation)
    return filtered


def track_gain(
    spoof: NDArray[np.floating], model: NDArray[np.float32], hop: int
) -> NDArray[np.float64]:
    """Find the gain that gives every ten hops of a spoof the power of its model.

    Parameters
    ----------
    spoof : numpy.ndarray
        Shape (samples,).
    model : numpy.ndarray
        Shape (samples,).
    hop : int
        Samples between two gains; what lies between is interpolated.

    Returns
    -------
    numpy.ndarray
        float64, shape (samples,).
    """
    window = frames.hann(10 * hop)

    def power(waveform: NDArray[np.floating]) -> NDArray[np.floating]:
        pieces = frames.split_frames(waveform, len(window), hop) * window
        mean: NDArray[np.floating] = np.mean(pieces**2, axis=1)
        return mean + 1e-12

    gain = np.sqrt(power(model) / power(spoof))
    return np.interp(np.arange(len(model)), np.arange(len(gain)) * hop, gain)
