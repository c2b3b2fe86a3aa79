"""Whether the channels of a recording hold different sound, or one sound at several levels."""

import numpy as np

SEGMENT_SECONDS = 1.0

DIFFERING = 0.1
"""Share of a channel's energy that no multiple of another one accounts for, from which on a segment
differs: -10 dB.

Measured on 20 clips whose channels are one voice at two levels: as they are, with noise of each
channel's own 20 dB below the voice, and encoded as Vorbis and MP3 from the best to the lowest rate,
not one differs over `DIFFERING_SECONDS`; with noise 15 dB below one does, and 10 dB below all. Two
microphones half a millisecond apart differ too, and are judged each.
"""

DIFFERING_SECONDS = 2.0
"""How much of a recording must differ, or half of one that is shorter than twice this: a click or
a codec's slip is no second voice."""

_QUIET = 1e-4
"""Segments of 40 dB less energy than the loudest one are not compared: there is noise alone."""


class ChannelComparison:
    """Compares the channels of a recording that comes block by block, segment by segment.

    Held is one segment's Gram matrix and a few numbers of each segment before.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channels : int
        How many there are.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._size = max(1, round(SEGMENT_SECONDS * sample_rate))
        self._channels = channels
        self._gram = np.zeros((channels, channels))
        self._filled = 0
        self._energies: list[np.ndarray] = []
        self._residuals: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Add a block.

        Parameters
        ----------
        block : numpy.ndarray
            float32, shape (frames, channels).
        """
        if self._channels < 2:
            return
        while len(block):
            part, block = np.split(block, [self._size - self._filled])
            exact = part.astype(np.float64)
            self._gram += exact.T @ exact
            self._filled += len(part)
            if self._filled == self._size:
                self._close()

    def differing(self) -> list[int]:
        """Return the channels, from 0 on, that must be heard each; none where all are one sound.

        Of channels that are multiples of one another the first is returned.
        """
        if self._filled:
            self._close()
        if not self._energies:
            return []
        energies, residuals = np.array(self._energies), np.array(self._residuals)
        loud = energies > _QUIET * energies.max()
        # A channel without sound of its own differs from one that has some.
        differs = np.where(loud[:, :, None] | loud[:, None, :], residuals > DIFFERING, False)
        needed = max(1, min(DIFFERING_SECONDS / SEGMENT_SECONDS, len(energies) / 2))
        apart = differs.sum(axis=0) >= needed
        kept: list[int] = []
        for channel in range(self._channels):
            if all(apart[channel, other] for other in kept):
                kept.append(channel)
        return kept if len(kept) > 1 else []

    def _close(self) -> None:
        energies = self._gram.diagonal()
        products = np.outer(energies, energies)
        shared = np.divide(
            np.square(self._gram), products, out=np.zeros_like(products), where=products > 0
        )
        both_silent = np.add.outer(energies, energies) == 0
        self._residuals.append(np.where(both_silent, 0.0, 1 - shared))
        self._energies.append(energies / self._filled)
        self._gram = np.zeros_like(self._gram)
        self._filled = 0
