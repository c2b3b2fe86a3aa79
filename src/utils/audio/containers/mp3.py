"""MPEG audio (MP3): its frames counted, since there need not be a header that tells their number.

Frame header: ISO/IEC 11172-3, 2.4.1.3, and ISO/IEC 13818-3; the index that most encoders write into
the first frame: the `Xing` and `Info` headers as LAME documents them
(http://gabriel.mp3-tech.org/mp3infotag.html).
"""

from array import array
from dataclasses import dataclass, replace
from typing import BinaryIO

from src.utils.audio.containers.content import Content, content_of
from src.utils.audio.containers.extent import Extent, MpegPackets
from src.utils.audio.formats import is_mpeg_frame

_BIT_RATES = {
    # By (is MPEG-1, layer), in kbit/s; 0 stands for a free format, whose length nothing tells.
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_DECODER_DELAY = 529
"""Samples by which every decoder of layer III is late, beside the encoder's delay."""

_TAG_BYTES = 128
"""Size of an ID3v1 tag, which stands at the very end."""


@dataclass(frozen=True)
class _Frame:
    """What a frame's header says."""

    size: int
    samples: int
    rate: int
    layer: int
    is_first_version: bool
    is_mono: bool


@dataclass(frozen=True)
class _Index:
    """What the first frame says of the whole: frames, and samples to leave out at both ends."""

    n_frames: int
    delay: int
    padding: int


def inspect_mp3(stream: BinaryIO, start: int, size: int) -> Extent:
    """Count the frames of an MP3 from the first to the last.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where its first frame begins, behind a tag.
    size : int
        Bytes of the file.
    """
    content = content_of(stream, size)
    end = _without_tags(content, size)
    first = _read_frame(content[start : start + 4])
    if first is None or not first.size:
        return Extent(is_believable=False)
    bounds = _walk(content, start, end, first)
    at = bounds[-1]
    index = _read_index(content[start : start + first.size], first)
    extent = _extent(content, at, end, len(bounds) - 1, first, index)
    if extent.frames is None:
        return extent
    # The frame that holds the index is none of sound.
    sound = bounds if index is None else bounds[1:]
    packets = MpegPackets(sound, first.layer, index.delay if index else 0)
    return replace(extent, sound_bytes=at - start, packets=packets)


def _walk(content: bytes | Content, start: int, end: int, first: _Frame) -> "array[int]":
    """Return where the frames start that follow each other, and where the last one ends."""
    at, bounds = start, array("Q", [start])
    # A file has few different heads, as far as the length of a frame follows from them.
    sizes: dict[bytes, int] = {}
    while True:
        head = content[at : at + 3]
        size = sizes.get(head)
        if size is None:
            frame = _read_frame(content[at : at + 4])
            size = frame.size if frame and frame.rate == first.rate else 0
            sizes[head] = size
        if not size or at + size > end:
            return bounds
        at += size
        bounds.append(at)


def _extent(
    content: bytes | Content,
    at: int,
    end: int,
    n_frames: int,
    first: _Frame,
    index: _Index | None,
) -> Extent:
    """Return what follows from the frames counted up to `at`, of bytes that reach to `end`."""
    rest = content[at:end]
    is_cut = _read_frame(rest[:4]) is not None
    if rest and not is_cut and content.find(b"\xff", at, end) >= 0 and _resumes(content, at, end):
        return Extent(is_believable=False)
    trailing = 0 if is_cut else len(rest)
    if index is None:
        if is_cut:
            return Extent(warnings=("its last frame is cut off",), is_believable=False)
        return Extent(n_frames * first.samples, trailing=trailing)
    # The frame that holds the index is none of sound.
    n_frames -= 1
    if n_frames <= 0 or not index.n_frames:
        return Extent(trailing=trailing, is_believable=False)
    if n_frames == index.n_frames:
        frames = n_frames * first.samples - index.delay - index.padding
        return Extent(max(0, frames), trailing=trailing)
    if n_frames < index.n_frames and is_cut:
        return Extent(claimed_frames=index.n_frames * first.samples, is_believable=False)
    warning = f"its index claims {index.n_frames:,} frames; it holds {n_frames:,}"
    return Extent(trailing=trailing, warnings=(warning,), is_believable=False)


def _resumes(content: bytes | Content, at: int, end: int) -> bool:
    """Say whether frames follow behind what is none: two of them, one right behind the other."""
    while (at := content.find(b"\xff", at, end)) >= 0:
        frame = _read_frame(content[at : at + 4])
        if frame and frame.size and is_mpeg_frame(content[at + frame.size : at + frame.size + 4]):
            return True
        at += 1
    return False


def _without_tags(content: bytes | Content, size: int) -> int:
    """Return where the frames end: before tags that stand behind them (ID3v1, APEv2, Lyrics3)."""
    end = size
    if size > _TAG_BYTES and content[size - _TAG_BYTES : size - _TAG_BYTES + 3] == b"TAG":
        end -= _TAG_BYTES
    if end > 32 and content[end - 32 : end - 24] == b"APETAGEX":
        tag = int.from_bytes(content[end - 20 : end - 16], "little")
        has_header = content[end - 9 : end - 8] >= b"\x80"
        end = max(0, end - tag - (32 if has_header else 0))
    return end


def _read_frame(head: bytes) -> _Frame | None:
    if not is_mpeg_frame(head):
        return None
    version = head[1] >> 3 & 3
    layer = 4 - (head[1] >> 1 & 3)
    is_first = version == 3
    rate = _RATES[version][head[2] >> 2 & 3]
    bits = _BIT_RATES[is_first, layer][head[2] >> 4] * 1000
    padding = head[2] >> 1 & 1
    samples = 384 if layer == 1 else 1152 if layer == 2 or is_first else 576
    slot = 4 if layer == 1 else 1
    size = (samples // 8 // slot * bits // rate + padding) * slot if bits else 0
    return _Frame(size, samples, rate, layer, is_first, head[3] >> 6 == 3)


def _read_index(frame: bytes, about: _Frame) -> _Index | None:
    """Read the `Xing` or `Info` header, None where the first frame has none."""
    side = (17 if about.is_mono else 32) if about.is_first_version else (9 if about.is_mono else 17)
    at = 4 + side
    if frame[36:40] == b"VBRI":
        return _Index(int.from_bytes(frame[50:54], "big"), 0, 0)
    if frame[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    at += 8
    n_frames = int.from_bytes(frame[at : at + 4], "big") if flags & 1 else 0
    at += 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4) + 4 * bool(flags & 8)
    if frame[at : at + 4] not in (b"LAME", b"Lavf", b"Lavc"):
        return _Index(n_frames, 0, 0)
    both = int.from_bytes(frame[at + 21 : at + 24], "big")
    delay, padding = both >> 12, both & 0xFFF
    return _Index(n_frames, delay + _DECODER_DELAY, max(0, padding - _DECODER_DELAY))
