"""A recording opened: known by its content, measured by its bytes, heard by the right library."""

import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from src.utils.audio.channels import ChannelComparison
from src.utils.audio.containers.asf import inspect_asf
from src.utils.audio.containers.chunks import inspect_au, inspect_chunks
from src.utils.audio.containers.extent import Extent, Inspector
from src.utils.audio.containers.flac import inspect_flac
from src.utils.audio.containers.frames import inspect_adts, inspect_amr
from src.utils.audio.containers.matroska import inspect_matroska
from src.utils.audio.containers.mp3 import inspect_mp3
from src.utils.audio.containers.mp4 import inspect_mp4
from src.utils.audio.containers.ogg import inspect_ogg
from src.utils.audio.decoders.chain import ChainDecoder
from src.utils.audio.decoders.decoder import Decoder, Source, Span, choose_stream
from src.utils.audio.decoders.libsndfile import LibsndfileDecoder
from src.utils.audio.downmix import Downmix
from src.utils.audio.formats import HEAD_BYTES, Format, id3_size, identify
from src.utils.audio.info import (
    AudioInfo,
    check_duration,
    check_format,
    is_lossless,
)
from src.utils.errors import AudioError
from src.utils.faults import rejection
from src.utils.files import CHANGED

TOLERATED_SECONDS = 0.1
"""A file that lacks more than this of what its header claims is cut short."""

_MAX_PEAK = 1e10
"""Above this a sample is no number of any scale: 32-bit integers reach 2e9."""

_FULL_SCALE_SLACK = 4.0
"""Lossy codecs overshoot full scale by up to this factor, which is nothing odd."""

_INSPECTORS: dict[str, Inspector] = {
    "WAV": inspect_chunks,
    "RF64": inspect_chunks,
    "W64": inspect_chunks,
    "AIFF": inspect_chunks,
    "CAF": inspect_chunks,
    "AU": inspect_au,
    "FLAC": inspect_flac,
    "OGG": inspect_ogg,
    "MP3": inspect_mp3,
    "MP4": inspect_mp4,
    "MATROSKA": inspect_matroska,
    "ASF": inspect_asf,
    "AMR": inspect_amr,
    "ADTS": inspect_adts,
}
"""What holds the header against the bytes, by format; a decoder counts the others."""

_FFMPEG_CODECS = ("OPUS", "SPEEX")
"""Codecs in Ogg that FFmpeg decodes: libsndfile takes twice as long, or does not at all."""


