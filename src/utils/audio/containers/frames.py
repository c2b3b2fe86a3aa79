"""Streams that are nothing but frames one after the other: AMR and ADTS (AAC).

AMR: RFC 4867, section 5; ADTS: ISO/IEC 13818-7, section 6.2.
"""

from collections.abc import Callable
from typing import BinaryIO

from src.utils.audio.containers.content import Content, content_of
from src.utils.audio.containers.extent import Extent

_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5, None, None, None, None, None, None, 0)
_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0)
"""Bytes of a frame behind its first one, by the type in that; None for what is not used."""

_SEARCHED_BYTES = 1 << 18
_IN_A_ROW = 20

_WIDE_MARK = b"#!AMR-WB\n"
_NARROW_MARK = b"#!AMR\n"


def inspect_amr(stream: BinaryIO, start: int, size: int) -> Extent:
    """Find where the frames of an AMR file end.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where its mark begins.
    size : int
        Bytes of the file.
    """
    stream.seek(start)
    is_wide = stream.read(len(_WIDE_MARK)) == _WIDE_MARK
    sizes = _WIDE if is_wide else _NARROW

    def length(head: bytes) -> int:
        # A zero would be a damaged frame of the lowest rate; it is what files are filled up with.
        more = None if head[0] & 0x83 or not head[0] else sizes[head[0] >> 3 & 0xF]
        return 0 if more is None else 1 + more

    return _walk(stream, start + len(_WIDE_MARK if is_wide else _NARROW_MARK), size, 1, length)


def inspect_adts(stream: BinaryIO, start: int, size: int) -> Extent:
    """Find where the frames of an ADTS file end.

    Parameters
    ----------
    stream, start, size
        As for `inspect_amr`.
    """

    def length(head: bytes) -> int:
        if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return 0
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5

    return _walk(stream, start, size, 6, length)


def _walk(
    stream: BinaryIO, first: int, size: int, head_bytes: int, length: Callable[[bytes], int]
) -> Extent:
    """Walk frames whose length their head tells, 0 for what is no frame."""
    content = content_of(stream, size)
    at = first
    while at < size:
        n_bytes = length(content[at : at + head_bytes])
        if not n_bytes or at + n_bytes > size:
            break
        at += n_bytes
    if at in (size, first):
        return Extent()
    if length(content[at : at + head_bytes]):
        return Extent(warnings=("its last frame is cut off",), links=((0, at),))
    if _resumes(content, at, head_bytes, length):
        return Extent()
    return Extent(trailing=size - at, links=((0, at),))


def _resumes(
    content: bytes | Content, broken: int, head_bytes: int, length: Callable[[bytes], int]
) -> bool:
    """Say whether frames follow behind what is none, as many in a row as chance would not make."""
    for start in range(broken + 1, min(len(content), broken + _SEARCHED_BYTES)):
        at, n_frames = start, 0
        while at < len(content) and n_frames < _IN_A_ROW:
            n_bytes = length(content[at : at + head_bytes])
            if not n_bytes:
                break
            at += n_bytes
            n_frames += 1
        if n_frames == _IN_A_ROW:
            return True
    return False
