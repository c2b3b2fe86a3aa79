"""FLAC: the number of samples that its last frame tells, whatever the header says.

Format: RFC 9639. The header (STREAMINFO) gives the total, which an encoder that writes to a stream
leaves at 0; every frame tells its own position, so that the last one tells the length.
"""

from dataclasses import dataclass
from typing import BinaryIO

from src.utils.audio.containers.extent import Extent

_TAIL_BYTES = 1 << 16
_SYNCS = (b"\xff\xf8", b"\xff\xf9")


@dataclass(frozen=True)
class _Header:
    """What STREAMINFO says."""

    block_size: int
    longest_frame: int
    total: int


@dataclass(frozen=True)
class _Codes:
    """What the heads of all frames of a stream have in common."""

    sync: bytes
    rate: int
    bits: int


def inspect_flac(stream: BinaryIO, start: int, size: int) -> Extent:
    """Compare the number of samples that the header claims with the position of the last frame.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where the stream begins, behind a tag.
    size : int
        Bytes of the file.
    """
    stream.seek(start)
    head = stream.read(42)
    if len(head) < 42 or head[4] & 0x7F:
        return Extent(is_believable=False)
    header = _Header(
        int.from_bytes(head[8:10], "big"),
        int.from_bytes(head[15:18], "big"),
        int.from_bytes(head[18:26], "big") & (1 << 36) - 1,
    )
    tail_bytes = max(_TAIL_BYTES, 2 * header.longest_frame)
    tail_at = max(start, size - tail_bytes)
    stream.seek(tail_at)
    tail = stream.read(tail_bytes)
    last = _last_frame(tail, header.block_size, _first_codes(stream, start, size))
    if last is None:
        return Extent(is_believable=False)
    at, counted = last
    if counted == header.total:
        # The last frame is no longer than the longest; what is more lies behind it.
        has_more = 0 < header.longest_frame < len(tail) - at
        warnings = ("bytes behind the end of its sound are not heard",) if has_more else ()
        return Extent(frames=counted, warnings=warnings)
    if header.total == 0:
        return Extent(is_believable=False)
    if counted < header.total and not _is_whole(tail[at:]):
        return Extent(claimed_frames=header.total, is_believable=False)
    warning = f"its header claims {header.total:,} samples; it holds {counted:,}"
    return Extent(warnings=(warning,), is_believable=False)


def _first_codes(stream: BinaryIO, start: int, size: int) -> _Codes | None:
    """Return what the first frame's head has in common with those of all frames."""
    at = start + 4
    while at + 4 < size:
        stream.seek(at)
        head = stream.read(4)
        at += 4 + int.from_bytes(head[1:4], "big")
        if head[0] & 0x80:
            stream.seek(at)
            frame = stream.read(4)
            if len(frame) == 4 and frame.startswith(_SYNCS):
                return _Codes(frame[:2], frame[2] & 0x0F, frame[3] & 0x0E)
            break
    return None


def _last_frame(tail: bytes, block_size: int, codes: _Codes | None) -> tuple[int, int] | None:
    """Return where the last frame starts in `tail`, and how many samples end with it."""
    if codes is None:
        return None
    at = len(tail)
    while (at := tail.rfind(codes.sync, 0, at + 1)) >= 0:
        ends = _samples_up_to(tail[at : at + 16], block_size, codes)
        if ends is not None:
            return at, ends
        at -= 1
    return None


def _samples_up_to(frame: bytes, block_size: int, codes: _Codes) -> int | None:
    """Return the number of samples up to a frame's end, None where this is no frame's head."""
    if len(frame) < 6 or (frame[2] & 0x0F, frame[3] & 0x0F) != (codes.rate, codes.bits):
        return None
    number, at = _coded_number(frame, 4)
    if number is None:
        return None
    kind = frame[2] >> 4
    if kind == 0:
        return None
    if kind == 1:
        length = 192
    elif kind <= 5:
        length = 144 << kind
    elif kind in (6, 7):
        width = kind - 5
        length = int.from_bytes(frame[at : at + width], "big") + 1
        at += width
    else:
        length = 1 << kind
    at += {12: 1, 13: 2, 14: 2}.get(codes.rate, 0)
    if at >= len(frame) or _crc8(frame[:at]) != frame[at]:
        return None
    varies = bool(frame[1] & 1)
    return number + length if varies else number * block_size + length


def _coded_number(frame: bytes, at: int) -> tuple[int | None, int]:
    """Return the number that is coded as UTF-8 codes a character, and where it ends."""
    first = frame[at]
    if first < 0x80:
        return first, at + 1
    more = 0
    while first << more & 0x80:
        more += 1
    more -= 1
    if not 1 <= more <= 6 or at + 1 + more > len(frame):
        return None, at
    number = first & (0x3F >> more)
    for byte in frame[at + 1 : at + 1 + more]:
        if byte & 0xC0 != 0x80:
            return None, at
        number = number << 6 | byte & 0x3F
    return number, at + 1 + more


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ 0x107 if crc & 0x80 else crc << 1
    return crc


def _is_whole(frame: bytes) -> bool:
    """Say whether bytes are a frame to its end, by the checksum that it ends with."""
    crc = 0
    for byte in frame:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x18005 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc == 0
