"""ASF (WMA): the size that its header tells, held against the file's.

Advanced Systems Format Specification 01.20.05, section 3.2.
"""

from typing import BinaryIO

from src.utils.audio.containers.extent import Extent

_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_SIZE_AT = 40
_SEARCHED_BYTES = 1 << 16


def inspect_asf(stream: BinaryIO, start: int, size: int) -> Extent:
    """Compare the size that an ASF file claims with the one it has.

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
    head = stream.read(_SEARCHED_BYTES)
    at = head.find(_FILE_PROPERTIES)
    field = head[at + _SIZE_AT : at + _SIZE_AT + 8]
    claimed = int.from_bytes(field, "little") if at >= 0 and len(field) == 8 else 0
    there = size - start
    # A broadcast leaves it at 0.
    if claimed == 0 or claimed >= 1 << 62:
        return Extent()
    if claimed > there:
        return Extent(claimed=claimed / there)
    return Extent(trailing=there - claimed)
