"""Containers made of chunks, and AU: how many bytes of sound the header claims, and are there.

RIFF and its 64-bit form: https://www.itu.int/rec/R-REC-BS.2088; AIFF:
http://www-mmsp.ece.mcgill.ca/Documents/AudioFormats/AIFF/AIFF.html; CAF: Apple's Core Audio Format
Specification 1.0; W64: Sony's Wave64 as in libsndfile's documentation of formats.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from src.utils.audio.containers.extent import Extent

_UNKNOWN_SIZE = 0x7FFFF000
"""Recorders that stream write a 32-bit size of this or more, which says nothing."""

_MAX_CHUNKS = 10_000
"""More of them than any writer makes: a file that goes on is not read to its end."""


@dataclass(frozen=True)
class _Chunk:
    """A chunk: its name, where its size stands, and where its content starts."""

    name: bytes
    size_at: int
    size_bytes: int
    start: int
    size: int


@dataclass(frozen=True)
class _Family:
    """How one family of containers writes a chunk.

    Attributes
    ----------
    order : str
        `little` or `big`.
    name_bytes, size_bytes : int
        Of a chunk's head.
    first : int
        Where the first chunk starts.
    align : int
        Chunks start at multiples of it.
    counts_head : bool
        Whether a chunk's size includes its head.
    sound : bytes
        How the name of the chunk of sound begins.
    skipped : int
        Bytes between that chunk's head and the first sample.
    """

    order: str
    name_bytes: int
    size_bytes: int
    first: int
    align: int
    counts_head: bool
    sound: bytes
    skipped: int


_FAMILIES = {
    b"RIFF": _Family("little", 4, 4, 12, 2, False, b"data", 0),
    b"RF64": _Family("little", 4, 4, 12, 2, False, b"data", 0),
    b"BW64": _Family("little", 4, 4, 12, 2, False, b"data", 0),
    b"RIFX": _Family("big", 4, 4, 12, 2, False, b"data", 0),
    b"FORM": _Family("big", 4, 4, 12, 2, False, b"SSND", 8),
    b"riff": _Family("little", 16, 8, 40, 8, True, b"data", 0),
    b"caff": _Family("big", 4, 8, 8, 1, False, b"data", 4),
}


def inspect_chunks(stream: BinaryIO, start: int, size: int) -> Extent:
    """Compare the size that a WAV, RF64, W64, AIFF or CAF claims with the file's.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    start : int
        Where the container begins.
    size : int
        Bytes of the file.
    """
    stream.seek(start)
    family = _FAMILIES[stream.read(4)]
    wide_size_at = 0
    for chunk in _chunks(stream, family, start + family.first, size):
        if chunk.name == b"ds64" and chunk.size >= 16:
            # The 64-bit size of the sound stands behind that of the whole.
            wide_size_at = chunk.start + 8
        if chunk.name.startswith(family.sound):
            return _extent_of_sound(stream, family, chunk, wide_size_at, size)
    return Extent()


def inspect_au(stream: BinaryIO, start: int, size: int) -> Extent:
    """Compare the size that an AU file claims with the file's.

    Parameters
    ----------
    stream, start, size
        As for `inspect_chunks`.
    """
    stream.seek(start)
    head = stream.read(12)
    order = "little" if head.startswith(b"dns.") else "big"
    first = int.from_bytes(head[4:8], order)  # type: ignore[arg-type]
    claimed = int.from_bytes(head[8:12], order)  # type: ignore[arg-type]
    return _compare(claimed, size - start - first, start + 8, 4, order)


def _chunks(stream: BinaryIO, family: _Family, at: int, size: int) -> Iterator[_Chunk]:
    """Yield the chunks from `at` on, as far as their heads lie within the file."""
    head_bytes = family.name_bytes + family.size_bytes
    for _ in range(_MAX_CHUNKS):
        if at + head_bytes > size:
            return
        stream.seek(at)
        head = stream.read(head_bytes)
        claimed = int.from_bytes(head[family.name_bytes :], family.order)  # type: ignore[arg-type]
        start = at + head_bytes
        length = max(0, claimed - head_bytes) if family.counts_head else claimed
        yield _Chunk(
            head[: family.name_bytes], at + family.name_bytes, family.size_bytes, start, length
        )
        at = start + length + -(start + length) % family.align


def _extent_of_sound(
    stream: BinaryIO, family: _Family, chunk: _Chunk, wide_size_at: int, size: int
) -> Extent:
    claimed, size_at, size_bytes = chunk.size, chunk.size_at, chunk.size_bytes
    if wide_size_at and claimed == 0xFFFFFFFF:
        stream.seek(wide_size_at)
        size_at, size_bytes = wide_size_at, 8
        claimed = int.from_bytes(stream.read(8), "little")
    available = size - chunk.start - family.skipped
    claimed = max(0, claimed - family.skipped)
    end = chunk.start + family.skipped + claimed
    if claimed <= available and _accounts_for(stream, family, end, size):
        return Extent()
    head = family.name_bytes + family.size_bytes if family.counts_head else 0
    extent = _compare(claimed, available, size_at, size_bytes, family.order, head + family.skipped)
    # libsndfile takes what lies behind the sound of a W64 for sound.
    is_cut_off = family.counts_head and extent.trailing
    return replace(extent, links=((0, end),)) if is_cut_off else extent


def _accounts_for(stream: BinaryIO, family: _Family, end: int, size: int) -> bool:
    """Say whether what lies behind the sound is chunks, as far as the file goes."""
    at = end + -end % family.align
    if at >= size:
        return True
    for chunk in _chunks(stream, family, at, size):
        # Of a chunk that is cut off too, nothing is lost that could be heard.
        if not chunk.name[:4].isascii() or not chunk.name[:4].decode("ascii").isprintable():
            return False
        at = chunk.start + chunk.size
    return size - family.align <= at <= size


def _compare(
    claimed: int, available: int, size_at: int, size_bytes: int, order: str, more: int = 0
) -> Extent:
    """Return what follows from the bytes of sound that are claimed and that are there.

    `more` is what the size in the header counts beside the sound.
    """
    if available <= 0:
        return Extent()
    most = (1 << 8 * size_bytes) - 1
    # A field of 64 bits is unknown where its highest bit is set, one of 32 where it is near it.
    limit = 1 << 62 if size_bytes == 8 else _UNKNOWN_SIZE
    right = min(available + more, most).to_bytes(size_bytes, order)  # type: ignore[arg-type]
    patches = {size_at: right}
    if claimed == 0 or claimed >= limit - more:
        return Extent(patches=patches)
    if claimed > available:
        return Extent(claimed=claimed / available, patches=patches)
    return Extent(trailing=available - claimed)
