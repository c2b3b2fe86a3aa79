"""Concealing what was lost of a waveform, as receivers of G.711 do.

By ITU-T G.711 Appendix I (1999), "A high quality low-complexity algorithm for packet loss
concealment with G.711": the last pitch periods are repeated, more of them the longer the loss, and
fade out. The standard's numbers of samples at 8 kHz are times here, so that it serves every rate.
"""

import numpy as np

_PITCH_SECONDS = (0.005, 0.015)
"""The shortest and the longest period, of 200 and 66 Hz."""
_COMPARED_SECONDS = 0.02
"""The end of what was heard, which is compared with what came a period before."""
_FRAME_SECONDS = 0.01
"""After each, one more period is repeated, up to three, and the loudness falls."""
_PERIODS = 3
_FADE = 0.2
"""Of the loudness in each frame behind the first; nothing is left after 60 ms."""
_MORE_OVERLAP_SECONDS = 0.004
"""By which the return to the real signal takes longer for each frame behind the first."""


def conceal(waveform: np.ndarray, runs: list[tuple[int, int]], sample_rate: int) -> np.ndarray:
    """Return a waveform whose lost stretches are replaced by what was heard before.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,); lost samples are not looked at.
    runs : list of (int, int)
        The first sample of each lost stretch, and the first that arrived behind it; ascending.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        float32, of the same shape.
    """
    heard = waveform.copy()
    for start, end in runs:
        heard[start:end] = 0
        _replace(heard, start, end, sample_rate)
    return heard


def _replace(heard: np.ndarray, start: int, end: int, sample_rate: int) -> None:
    longest = round(_PITCH_SECONDS[1] * sample_rate)
    kept = _PERIODS * longest + longest // 4
    history = heard[max(start - kept, 0) : start]
    # As the receiver's memory is when a call begins.
    history = np.pad(history, (kept - len(history), 0)).astype(np.float64)
    period = find_period(history, sample_rate)
    quarter = max(period // 4, 1)
    frame = round(_FRAME_SECONDS * sample_rate)
    frames = -(-(end - start) // frame)
    more = round(_MORE_OVERLAP_SECONDS * sample_rate) * (frames - 1)
    overlap = min(quarter + more, frame, len(heard) - end)
    synthetic = _repeat(history, period, end - start + overlap, frame)
    # The first quarter of the first repetition's wavelength overlaps the last of what was heard.
    joined = min(quarter, start)
    heard[start - joined : start] = _looped(history, period, 1)[-joined:] if joined else 0
    heard[start:end] = synthetic[: end - start]
    rising = _ramp(overlap)
    heard[end : end + overlap] = (
        rising * heard[end : end + overlap] + (1 - rising) * synthetic[end - start :]
    )


def find_period(history: np.ndarray, sample_rate: int) -> int:
    """Return the pitch period at the end of a waveform, in samples.

    Parameters
    ----------
    history : numpy.ndarray
        At least 35 ms of it, shape (samples,).
    sample_rate : int
        Hz.
    """
    shortest, longest = (round(seconds * sample_rate) for seconds in _PITCH_SECONDS)
    compared = round(_COMPARED_SECONDS * sample_rate)
    end = history[-compared:]
    before = history[-compared - longest : -shortest]
    products = np.correlate(before, end, "valid")
    energies = np.cumsum(np.concatenate([[0.0], np.square(before)]))
    energies = energies[compared:] - energies[:-compared]
    tiny = np.finfo(np.float64).tiny
    return longest - int(np.argmax(products / np.sqrt(np.maximum(energies, tiny))))


def _looped(history: np.ndarray, period: int, periods: int) -> np.ndarray:
    """Return the last periods, the end of which leads smoothly into their beginning."""
    quarter = max(period // 4, 1)
    length = periods * period
    loop = history[-length:].copy()
    rising = _ramp(quarter)
    before = history[-length - quarter : -length]
    loop[-quarter:] = (1 - rising) * loop[-quarter:] + rising * before
    return loop


def _repeat(history: np.ndarray, period: int, length: int, frame: int) -> np.ndarray:
    """Return what is heard in place of a loss: periods repeated, fading out."""
    quarter = max(period // 4, 1)
    made = np.zeros(length)
    offset = 0
    loop = _looped(history, period, 1)
    for number, at in enumerate(range(0, length, frame)):
        count = min(frame, length - at)
        places = np.arange(count)
        part = loop[(offset + places) % len(loop)]
        if 0 < number < _PERIODS:
            offset %= period
            loop = _looped(history, period, number + 1)
            longer = loop[(offset + places) % len(loop)]
            rising = np.minimum((places + 1) / quarter, 1.0)
            part = (1 - rising) * part + rising * longer
        made[at : at + count] = part
        offset += count
    loudness = 1 - _FADE * (np.arange(length) / frame - 1)
    return made * loudness.clip(0.0, 1.0)


def _ramp(length: int) -> np.ndarray:
    return np.arange(1, length + 1) / (length + 1)
