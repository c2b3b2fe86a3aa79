"""Audio fingerprints, which gain, filters, codecs and trimming hardly change.

Haitsma & Kalker (2002), "A highly robust audio fingerprinting system", ISMIR: the signs of the
differences of band energies along frequency and time, 32 of them a frame. Two recordings of the
same sound differ in few bits, two others in about half.
"""

import numpy as np
from scipy import fft

from src.utils.audio.windows import hann

SAMPLE_RATE = 8_000
"""Hz: telephone bandwidth is enough, and survives any codec."""
HOP_SECONDS = 0.016

_WINDOW = 2048
"""Samples: long against the hop, so that a copy cut elsewhere gives nearly the same bits."""
_HOP = round(HOP_SECONDS * SAMPLE_RATE)
_LOWEST, _HIGHEST = 300.0, 3000.0
_BANDS = 33
_FRAMES_AT_ONCE = 1024
_BELOW_LOUD_DB = 30.0

_EDGES = np.round(np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1) / SAMPLE_RATE * _WINDOW).astype(
    np.int64
)
_TAPER = hann(_WINDOW).astype(np.float32)
_BIT = (1 << np.arange(_BANDS - 1, dtype=np.uint32)).astype(np.uint32)


def compute_fingerprint(waveform: np.ndarray) -> np.ndarray:
    """Compute the fingerprint of a waveform.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), at `SAMPLE_RATE`.

    Returns
    -------
    numpy.ndarray
        uint32, shape (frames,), one number every 16 ms; 0 where it is quieter than 30 dB under
        the loud frames (95th percentile), whose bits would be those of noise. Empty for less than
        two windows' hops (0.27 s).
    """
    n_frames = (len(waveform) - _WINDOW) // _HOP + 1
    if n_frames < 2:
        return np.zeros(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, _WINDOW)[::_HOP]
    energy = np.empty((n_frames, _BANDS), np.float32)
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        part = slice(start, start + _FRAMES_AT_ONCE)
        spectrum = fft.rfft(frames[part] * _TAPER, axis=1)[:, : _EDGES[-1]]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        energy[part] = np.add.reduceat(power, _EDGES[:-1], axis=1)
    slope = np.diff(energy, axis=1)
    bits = np.diff(slope, axis=0) > 0
    prints = (bits * _BIT).sum(axis=1, dtype=np.uint32)
    loudness = energy[1:].sum(axis=1)
    quiet = loudness <= np.percentile(loudness, 95) / 10 ** (_BELOW_LOUD_DB / 10)
    prints[quiet] = 0
    return prints
