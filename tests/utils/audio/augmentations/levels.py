"""Levels, measured another way than the program does."""

import numpy as np


def measured_snr(clean: np.ndarray, noisy: np.ndarray) -> float:
    """dB of a waveform over what was added to it."""
    signal, noise = clean.astype(float), noisy.astype(float) - clean
    return float(10 * np.log10(np.dot(signal, signal) / np.dot(noise, noise)))
