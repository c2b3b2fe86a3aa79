"""Recordings as pretraining hears them."""

from pathlib import Path

import numpy as np

from src.utils.audio.io import read_waveform

SHORTEST_SECONDS = 0.4
"""Two spans of masked frames; what is shorter is repeated to it."""


def read_recording(path: Path, sample_rate: int) -> np.ndarray:
    """Return the waveform of a recording, a very short one repeated.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    sample_rate : int
        Hz.

    Raises
    ------
    AudioError
        As `read_waveform` does.
    """
    waveform = read_waveform(path, sample_rate)
    shortest = int(SHORTEST_SECONDS * sample_rate)
    return waveform if len(waveform) >= shortest else np.resize(waveform, shortest)
