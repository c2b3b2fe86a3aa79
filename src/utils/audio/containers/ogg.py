"""Ogg: its streams one after the other, and whether pages are missing (RFC 3533).

Pages are walked without decoding what they hold: a file may be a chain of streams, of which most
decoders hear the first alone.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from src.utils.audio.containers.content import Content, content_of
from src.utils.audio.containers.extent import Extent
from src.utils.errors import AudioError

_HEAD = struct.Struct("<4sBBqIIIB")
_BEGINS, _ENDS = 0x02, 0x04
_MAX_LINKS = 1000

_CODECS = (
    (b"\x01vorbis", "VORBIS"),
    (b"OpusHead", "OPUS"),
    (b"\x7fFLAC", "FLAC"),
    (b"Speex   ", "SPEEX"),
)

LONGEST_PACKET = {"VORBIS": 8192, "OPUS": 5760}
"""Samples that a packet holds at most, by codec, at its own rate (48 kHz for Opus)."""


@dataclass(frozen=True)
class _Page:
    """A page: where it lies, its flags, and what its first packet begins with."""

    start: int
    end: int
    flags: int
    position: int
    serial: int
    sequence: int
    n_packets: int
    first_bytes: bytes


class _Link:
    """One of several streams one after the other: its sound is that of one serial number."""

    def __init__(self, page: _Page) -> None:
        self.start, self.end = page.start, page.end
        self.codec = ""
        self.original_rate = 0
        self.n_missing = 0
        self.has_end = False
        self.is_plausible = True
        self._serial = -1
        self._sequence = -1
        self.position = 0
        self.n_skipped = 0
        self.starts_at_zero = True
        self._begin(page)

    def _begin(self, page: _Page) -> None:
        for mark, codec in _CODECS:
            if self._serial < 0 and page.first_bytes.startswith(mark):
                self.codec, self._serial = codec, page.serial
                if codec == "OPUS" and len(page.first_bytes) >= 16:
                    self.n_skipped = int.from_bytes(page.first_bytes[10:12], "little")
                    self.original_rate = int.from_bytes(page.first_bytes[12:16], "little")

    def add(self, page: _Page) -> None:
        """Take in the next page."""
        self.end = page.end
        if page.flags & _BEGINS:
            self._begin(page)
        if page.serial != self._serial:
            return
        if self._sequence >= 0 and page.sequence > self._sequence + 1:
            self.n_missing += page.sequence - self._sequence - 1
        self._sequence = page.sequence
        self.has_end = self.has_end or bool(page.flags & _ENDS)
        if page.position >= 0:
            longest = LONGEST_PACKET.get(self.codec)
            grown = page.position - self.position
            # The first page may start anywhere, as of a broadcast that was tuned into.
            if longest and grown > (page.n_packets + 1) * longest:
                if self.position > 0:
                    self.is_plausible = False
                else:
                    self.starts_at_zero = False
            self.position = max(self.position, page.position)


def inspect_ogg(stream: BinaryIO, start: int, size: int) -> Extent:
    """Find the streams of an Ogg file that follow each other, and what is missing of them.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where its first page begins.
    size : int
        Bytes of the file.

    Raises
    ------
    AudioError
        When the file ends in the midst of a page, or is a chain of too many streams.
    """
    links: list[_Link] = []
    were_beginning = False
    junk = 0
    content = content_of(stream, size)
    at = start
    for page in _pages(content, start, size):
        junk += page.start - at
        at = page.end
        begins = bool(page.flags & _BEGINS)
        if begins and not were_beginning:
            if len(links) == _MAX_LINKS:
                raise AudioError(f"is a chain of more than {_MAX_LINKS:,} streams")
            links.append(_Link(page))
        if links:
            links[-1].add(page)
        were_beginning = begins
    is_cut = size - at >= 4 and content[at : at + 4] == b"OggS"
    if not links:
        return Extent(is_believable=False)
    if is_cut:
        raise AudioError("is cut short: it ends in the midst of a page")
    warnings = []
    if junk:
        warnings.append(f"{junk:,} bytes between its pages are not audio")
    missing = sum(link.n_missing for link in links)
    if missing:
        warnings.append(f"{missing:,} pages of it are missing")
    if not links[-1].has_end:
        warnings.append("it ends without the mark of its end: it may be cut short")
    if len(links) > 1:
        warnings.append(f"it is {len(links):,} streams one after the other; all are heard")
    is_whole = not missing and not junk and all(link.is_plausible for link in links)
    return Extent(
        frames=_frames(links[0]) if is_whole and len(links) == 1 else None,
        sound_bytes=sum(link.end - link.start for link in links),
        trailing=size - at,
        warnings=tuple(warnings),
        is_believable=is_whole,
        links=tuple((link.start, link.end) for link in links) if len(links) > 1 else (),
        original_rate=links[0].original_rate,
        codec=links[0].codec,
    )


def _frames(link: _Link) -> int | None:
    """Return the samples that the pages of Opus tell (RFC 7845); libsndfile reads Vorbis' own."""
    if link.codec != "OPUS" or not link.has_end or not link.starts_at_zero:
        return None
    return max(0, link.position - link.n_skipped)


def _pages(content: bytes | Content, start: int, size: int) -> Iterator[_Page]:
    """Yield the pages that are whole; what is no page between two is passed over."""
    at = start
    while at + _HEAD.size <= size:
        mark, version, flags, position, serial, sequence, _, n_segments = _HEAD.unpack(
            content[at : at + _HEAD.size]
        )
        if mark != b"OggS" or version:
            following = content.find(b"OggS", at + 1)
            if following < 0:
                return
            at = following
            continue
        first = at + _HEAD.size + n_segments
        segments = content[at + _HEAD.size : first]
        end = first + sum(segments)
        if end > size or len(segments) < n_segments:
            return
        n_packets = n_segments - segments.count(255)
        yield _Page(
            at, end, flags, position, serial, sequence, n_packets, content[first : first + 20]
        )
        at = end
