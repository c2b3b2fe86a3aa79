"""Decoding by FFmpeg's libraries, which PyAV brings along (https://pyav.basswood-io.com).

Packet by packet to the end, whatever the container says of its length. What the encoder added at
both ends is left out: at the start by FFmpeg, at the end by the length of the last packet.
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import av
import av.error
import numpy as np

from src.utils.audio.decoders.decoder import Source, choose_stream
from src.utils.audio.decoders.frames import Damage, FrameConverter, gather, name_subtype
from src.utils.audio.formats import Format
from src.utils.errors import AudioError
from src.utils.faults import rejection

_OPTIONS = {
    # A container may name other files; only this one is read, by the path that was given.
    "protocol_whitelist": "file",
}
_PROBED = {"probesize": "5000000", "analyzeduration": "5000000"}

_MISSING_SECONDS = 0.2
"""Less is not told: containers round the time of a packet, and encoders begin late."""


class FfmpegDecoder:
    """A recording opened by FFmpeg's libraries.

    Parameters
    ----------
    source : pathlib.Path or io.RawIOBase
        The file, or a part of it.
    about : Format
        Which demuxer reads it.
    number : int, optional
        Which of its audio streams, from 0 on; by default the first.

    Raises
    ------
    AudioError
        When it is not readable, holds no sound or has no such stream.
    """

    def __init__(self, source: Source, about: Format, number: int | None = None) -> None:
        self._source = source
        self._about = about
        self._stream_number = number
        self._warnings: list[str] = []
        self.sound_bytes = 0
        self._damage = Damage()
        self._is_cut = False
        self._n_samples = 0
        self._end: int | None = None
        self._container = _open(source, about.demuxer)
        try:
            self._stream = self._choose(number)
            self._frames = self._decoded()
            self._first = next(self._frames, None)
        except BaseException:
            self.close()
            raise
        if self._first is None:
            self.close()
            self._damage.check()
            raise AudioError("holds no samples")
        self._converter = FrameConverter(self._first)
        self.sample_rate = self._converter.sample_rate
        self.channels = self._converter.channels
        self.subtype = name_subtype(self._stream.codec_context.name, self._first.format.name)

    @property
    def warnings(self) -> list[str]:
        """What was odd so far."""
        return [*self._warnings, *self._converter.warnings, *self._damage.warnings]

    def count(self) -> int:
        """Return the samples per channel, from the packets where they tell, else by decoding."""
        if not self._about.counts_packets:
            return sum(len(block) for block in self.blocks(self.sample_rate))
        length = 0
        for packet in self._packets():
            self._note(packet)
            length += packet.duration or 0
        assert self._first is not None
        start, end = self._first.pts, self._end
        if end is None or start is None:
            raise AudioError("does not tell where its packets lie in time")
        spanned = self._in_samples(end, self._stream) - self._in_samples(start, self._first)
        if spanned - self._in_samples(length, self._stream) > self._n_tolerated():
            # Packets are missing within it: only a decoder can tell what is heard.
            return self._count_by_decoding()
        return max(0, spanned)

    @property
    def lacking(self) -> int:
        """Samples per channel by which the last packet ends before the container tells."""
        if not self._about.tells_length or self._end is None:
            return 0
        end = self._in_samples(self._end, self._stream)
        if self._stream.duration is not None:
            return self._in_samples(self._stream.duration, self._stream) - end
        # In microseconds, of the longest stream, which may be a picture.
        whole = self._container.duration
        if whole is None or self._container.streams.video:
            return 0
        return round(whole / 1_000_000 * self.sample_rate) - end

    def estimate(self) -> int:
        """Return what the container tells, or FFmpeg guesses from the bit rate."""
        return round((self._container.duration or 0) / 1_000_000 * self.sample_rate)

    def blocks(self, frames: int) -> Iterator[np.ndarray]:
        """Yield blocks as `Decoder.blocks` says.

        Parameters
        ----------
        frames : int
            Of a block, at least 1.
        """
        for block in gather(self._samples(), frames, self.channels):
            self._n_samples += len(block)
            yield block
        self._check_damage()

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        if isinstance(self._source, io.RawIOBase):
            self._source.close()

    def _choose(self, number: int | None) -> av.AudioStream:
        streams = self._container.streams.audio
        if not streams:
            what = "a video without sound" if self._container.streams.video else "without sound"
            raise AudioError(f"is {what}")
        if number is None and len(streams) > 1:
            self._warnings.append(
                f"it has {len(streams)} audio streams, of which the first is heard"
            )
        return streams[choose_stream(number, len(streams))]

    def _decoded(self) -> Iterator[av.AudioFrame]:
        """Yield the frames that decode; packets that do not are counted."""
        for packet in self._packets():
            self._note(packet)
            try:
                yield from packet.decode()  # type: ignore[misc]
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._damage.n_damaged += 1

    def _packets(self) -> Iterator[av.Packet]:
        try:
            yield from self._container.demux(self._stream)
        except av.error.FFmpegError as error:
            raise AudioError(f"cannot be read to its end: {_reason(error)}") from error

    def _note(self, packet: av.Packet) -> None:
        self.sound_bytes += packet.size
        self._damage.n_packets += 1
        self._is_cut = self._is_cut or packet.is_corrupt
        if packet.pts is not None and packet.duration and not packet.is_discard:
            end = packet.pts + packet.duration
            self._end = end if self._end is None else max(self._end, end)

    def _samples(self) -> Iterator[np.ndarray]:
        """Yield the samples of each frame, shape (frames, channels), without padding at the end."""
        assert self._first is not None
        held: av.AudioFrame | None = None
        for frame in chain([self._first], self._frames):
            if held is not None:
                yield self._converter.convert(held)
            held = frame
        if held is not None:
            samples = self._converter.convert(held)
            yield samples[: self._kept(held, len(samples))]

    def _kept(self, last: av.AudioFrame, n_samples: int) -> int:
        """Return how many samples of the last frame lie within the last packet's time."""
        if not self._about.counts_packets or self._end is None or last.pts is None:
            return n_samples
        within = self._in_samples(self._end, self._stream) - self._in_samples(last.pts, last)
        return min(n_samples, max(0, within))

    def _n_tolerated(self) -> float:
        return _MISSING_SECONDS * self.sample_rate

    def _count_by_decoding(self) -> int:
        other = FfmpegDecoder(
            self._source, replace(self._about, counts_packets=False), self._stream_number
        )
        try:
            return other.count()
        finally:
            self._warnings += [one for one in other.warnings if one not in self.warnings]
            other.close()

    def _in_samples(self, ticks: int, clock: "av.AudioStream | av.AudioFrame") -> int:
        """Return a time, given in ticks of a stream's or frame's clock, in samples."""
        assert clock.time_base is not None
        return round(ticks * clock.time_base * self.sample_rate)

    def _check_damage(self) -> None:
        """Tell of what is missing within the recording, or refuse it."""
        assert self._first is not None
        if self._end is not None and self._first.pts is not None:
            last = self._in_samples(self._end, self._stream)
            missing = last - self._in_samples(self._first.pts, self._first) - self._n_samples
            if missing > self._n_tolerated():
                self._warnings.append(f"{missing / self.sample_rate:,.1f} s within it are missing")
        if self._is_cut:
            self._warnings.append("a packet of it is cut off")
        self._damage.check()


def _open(source: Source, demuxer: str) -> "av.container.InputContainer":
    file = source if isinstance(source, io.RawIOBase) else str(source.absolute())
    options = {} if isinstance(source, io.RawIOBase) else dict(_OPTIONS)
    try:
        container = av.open(
            file,
            format=demuxer,
            container_options={**options, **_PROBED},
            metadata_errors="replace",
        )
        assert isinstance(container, av.container.InputContainer)
        return container
    except OSError as error:
        raise rejection(error) from error
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioError(f"cannot be opened as audio: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line, without the file's name."""
    log = getattr(error, "log", None)
    if log and log[1]:
        return " ".join(str(log[1][2]).split())
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())
