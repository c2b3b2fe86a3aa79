"""Traces of a generator's frame rate: lines at exact multiples of its hop frequency.

Neural vocoders turn frames into samples by fixed up-sampling layers, and phase estimators by
overlap-add, so what they leave repeats once a frame: 24000/256 = 93.75 times a second, say. Over
a clip this adds up to lines at exact multiples of that rate, in the spectrum and in the envelope
of high bands (Pons, Pascual, Cengarle & Serra 2021, "Upsampling artifacts in neural audio
synthesis"). A voice has no such clock: its harmonics move, and above 4 kHz they smear out within
a fraction of a second. Resampling, filters and gain leave the lines where they are.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy.ndimage import uniform_filter1d

from src.utils.config import SAMPLE_RATE

RATES = (
    (50.0, "16000/320, 24000/480"),
    (62.5, "16000/256"),
    (75.0, "24000/320"),
    (80.0, "16000/200, 24000/300"),
    (22050 / 256, "22050/256, 44100/512"),
    (93.75, "24000/256, 48000/512"),
    (100.0, "16000/160, 24000/240"),
    (110.25, "22050/200, 44100/400"),
    (125.0, "16000/128"),
    (150.0, "24000/160"),
    (160.0, "16000/100"),
    (22050 / 128, "22050/128, 44100/256"),
    (187.5, "24000/128, 48000/256"),
    (200.0, "16000/80, 24000/120"),
)
"""Hop frequencies in Hz and what they come from (sample rate / hop)."""

_SUBBAND = 44100 / 64
"""Hz: MPEG layer III at 44.1 kHz splits the spectrum at multiples of this, and recordings that
were once MP3 carry lines there which are no generator's."""

_BANDS = {"low": (1000.0, 4000.0), "high": (4000.0, 7200.0)}  # Hz
_WINDOWS = (2048, 4096, 16384)  # samples: lines that waver show in short windows, steady in long
_ENVELOPE_RATE = 8000  # Hz
_ENVELOPE_FFT = 32768
_ENVELOPE_TOP = 1200.0  # Hz
_FLOOR = 1e-6


@dataclass(frozen=True)
class _Comb:
    """Where in a spectrum the lines of every rate lie.

    Attributes
    ----------
    bins, fractions : numpy.ndarray
        Position of every line as a bin and how far it is towards the next, shape (lines,).
    starts, counts : numpy.ndarray
        Where each rate's lines begin and how many they are, shape (rates,).
    """

    bins: np.ndarray
    fractions: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    @classmethod
    def between(cls, low: float, high: float, bin_hz: float) -> "_Comb":
        """Place the lines that lie from `low` to `high` Hz."""
        lines = []
        for rate, _ in RATES:
            multiples = np.arange(np.ceil(low / rate), np.floor(high / rate) + 1) * rate
            steps = multiples / _SUBBAND
            lines.append(multiples[np.abs(steps - np.round(steps)) > 1e-3])
        positions = np.concatenate(lines) / bin_hz
        bins = positions.astype(int)
        counts = np.array([len(part) for part in lines])
        return cls(bins, positions - bins, np.r_[0, np.cumsum(counts)[:-1]], counts)

    def score(self, spectrum: np.ndarray) -> np.ndarray:
        """Sum a spectrum of unit variance over the lines of every rate, shape (rates,).

        Divided by the root of their number, so that chance alone gives about unit variance.
        """
        here, above = spectrum[self.bins], spectrum[self.bins + 1]
        values = here + (above - here) * self.fractions
        return np.asarray(np.add.reduceat(values, self.starts) / np.sqrt(self.counts))


_SPECTRAL = {
    (window, name): _Comb.between(low, high, SAMPLE_RATE / (2 * window))
    for window in _WINDOWS
    for name, (low, high) in _BANDS.items()
}
_ENVELOPE = _Comb.between(1.0, _ENVELOPE_TOP, _ENVELOPE_RATE / _ENVELOPE_FFT)


def comb_statistics(x: np.ndarray) -> dict[str, np.ndarray]:
    """Measure how much stands at multiples of known hop frequencies, and of any of them.

    Parameters
    ----------
    x : numpy.ndarray
        float32, shape (samples,), 16 kHz, unit level.

    Returns
    -------
    dict of str to numpy.ndarray
        For each band the scores of all rates, averaged over the views (three windows and the
        envelope), and for every view and the average the highest score and its distance from
        the median rate. The latter two do not care which rate it is, so that a generator with
        another hop than those of the training data still shows.
    """
    views: dict[str, list[np.ndarray]] = {name: [] for name in _BANDS}
    for window in _WINDOWS:
        spectrum = _mean_log_spectrum(x, window)
        for name in _BANDS:
            views[name].append(_SPECTRAL[window, name].score(spectrum))
    whole = scipy.fft.rfft(x, _even_length(len(x)))
    for name, (low, high) in _BANDS.items():
        views[name].append(_ENVELOPE.score(_envelope_spectrum(whole, low, high)))
    statistics = {}
    for name, scores in views.items():
        fused = np.mean(scores, axis=0)
        statistics[f"comb_{name}"] = fused
        table = np.stack([*scores, fused])
        highest = table.max(axis=1)
        statistics[f"comb_{name}_max"] = highest
        statistics[f"comb_{name}_above"] = highest - np.median(table, axis=1)
    return statistics


def _mean_log_spectrum(x: np.ndarray, window: int) -> np.ndarray:
    """Mean over frames of the log spectrum, less its surroundings, at unit variance."""
    length = min(window, len(x))
    frames = np.lib.stride_tricks.sliding_window_view(x, length)[:: max(1, length // 3)]
    tapered = frames * np.hanning(length).astype(np.float32)
    # Twice the window's length, so that no line falls between two bins.
    spectrum = scipy.fft.rfft(tapered, 2 * window, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    energy = power.sum(axis=1)
    log_power = np.log(power[energy >= 1e-3 * energy.max()] + _FLOOR).mean(axis=0)
    width = window // 66
    residual = log_power - uniform_filter1d(log_power, width)
    return residual / np.sqrt(uniform_filter1d(residual**2, 4 * width) + _FLOOR)


def _envelope_spectrum(whole: np.ndarray, low: float, high: float) -> np.ndarray:
    """Log spectrum of a band's log envelope, less its surroundings."""
    n_samples = 2 * (len(whole) - 1)
    first, last = (int(hz * n_samples / SAMPLE_RATE) for hz in (low, high))
    # Moved to zero frequency, the band's analytic signal keeps its envelope at half the rate.
    band = np.zeros(n_samples * _ENVELOPE_RATE // SAMPLE_RATE, np.complex64)
    band[: last - first] = whole[first:last] * np.hanning(last - first).astype(np.float32)
    envelope = np.log(np.abs(scipy.fft.ifft(band)) + 1e-4)
    envelope -= uniform_filter1d(envelope, _ENVELOPE_RATE // 20)
    tapered = envelope * np.hanning(len(envelope)).astype(np.float32)
    spectrum = np.log(np.abs(scipy.fft.rfft(tapered[:_ENVELOPE_FFT], _ENVELOPE_FFT)) + _FLOOR)
    return np.asarray(spectrum - uniform_filter1d(spectrum, 201))


def _even_length(samples: int) -> int:
    """Return a length of small factors, at least `samples`, that halves to a whole number."""
    return -(-samples // 1600) * 1600