class OpenedAudio:
    """A recording, decoded once from its start to its end.

    Parameters
    ----------
    path : pathlib.Path
        The file; its suffix does not matter.
    number : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    channel : int, optional
        Which channel, from 0 on, is heard as if it were the only one; by default all are.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    sample_rate, channels, format, subtype, original_rate
        As of `AudioInfo`.
    peak : float
        Largest magnitude of what has been decoded, over all channels.

    Raises
    ------
    AudioError
        With the reason: it is missing, empty, not audio, cut short, or claims what cannot be.
    """

    def __init__(self, path: Path, number: int | None = None, channel: int | None = None) -> None:
        self.path = path
        self._state = _state(path)
        self._size = self._state.st_size
        self._about, self._start, self._extent = self._inspect()
        self._number, self._channel = number, channel
        self._comparison: ChannelComparison | None = None
        self.peak = 0.0
        self._count = 0
        self._downmix = Downmix()
        self._decoder = self._open()
        try:
            self.sample_rate = self._decoder.sample_rate
            self.channels = self._decoder.channels
            self.format = self._about.name
            self.subtype = self._decoder.subtype
            self.original_rate = self._extent.original_rate or self.sample_rate
            check_format(self.sample_rate, self.channels)
            self._warnings = [*self._extent.warnings, *self._compare()]
        except BaseException:
            self.close()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the file, as far as it has been read."""
        found = [*self._warnings, *self._decoder.warnings, *self._downmix.warnings]
        allowed = 1.0 if is_lossless(self.subtype) else _FULL_SCALE_SLACK
        if self.peak > allowed:
            found.append(f"its samples reach {self.peak:,.4g}, where full scale is 1")
        return tuple(found)

    @property
    def bit_rate(self) -> int:
        """Bits of encoded sound a second, 0 for a lossless codec or before it has been read."""
        if is_lossless(self.subtype) or not self._count:
            return 0
        known = self._extent.sound_bytes or self._decoder.sound_bytes
        n_bytes = known or self._size - self._start
        return round(8 * n_bytes * self.sample_rate / self._count)

    def info(self) -> AudioInfo:
        """Return what is known without decoding, where that is possible.

        Nothing can be decoded after it.

        Raises
        ------
        AudioError
            When it holds no samples or is too long.
        """
        known = self._extent.frames
        self._count = self._decoder.count() if known is None else known
        self._check_length()
        return AudioInfo(
            self.sample_rate,
            self._count,
            self.channels,
            self.format,
            self.subtype,
            self.bit_rate,
            self.original_rate,
            self.warnings,
        )

    def blocks(self, seconds: float) -> Iterator[np.ndarray]:
        """Decode to the end, block by block.

        Parameters
        ----------
        seconds : float
            The length of a block; the last may be shorter.

        Yields
        ------
        numpy.ndarray
            float32, shape (frames, channels).

        Raises
        ------
        AudioError
            When it cannot be decoded to its end, is cut short or too long, or holds what is no
            sample.
        """
        for block in self._decoder.blocks(max(1, int(seconds * self.sample_rate))):
            if self._comparison is not None:
                self._comparison.add(block)
            if self._channel is not None:
                block = np.ascontiguousarray(block[:, self._channel, None])
            # What is not a number is carried on by both.
            low, high = float(block.min()), float(block.max())
            if not np.isfinite(low + high):
                raise AudioError("holds samples that are not finite numbers")
            self.peak = max(self.peak, -low, high)
            if self.peak > _MAX_PEAK:
                raise AudioError(f"holds samples of {self.peak:.3g}, which no scale has")
            self._count += len(block)
            check_duration(self._count, self.sample_rate)
            yield block
        self._check_length()

    def compare_channels(self) -> ChannelComparison:
        """Return what compares the channels while blocks are read, of which none has been yet."""
        self._comparison = ChannelComparison(self.sample_rate, self.channels)
        return self._comparison

    def to_mono(self, block: np.ndarray) -> np.ndarray:
        """Return one of the blocks, in their order, as one channel (see `Downmix`).

        Parameters
        ----------
        block : numpy.ndarray
            float32, shape (frames, channels).
        """
        return self._downmix.add(block)

    def estimate_seconds(self) -> float:
        """Return about how long it is without reading on, 0 where nothing tells."""
        if self._extent.frames is not None:
            return self._extent.frames / self.sample_rate
        return self._decoder.estimate() / self.sample_rate

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def _inspect(self) -> tuple[Format, int, Extent]:
        """Return the format, where it begins in the file, and what its bytes tell."""
        try:
            with self.path.open("rb", buffering=0) as stream:
                head = stream.read(HEAD_BYTES)
                start = id3_size(head)
                if start:
                    stream.seek(start)
                    # Some writers fill up the space behind the tag.
                    padded = stream.read(1 << 16)
                    head = padded.lstrip(b"\0")[:HEAD_BYTES]
                    start += len(padded) - len(padded.lstrip(b"\0"))
                    if not head:
                        raise AudioError("holds a tag and no sound")
                about = identify(head)
                inspector = _INSPECTORS.get(about.name)
                return about, start, inspector(stream, start, self._size) if inspector else Extent()
        except OSError as error:
            raise rejection(error) from error

    def _open(self) -> Decoder:
        links = self._extent.links
        if not links:
            return self._open_part(self.path)
        openers: list[Callable[[], Decoder]] = [partial(self._open_link, *link) for link in links]
        return openers[0]() if len(openers) == 1 else ChainDecoder(openers)

    def _open_link(self, start: int, end: int) -> Decoder:
        span = Span(self.path, start, end)
        try:
            return self._open_part(span)
        except BaseException:
            span.close()
            raise

    def _open_part(self, source: Source) -> Decoder:
        if (
            self._about.by_libsndfile
            and self._extent.is_believable
            and self._extent.codec not in _FFMPEG_CODECS
        ):
            try:
                return self._open_with_libsndfile(source)
            except AudioError:
                # libsndfile does not know every codec of the containers that it reads.
                if not self._about.demuxer:
                    raise
                if isinstance(source, Span):
                    source.seek(0)
                try:
                    return self._open_with_ffmpeg(source)
                except AudioError:
                    pass
                raise
        return self._open_with_ffmpeg(source)

    def _open_with_libsndfile(self, source: Source) -> Decoder:
        patches = self._extent.patches
        try:
            decoder = LibsndfileDecoder(source)
        except AudioError:
            if not patches:
                raise
        else:
            if decoder.count() or not patches:
                choose_stream(self._number, 1)
                return decoder
            decoder.close()
        return LibsndfileDecoder(Span(self.path, 0, self._size, patches))

    def _open_with_ffmpeg(self, source: Source) -> Decoder:
        # Imported where they are needed: most recordings do without.
        packets, frames = self._extent.packets, self._extent.frames
        if packets is not None and frames is not None:
            from src.utils.audio.decoders.mpeg import MpegDecoder

            return MpegDecoder(
                source, packets.bounds, packets.layer, packets.skipped, frames, self._number
            )
        from src.utils.audio.decoders.ffmpeg import FfmpegDecoder

        return FfmpegDecoder(source, self._about, self._number)

    def _compare(self) -> list[str]:
        """Hold what the header claims against what is there, and return what is to be told."""
        extent = self._extent
        found = []
        if extent.claimed > 1 or extent.claimed_frames:
            other = self._open()
            try:
                there = other.count()
            finally:
                other.close()
            expected = extent.claimed_frames or round(there * extent.claimed)
            if expected - there > TOLERATED_SECONDS * self.sample_rate:
                raise _cut_short(there, expected, self.sample_rate)
            found.append(
                f"its header claims {(expected - there) / self.sample_rate:.3f} s more than there "
                f"is"
            )
        if extent.trailing:
            found.append(f"{extent.trailing:,} bytes behind the end of its sound are not heard")
        return found

    def _check_length(self) -> None:
        """Refuse what is empty, too long, or shorter than the file tells, or not what it was."""
        now = _state(self.path)
        if (now.st_size, now.st_mtime_ns) != (self._size, self._state.st_mtime_ns):
            raise AudioError(CHANGED)
        if self._count <= 0:
            raise AudioError("holds no samples")
        check_duration(self._count, self.sample_rate)
        # A header that is known to be wrong has been told of.
        lacking = self._decoder.lacking if self._extent.is_believable else 0
        if lacking > TOLERATED_SECONDS * self.sample_rate:
            raise _cut_short(self._count, self._count + lacking, self.sample_rate)


def _cut_short(there: int, expected: int, sample_rate: int) -> AudioError:
    return AudioError(
        f"is cut short: {there / sample_rate:,.2f} of {expected / sample_rate:,.2f} s are there"
    )


def _state(path: Path) -> os.stat_result:
    """Return a file's size and time, and refuse what is none."""
    try:
        about = path.stat()
    except FileNotFoundError:
        raise AudioError("is a link to nothing" if path.is_symlink() else "is missing") from None
    except OSError as error:
        raise rejection(error) from error
    if stat.S_ISDIR(about.st_mode):
        raise AudioError("is a folder, not a file")
    if not stat.S_ISREG(about.st_mode):
        raise AudioError("is a pipe or device, not a file")
    if not about.st_size:
        raise AudioError("is empty")
    return about
