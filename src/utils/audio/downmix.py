"""From several channels to one."""

import numpy as np

SILENCE_PEAK = 1e-4
"""A clip whose peak stays below -80 dBFS holds nothing a detector could judge."""

_CANCELLED = 0.01
"""Share of the channels' mean energy under which their mean is taken for cancelled: -20 dB."""


class Downmix:
    """Makes one channel of several: their mean, or the loudest where the mean cancels them.

    Two channels of opposite phase add up to nothing. Whether they do is told by the first block
    that holds sound, so that all blocks are treated alike.
    """

    def __init__(self) -> None:
        self._channel: int | None = None
        self._is_decided = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be told of the recording so far."""
        if self._channel is None:
            return ()
        return (
            f"its channels cancel each other; channel {self._channel + 1}, the loudest, is heard",
        )

    def add(self, block: np.ndarray) -> np.ndarray:
        """Return the next block as one channel, float32 of shape (frames,).

        Parameters
        ----------
        block : numpy.ndarray
            float32, shape (frames, channels).
        """
        # One channel is its own mean, which would take a fifth of the time.
        if block.shape[1] == 1:
            return block[:, 0]
        mono = block.mean(axis=1, dtype=np.float32)
        if not self._is_decided and np.abs(block).max() >= SILENCE_PEAK:
            self._is_decided = True
            energies = np.square(block, dtype=np.float64).mean(axis=0)
            if np.square(mono, dtype=np.float64).mean() < _CANCELLED * energies.mean():
                self._channel = int(energies.argmax())
        return mono if self._channel is None else np.ascontiguousarray(block[:, self._channel])
