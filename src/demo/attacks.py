"""Vocoder attacks (copy synthesis): bona-fide speech analysed and resynthesised as a spoof.

All of them keep the length and the root mean square of their input, so that neither duration
nor loudness gives them away.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.signal import firwin, lfilter
from scipy.sparse import csr_array

from src.demo.level import rms, set_rms
from src.spoofs.lpc import low_cut, make_sources, predict_and_excite
from src.utils.audio import frames

Waveform = NDArray[np.float32]
Attack = Callable[[Waveform, np.random.Generator], Waveform]

SAMPLE_RATE = 16_000
"""Samples per second that the attacks are built for."""

_HOP = 80  # 5 ms, of the cepstral vocoder
_FFT = 960  # a multiple of the hop
_LPC_ORDER = 18  # two per kHz of bandwidth and two for the source
_LIFTER = 36  # cepstral coefficients kept: finer detail would be the harmonics
_MIX_HZ = 4000  # above this the cepstral vocoder excites voiced sounds by noise, too
_MEL_FFT, _MEL_HOP, _MEL_BANDS, _ITERATIONS = 1024, 256, 80, 16


def griffin_lim(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Resynthesise from 80 mel bands, the phase found by iteration.

    The magnitude comes back from the mel bands by pseudo-inverse; the phase starts at random
    and is made consistent with it as in Griffin and Lim (1984), "Signal estimation from
    modified short-time Fourier transform", IEEE Trans. ASSP 32(2).

    Parameters
    ----------
    waveform : ndarray of float32, shape (samples,)
        Bona-fide speech at `SAMPLE_RATE`.
    rng : numpy.random.Generator
        Draws the initial phase.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Spoof of the same length and root mean square.
    """
    magnitude = np.maximum(_through_mel(np.abs(_stft(waveform))), 1e-7)
    phase = rng.uniform(0.0, 2.0 * np.pi, magnitude.shape).astype(np.float32)
    spectrum = magnitude * np.exp(1j * phase)
    for _ in range(_ITERATIONS):
        again = _stft(_istft(spectrum, len(waveform)))
        spectrum = magnitude * again / np.maximum(np.abs(again), 1e-9)
    return set_rms(_istft(spectrum, len(waveform)), rms(waveform))


def lpc_vocoder(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Resynthesise by linear prediction, excited by either pulses or noise.

    See `predict_and_excite`. For the parameters see `griffin_lim`; `rng` draws the noise.
    """
    return set_rms(predict_and_excite(waveform, SAMPLE_RATE, rng, _LPC_ORDER), rms(waveform))


def cepstral_vocoder(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Resynthesise from a smooth cepstral envelope of minimum phase and a mixed excitation.

    The envelope is the liftered cepstrum, folded to minimum phase (Oppenheim and Schafer,
    1989, "Discrete-time signal processing", ch. 12). Voiced sounds get pulses below 4 kHz and
    noise above, the simplest case of the harmonic-plus-noise model of Stylianou (2001), IEEE
    Trans. SAP 9(1).

    For the parameters see `griffin_lim`; `rng` draws the noise.
    """
    size = 480  # 30 ms: two periods of a low voice
    window = frames.hann(size)
    spectra = np.abs(
        scipy.fft.rfft(frames.split_frames(waveform, size, _HOP) * window, _FFT, axis=1)
    )
    power = np.mean(spectra**2, axis=1) / np.sum(window**2) * _FFT
    cepstrum = scipy.fft.irfft(np.log(np.maximum(spectra, 1e-7)), _FFT, axis=1)[:, :_LIFTER]
    cepstrum[:, 1:] *= 2.0  # folding: what lies before time zero moves behind it
    response = np.exp(scipy.fft.rfft(cepstrum, _FFT, axis=1))
    # A mean of logarithms lies below the mean power, by an amount that differs from voiced
    # sounds to noise; each frame gets its power back.
    response *= np.sqrt(power / (np.mean(np.abs(response) ** 2, axis=1) * _FFT))[:, None]

    pulses, noise, voiced = make_sources(waveform, SAMPLE_RATE, _HOP, rng)
    low = firwin(81, _MIX_HZ, fs=SAMPLE_RATE)
    high = -low
    high[len(low) // 2] += 1.0
    mixed = lfilter(low, 1.0, pulses) + lfilter(high, 1.0, noise)
    late = (len(low) - 1) // 2  # the delay of the two filters
    mixed = np.concatenate([mixed[late:], np.zeros(late)])[: len(waveform)]
    excitation = low_cut(np.where(voiced, mixed, noise), SAMPLE_RATE)
    spoof = frames.moving_filter(excitation, response, _HOP)
    return set_rms(spoof, rms(waveform))


ATTACKS: dict[str, Attack] = {
    "griffin-lim": griffin_lim,
    "lpc-vocoder": lpc_vocoder,
    "cepstral-vocoder": cepstral_vocoder,
}
"""The attacks by name, in the order in which a corpus rotates through them."""


def _stft(waveform: NDArray[np.floating]) -> NDArray[np.complex64]:
    """Transform to frames, shape (samples,) to (frames, bins)."""
    pieces = frames.split_frames(waveform, _MEL_FFT, _MEL_HOP) * frames.hann(_MEL_FFT)
    spectrum: NDArray[np.complex64] = scipy.fft.rfft(pieces, axis=1)
    return spectrum


def _istft(spectrum: NDArray[np.complexfloating], samples: int) -> NDArray[np.float32]:
    """Transform back, as the least-squares estimate of Griffin and Lim (1984), equation 6."""
    window = frames.hann(_MEL_FFT)
    pieces = scipy.fft.irfft(spectrum, _MEL_FFT, axis=1).astype(np.float32) * window
    weight = np.broadcast_to(window**2, pieces.shape)
    total = frames.overlap_add(pieces, _MEL_HOP, samples, _MEL_FFT // 2)
    return total / frames.overlap_add(weight, _MEL_HOP, samples, _MEL_FFT // 2)


def _through_mel(magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce spectra to mel bands and bring them back, shape (frames, bins) to the same.

    The way back is the pseudo-inverse ``M^T (M M^T)^-1``. Only neighbouring bands overlap, so
    ``M M^T`` is tridiagonal and solved as such. Sparse and banded arithmetic has one order of
    summation, while that of a dense product would depend on how many threads it may use, and
    with it the last bits of the corpus.
    """
    mel, gram = _mel_filters()
    back = mel.T @ solveh_banded(gram, mel @ magnitude.T.astype(np.float64))
    return np.ascontiguousarray(back.T, dtype=np.float32)


@lru_cache(maxsize=1)
def _mel_filters() -> tuple[csr_array, NDArray[np.float64]]:
    """Make the mel filters, shape (bands, bins), and the upper diagonals of ``M M^T``.

    Triangles, evenly spaced on the scale ``2595 log10(1 + f / 700)`` of O'Shaughnessy (1987),
    "Speech communication".
    """
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2.0 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, top, _MEL_BANDS + 2) / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(_MEL_FFT, 1.0 / SAMPLE_RATE)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    mel = np.maximum(np.minimum(rise, fall), 0.0)
    gram = np.zeros((2, _MEL_BANDS))
    gram[0, 1:] = np.sum(mel[1:] * mel[:-1], axis=1)
    gram[1] = np.sum(mel**2, axis=1)
    return csr_array(mel), gram
