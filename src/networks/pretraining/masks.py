"""Which frames are masked, and which others a masked frame is told from."""

import numpy as np


def draw_spans(frames: int, length: int, share: float, random: np.random.Generator) -> np.ndarray:
    """Draw masked frames: spans of one length whose beginnings are drawn without replacement.

    Spans may overlap (Baevski et al. 2020, section 4.2; Hsu et al. 2021, section IV).

    Parameters
    ----------
    frames : int
        Of the recording, at least 2.
    length : int
        Frames of a span; a shorter recording has one of half its frames.
    share : float
        Of all frames, those that a span begins at.
    random : numpy.random.Generator
        Of this recording and epoch alone.

    Returns
    -------
    numpy.ndarray
        bool, shape (frames,), true for at least one frame.
    """
    length = min(length, frames // 2)
    places = frames - length + 1
    # Rounded at random, so that the share holds on average for short recordings too.
    count = min(places, max(1, int(share * frames + random.random())))
    mask = np.zeros(frames, bool)
    starts = random.choice(places, count, replace=False)
    mask[(starts[:, None] + np.arange(length)).ravel()] = True
    return mask


def draw_negatives(mask: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw the distractors of each masked frame among the other masked frames.

    Parameters
    ----------
    mask : numpy.ndarray
        bool, shape (frames,), true for at least one.
    count : int
        Distractors of a frame; they are drawn with replacement.
    random : numpy.random.Generator
        Of this recording and epoch alone.

    Returns
    -------
    numpy.ndarray
        int64, shape (frames, count): frames; 0 in the rows of frames that are not masked. A frame
        that is the only masked one has itself.
    """
    places = np.flatnonzero(mask)
    drawn = random.integers(max(1, len(places) - 1), size=(len(places), count))
    if len(places) > 1:
        drawn += drawn >= np.arange(len(places))[:, None]
    found = np.zeros((len(mask), count), np.int64)
    found[places] = places[drawn]
    return found
