"""Short-time frames of a signal, overlap-add, and time-varying filters.

Frame ``t`` is always centred on sample ``t * hop``, so the frames of every module of this
package line up.
"""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]


def count(samples: int, hop: int) -> int:
    """Count the frames that cover a signal, both ends included.

    Parameters
    ----------
    samples : int
        Length of the signal.
    hop : int
        Samples between two frames.

    Returns
    -------
    int
        Number of frames.
    """
    return -(-samples // hop) + 1


@lru_cache(maxsize=16)
def hann(size: int) -> NDArray[np.float32]:
    """Make a periodic Hann window, whose copies half a length apart sum to one.

    Parameters
    ----------
    size : int
        Length in samples.

    Returns
    -------
    ndarray of float32, shape (size,)
        The window, read-only because it is shared between callers.
    """
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)
    window.flags.writeable = False
    return window


def split_frames(signal: FloatArray, size: int, hop: int) -> NDArray[np.float32]:
    """Split a signal into overlapping centred frames, padded by zeros at both ends.

    Parameters
    ----------
    signal : ndarray, shape (samples,)
        Signal.
    size : int
        Frame length in samples.
    hop : int
        Samples between two frames.

    Returns
    -------
    ndarray of float32, shape (frames, size)
        A read-only view of the padded signal.
    """
    frames = count(len(signal), hop)
    padded = np.zeros((frames - 1) * hop + size, dtype=np.float32)
    start = size // 2
    kept = min(len(signal), len(padded) - start)
    padded[start : start + kept] = signal[:kept]
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]


def overlap_add(frames: FloatArray, hop: int, samples: int, lead: int) -> NDArray[np.float32]:
    """Reconstruct a signal from frames by overlap-add.

    Parameters
    ----------
    frames : ndarray, shape (frames, size)
        Frames; `size` is a multiple of `hop`.
    hop : int
        Samples between two frames.
    samples : int
        Length of the result.
    lead : int
        Position of the centre in a frame, in samples.

    Returns
    -------
    ndarray of float32, shape (samples,)
        The sum.

    Raises
    ------
    ValueError
        If the frame length is not a multiple of the hop.
    """
    rows, size = frames.shape
    if size % hop:
        raise ValueError(f"frame length {size} is not a multiple of the hop {hop}")
    parts = size // hop
    total = np.zeros((rows + parts - 1, hop), dtype=np.float32)
    for part in range(parts):
        total[part : part + rows] += frames[:, part * hop : (part + 1) * hop]
    return total.reshape(-1)[lead : lead + samples]


def moving_filter(
    signal: FloatArray, response: NDArray[np.complexfloating], hop: int
) -> NDArray[np.float32]:
    """Filter a signal by a time-varying frequency response, one for each frame.

    Each Hann-weighted piece of two hops is filtered by its own response and the pieces are
    added, which cross-fades from one filter to the next.

    Parameters
    ----------
    signal : ndarray, shape (samples,)
        Input.
    response : ndarray of complex, shape (frames, bins)
        Causal frequency response per frame, ``bins = fft // 2 + 1`` with `fft` a multiple of
        `hop`. What rings longer than ``fft - 2 * hop`` samples wraps around.
    hop : int
        Samples between two frames.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Output.
    """
    size = 2 * (response.shape[1] - 1)
    pieces = split_frames(signal, 2 * hop, hop) * hann(2 * hop)
    spectra = scipy.fft.rfft(pieces, size, axis=1)
    spectra *= response
    return overlap_add(scipy.fft.irfft(spectra, size, axis=1), hop, len(signal), hop)
