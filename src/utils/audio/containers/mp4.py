"""MP4 and QuickTime: whether the index is there, without which nothing can be decoded.

Boxes: ISO/IEC 14496-12. A phone writes the sound first and the index (`moov`) behind it, so that a
file that was cut short, or whose recorder was never stopped, has none.
"""

from typing import BinaryIO

from src.utils.audio.containers.extent import Extent
from src.utils.errors import AudioError

_INDEXES = (b"moov", b"moof")
_MAX_BOXES = 100_000


def inspect_mp4(stream: BinaryIO, start: int, size: int) -> Extent:
    """Look for the index, and for bytes behind the last box.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where the first box begins.
    size : int
        Bytes of the file.

    Raises
    ------
    AudioError
        When there is no index.
    """
    at, has_index, overruns = start, False, False
    for _ in range(_MAX_BOXES):
        stream.seek(at)
        head = stream.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0 and len(head) >= 8:
            # To the end of the file.
            length = size - at
        if len(head) < 8 or length < 8 or not kind.isalnum():
            break
        has_index = has_index or kind in _INDEXES
        if at + length > size:
            overruns = True
            break
        at += length
    if not has_index:
        why = "is cut short" if overruns else "was never finished"
        raise AudioError(f"{why}: its index (moov), without which nothing can be heard, is missing")
    return Extent(trailing=0 if overruns else size - at)
