"""Several streams of one file, one after the other, as one recording."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import soxr

from src.utils.audio.decoders.decoder import Decoder


class ChainDecoder:
    """Decodes streams in turn; all are given the first one's sample rate and channels.

    Parameters
    ----------
    openers : sequence of callable
        Each opens one of the streams.

    Raises
    ------
    AudioError
        When the first cannot be opened; the others raise at their turn.
    """

    def __init__(self, openers: Sequence[Callable[[], Decoder]]) -> None:
        self._openers = openers
        self._current = openers[0]()
        self.sample_rate = self._current.sample_rate
        self.channels = self._current.channels
        self.subtype = self._current.subtype
        self.sound_bytes = 0
        self._lacking = 0
        self.warnings: list[str] = []

    @property
    def lacking(self) -> int:
        """Samples per channel that the streams read so far tell of and that did not come."""
        return self._lacking

    def count(self) -> int:
        """Return the samples per channel of all together, which takes decoding them."""
        return sum(len(block) for block in self.blocks(self.sample_rate))

    def estimate(self) -> int:
        """Return the length of the first stream, as if all were as long."""
        return self._current.estimate() * len(self._openers)

    def blocks(self, frames: int) -> Iterator[np.ndarray]:
        """Yield blocks as `Decoder.blocks` says, but that the last of every stream may be shorter.

        Parameters
        ----------
        frames : int
            Of a block, at least 1.
        """
        for number, opener in enumerate(self._openers):
            if number:
                self._current = opener()
            yield from self._converted(self._current.blocks(frames))
            self.warnings += self._current.warnings
            self._lacking += max(0, self._current.lacking)
            self._current.close()

    def close(self) -> None:
        """Close the stream that is open."""
        self._current.close()

    def _converted(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        if self._current.channels != self.channels:
            blocks = (
                np.repeat(block.mean(axis=1, keepdims=True), self.channels, axis=1)
                for block in blocks
            )
        if self._current.sample_rate == self.sample_rate:
            yield from blocks
            return
        self.warnings.append("its streams differ in sample rate; all are given the first one's")
        stream = soxr.ResampleStream(
            self._current.sample_rate, self.sample_rate, self.channels, dtype="float32"
        )
        for block in blocks:
            if len(converted := stream.resample_chunk(np.ascontiguousarray(block))):
                yield converted.reshape(-1, self.channels)
        rest = stream.resample_chunk(np.empty((0, self.channels), np.float32), last=True)
        if len(rest):
            yield rest.reshape(-1, self.channels)
