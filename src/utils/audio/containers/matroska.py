"""Matroska and WebM: whether bytes lie behind the segment that holds the sound (RFC 8794, 9559)."""

from typing import BinaryIO

from src.utils.audio.containers.extent import Extent

_SEGMENT = b"\x18\x53\x80\x67"


def inspect_matroska(stream: BinaryIO, start: int, size: int) -> Extent:
    """Compare the end of the segment with the file's, where the segment's length is told.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where its header begins.
    size : int
        Bytes of the file.
    """
    stream.seek(start)
    head = stream.read(4096)
    length, at = _number(head, 4)
    if length is None or head[at + length : at + length + 4] != _SEGMENT:
        return Extent()
    length, at = _number(head, at + length + 4)
    if length is None:
        return Extent()
    return Extent(trailing=max(0, size - start - at - length))


def _number(content: bytes, at: int) -> tuple[int | None, int]:
    """Return the number of variable width that stands at a position, and where it ends.

    None where all its bits are set, which stands for a length that was not known.
    """
    if at >= len(content) or not content[at]:
        return None, at
    width = 9 - content[at].bit_length()
    number = int.from_bytes(content[at : at + width], "big") & (1 << 7 * width) - 1
    return (None if number == (1 << 7 * width) - 1 else number), at + width
