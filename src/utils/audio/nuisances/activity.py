"""Voice activity detection by energy: which short frames of a recording hold sound."""

from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 0.01

_BELOW_LOUD = 40.0
_ABOVE_FLOOR = 6.0
_CLOSEST = 15.0
_ONSET_FRAMES = 3
_LOUD_FRAMES = 5
"""A click is shorter, a syllable longer."""
LOWEST_DB = -120.0
"""The level that digital silence is given, in dBFS."""


@dataclass(frozen=True)
class Activity:
    """The frames of a recording that hold sound, and its noise floor.

    Attributes
    ----------
    active : numpy.ndarray
        bool, shape (frames,).
    first, last : int
        The first active frame and the one behind the last; 0 and the number of frames where
        nothing is active.
    noise_floor : float
        5th percentile of the frames' level, dBFS.
    """

    active: np.ndarray
    first: int
    last: int
    noise_floor: float


def decibels(power: np.ndarray | float) -> np.ndarray:
    """Turn the mean square of samples into dBFS, at least `LOWEST_DB`.

    Parameters
    ----------
    power : numpy.ndarray or float
        Mean square of samples, full scale at 1.
    """
    return 10 * np.log10(np.maximum(power, 10 ** (LOWEST_DB / 10)))


def frame_length(sample_rate: int) -> int:
    """Return how many samples the frames of 10 ms have at a rate in Hz.

    Parameters
    ----------
    sample_rate : int
        Hz.
    """
    return max(1, round(FRAME_SECONDS * sample_rate))


def frame_levels(mono: np.ndarray, frame: int) -> np.ndarray:
    """Return the level of frames side by side, without their own mean.

    A constant offset therefore does not count as sound.

    Parameters
    ----------
    mono : numpy.ndarray
        Shape (samples,), full scale at 1; what is left over behind the last frame is not used.
    frame : int
        Samples of a frame.

    Returns
    -------
    numpy.ndarray
        float32, shape (frames,), dBFS, at least `LOWEST_DB`.
    """
    whole = mono[: len(mono) // frame * frame].reshape(-1, frame)
    return decibels(whole.var(axis=1)).astype(np.float32)


def find_activity(levels: np.ndarray) -> Activity:
    """Tell sound from silence by the levels of a recording's frames.

    A frame is silent when it lies 40 dB under the loud ones (95th percentile), or within 6 dB of
    the noise floor; nothing closer than 15 dB to the loud ones counts as silent, so that a
    recording without a pause is not cut up. Sound starts, and ends, with three active frames in a
    row: a click is none.

    Parameters
    ----------
    levels : numpy.ndarray
        Shape (frames,), dBFS, see `frame_levels`.
    """
    if not len(levels):
        return Activity(np.zeros(0, bool), 0, 0, LOWEST_DB)
    floor, loud = np.percentile(levels, (5, 95))
    active = levels > _threshold(floor, loud)
    steady = np.convolve(active, np.ones(_ONSET_FRAMES), "valid") == _ONSET_FRAMES
    starts = np.flatnonzero(steady)
    if not len(starts):
        return Activity(active, 0, len(levels), float(floor))
    return Activity(active, int(starts[0]), int(starts[-1]) + _ONSET_FRAMES, float(floor))


def sound_level(levels: np.ndarray) -> float:
    """Return the level, in dBFS, above which a frame holds sound, however few there are.

    As `find_activity` tells them, but by the level that 50 ms of the recording reach rather than
    a twentieth of it: of one word in a minute of silence a twentieth would be silence too.

    Parameters
    ----------
    levels : numpy.ndarray
        Shape (frames,), at least one, dBFS, see `frame_levels`.
    """
    loud = np.sort(levels)[-min(_LOUD_FRAMES, len(levels))]
    return _threshold(np.percentile(levels, 5), loud)


def _threshold(floor: float, loud: float) -> float:
    return float(min(max(loud - _BELOW_LOUD, floor + _ABOVE_FLOOR), loud - _CLOSEST))
