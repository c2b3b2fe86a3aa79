"""RawBoost the plain way, as its authors' code goes about it, for comparison.

Every notch is designed by itself, the cascade is convolved tap by tap, its peak is found on its
frequency response, and each power of the waveform is filtered in the time domain.
"""

import numpy as np
from scipy import signal

RATE = 16_000


def draw_cascade(random: np.random.Generator, gain_db: float) -> np.ndarray:
    """Return the taps of five notch filters in series."""
    cascade = np.ones(1)
    for _ in range(5):
        centre, width = random.uniform(20, 8000), random.uniform(100, 1000)
        taps = int(random.integers(10, 101)) | 1
        low = max(centre - width / 2, 1e-3)
        high = min(centre + width / 2, RATE / 2 - 1e-3)
        notch = signal.firwin(taps, [low, high], window="hamming", fs=RATE)
        cascade = np.convolve(notch, cascade)
    _, response = signal.freqz(cascade, 1, RATE)
    return cascade * 10 ** (gain_db / 20) / np.abs(response).max()


def through(cascade: np.ndarray, waveform: np.ndarray) -> np.ndarray:
    """Filter a waveform and cut off the delay."""
    delay = len(cascade) // 2
    padded = np.pad(waveform, (0, delay))
    return signal.lfilter(cascade, 1, padded)[delay : delay + len(waveform)]


def within_scale(waveform: np.ndarray) -> np.ndarray:
    """Turn down what exceeds full scale."""
    return waveform / max(np.abs(waveform).max(), 1)


def convolutive(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Algorithm 1."""
    total = np.zeros(len(waveform))
    for power in range(1, 6):
        gain_db = 0.0 if power == 1 else random.uniform(-20, -5)
        total = total + through(draw_cascade(random, gain_db), np.power(waveform, power))
    return within_scale(total - total.mean())


def impulsive(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Algorithm 2."""
    count = int(len(waveform) * random.uniform(0, 0.1))
    at = random.permutation(len(waveform))[:count]
    factors = (2 * random.random(count) - 1) * (2 * random.random(count) - 1)
    changed = waveform.copy()
    changed[at] = waveform[at] + 2 * waveform[at] * factors
    return within_scale(changed)


def stationary(waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Algorithm 3."""
    noise = through(draw_cascade(random, 0.0), random.normal(0, 1, len(waveform)))
    ratio = 10 ** (random.uniform(10, 40) / 20)
    return waveform + noise / np.linalg.norm(noise) * np.linalg.norm(waveform) / ratio


PARTS = {1: convolutive, 2: impulsive, 3: stationary}
SERIES = {4: (1, 2, 3), 5: (1, 2), 6: (1, 3), 7: (2, 3)}


def boost(mode: int, waveform: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Apply one of the eight algorithms to a waveform at 16 kHz."""
    if mode == 8:
        return within_scale(convolutive(waveform, random) + impulsive(waveform, random))
    for part in SERIES.get(mode, (mode,)):
        waveform = PARTS[part](waveform, random)
    return waveform
