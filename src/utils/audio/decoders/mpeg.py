"""Decoding MPEG audio (MP3) by FFmpeg's decoder, of frames that have been found already.

libsndfile is not used: at every border of its blocks it decodes without what the frame before
kept for the next one, so that samples there are wrong (by up to 0.4 of full scale, libsndfile 1.2.2
with mpg123). Without FFmpeg's demuxer it takes half the time, since several frames go at once.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import chain

import av
import av.error
import numpy as np

from src.utils.audio.decoders.decoder import Source, choose_stream
from src.utils.audio.decoders.frames import Damage, FrameConverter, gather, name_subtype
from src.utils.errors import AudioError
from src.utils.faults import rejection

_AT_ONCE = 16
"""Frames that are given to the decoder at a time."""

_DECODERS = {1: "mp1float", 2: "mp2float", 3: "mp3float"}


class MpegDecoder:
    """An MP3 whose frames are known.

    Parameters
    ----------
    source : pathlib.Path or io.RawIOBase
        The file, or a part of it.
    bounds : sequence of int
        Where every frame of sound starts in it, and where the last one ends.
    layer : int
        1 to 3.
    skipped : int
        Samples at the start that the encoder and the decoder have added.
    frames : int
        Samples per channel that are left without those at both ends.
    number : int, optional
        Which audio stream; there is one.

    Raises
    ------
    AudioError
        When it cannot be read, nothing decodes, or there is no such stream.
    """

    def __init__(
        self,
        source: Source,
        bounds: Sequence[int],
        layer: int,
        skipped: int,
        frames: int,
        number: int | None = None,
    ) -> None:
        choose_stream(number, 1)
        self._bounds = bounds
        self._skipped, self._wanted = skipped, frames
        self.sound_bytes = bounds[-1] - bounds[0]
        self._damage = Damage()
        self._codec = av.CodecContext.create(_DECODERS[layer], "r")
        self._stream = source if isinstance(source, io.RawIOBase) else source.open("rb")
        try:
            self._frames = self._decoded()
            self._first = next(self._frames, None)
            if self._first is None:
                self._damage.check()
                raise AudioError("holds no samples")
        except BaseException:
            self.close()
            raise
        self._converter = FrameConverter(self._first)
        self.sample_rate = self._converter.sample_rate
        self.channels = self._converter.channels
        self.subtype = name_subtype(self._codec.name, self._first.format.name)

    @property
    def warnings(self) -> list[str]:
        """What was odd so far."""
        return [*self._converter.warnings, *self._damage.warnings]

    @property
    def lacking(self) -> int:
        """Always 0: the frames have been counted."""
        return 0

    def count(self) -> int:
        """Return the samples per channel of the frames."""
        return self._wanted

    def estimate(self) -> int:
        """Return what `count` does."""
        return self._wanted

    def blocks(self, frames: int) -> Iterator[np.ndarray]:
        """Yield blocks as `Decoder.blocks` says.

        Parameters
        ----------
        frames : int
            Of a block, at least 1.
        """
        yield from gather(self._trimmed(), frames, self.channels)
        self._damage.check()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _trimmed(self) -> Iterator[np.ndarray]:
        assert self._first is not None
        skipped, left = self._skipped, self._wanted
        for frame in chain([self._first], self._frames):
            samples = self._converter.convert(frame)[skipped:]
            skipped = max(0, skipped - frame.samples)
            yield samples[:left]
            left -= min(left, len(samples))

    def _decoded(self) -> Iterator[av.AudioFrame]:
        n_frames = len(self._bounds) - 1
        for first in range(0, n_frames, _AT_ONCE):
            last = min(first + _AT_ONCE, n_frames)
            self._damage.n_packets += last - first
            try:
                yield from self._codec.decode(self._packet(first, last))  # type: ignore[attr-defined]
            except av.error.FFmpegError:
                yield from self._decoded_one_by_one(first, last)
        try:
            yield from self._codec.decode(None)  # type: ignore[attr-defined]
        except av.error.EOFError:
            return

    def _decoded_one_by_one(self, first: int, last: int) -> Iterator[av.AudioFrame]:
        """Decode frames of which one is damaged: the others of it would be lost with that one."""
        for number in range(first, last):
            try:
                yield from self._codec.decode(self._packet(number, number + 1))  # type: ignore[attr-defined]
            except av.error.FFmpegError:
                self._damage.n_damaged += 1

    def _packet(self, first: int, last: int) -> av.Packet:
        start, end = self._bounds[first], self._bounds[last]
        try:
            self._stream.seek(start)
            return av.Packet(self._stream.read(end - start))
        except OSError as error:
            raise rejection(error) from error
