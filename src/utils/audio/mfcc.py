"""Mel-frequency cepstral coefficients (MFCC) with deltas, at the frames of an encoder.

Those that HuBERT's first units are of (Hsu et al. 2021, section IV-B): 13 coefficients as Kaldi
computes them, their deltas and double deltas, 39 numbers a frame.
"""

import numpy as np

N_COEFFICIENTS = 13
"""Static ones; with deltas and double deltas there are three times as many."""

_FULL_SCALE = 32768.0
"""Of 16-bit samples, which Kaldi's floor of energies is meant for."""


def compute_mfcc(waveform: np.ndarray, sample_rate: int, hop: int, frames: int) -> np.ndarray:
    """Return MFCC and their deltas of the frames that an encoder makes of a waveform.

    Windows are of 25 ms. They lie half a hop apart, as deltas over 20 ms ask for, and every second
    one is returned.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,), of at least 25 ms.
    sample_rate : int
        Hz.
    hop : int
        Samples from one frame of the encoder to the next; an even number.
    frames : int
        How many the encoder makes.

    Returns
    -------
    numpy.ndarray
        float32, shape (frames, 39). Where the encoder has more frames than there are windows, the
        last one is repeated.
    """
    import torch
    from torchaudio.compliance.kaldi import mfcc
    from torchaudio.functional import compute_deltas

    found = mfcc(
        torch.from_numpy(np.ascontiguousarray(waveform, np.float32))[None] * _FULL_SCALE,
        sample_frequency=sample_rate,
        frame_shift=1000 * hop / 2 / sample_rate,
        num_ceps=N_COEFFICIENTS,
    ).T
    deltas = compute_deltas(found)
    joined = torch.cat([found, deltas, compute_deltas(deltas)]).T[::2].numpy()
    missing = frames - len(joined)
    return np.pad(joined, ((0, max(0, missing)), (0, 0)), mode="edge")[:frames]
