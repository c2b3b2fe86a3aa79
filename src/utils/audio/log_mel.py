"""The front end of YAMNet: log-mel spectra of a waveform.

The parameters are those that Google published with the network
(https://github.com/tensorflow/models/tree/master/research/audioset/yamnet): 25 ms Hann windows
every 10 ms, magnitudes of a 512-point FFT, 64 triangular bands that are equally wide in mel.
"""

from functools import cache

import numpy as np

from src.utils.config import SAMPLE_RATE

WINDOW = 400
HOP = 160
FFT_SIZE = 512
BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 125.0, 7500.0
LOG_OFFSET = 0.001

PATCH_FRAMES = 96
BLOCK_FRAMES = 48
"""Frames from one patch to the next: half a patch."""

_FRAMES_AT_ONCE = 3_000
"""Half a minute, so that the memory for a long recording does not grow with it."""


def compute_log_mel(waveform: np.ndarray) -> np.ndarray:
    """Return the log-mel spectrum of every whole frame.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 at 16 kHz, shape (samples,).

    Returns
    -------
    numpy.ndarray
        float32, shape (frames, 64): the natural logarithm of each band's magnitude plus 0.001.
    """
    waveform = np.ascontiguousarray(waveform, np.float32)
    n_frames = max(0, 1 + (len(waveform) - WINDOW) // HOP)
    found = np.empty((n_frames, BANDS), np.float32)
    if not n_frames:
        return found
    frames = np.lib.stride_tricks.sliding_window_view(waveform, WINDOW)[::HOP]
    window, weights = hann_window(), mel_weights()
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        part = slice(start, start + _FRAMES_AT_ONCE)
        spectrum = np.abs(np.fft.rfft(frames[part] * window, FFT_SIZE))
        found[part] = np.log(spectrum @ weights + np.float32(LOG_OFFSET))
    return found


@cache
def hann_window() -> np.ndarray:
    """Return the periodic Hann window, float32 of shape (400,)."""
    angles = 2 * np.pi * np.arange(WINDOW) / WINDOW
    return (0.5 - 0.5 * np.cos(angles)).astype(np.float32)


@cache
def mel_weights(
    bands: int = BANDS, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ
) -> np.ndarray:
    """Return the mel filter bank: the weight of each FFT bin in each band, float32 (257, bands).

    Parameters
    ----------
    bands : int
        How many.
    lowest_hz, highest_hz : float
        Where the first begins and the last ends.

    Notes
    -----
    The triangles have straight sides on the mel scale, not in Hz, and reach 1 where the next one
    begins. The mel scale is that of HTK (Young et al., "The HTK book"): 1127 ln(1 + f / 700).
    """
    bins = _mel(np.arange(FFT_SIZE // 2 + 1) * SAMPLE_RATE / FFT_SIZE)[:, None]
    edges = np.linspace(_mel(lowest_hz), _mel(highest_hz), bands + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)
