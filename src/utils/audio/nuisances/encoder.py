"""The encoder that wrote a file, by the name in its first bytes."""

import re
from pathlib import Path

_HEAD = 1 << 16
"""Bytes read from the start; where encoders put their name."""

_SOFTWARE = re.compile(rb"(?:LAME|Lavf|Lavc|Gogo)[ -~]{0,24}")
_PRINTABLE = re.compile(r"[^ -~]+")


def read_encoder(path: Path) -> str:
    """Return the name that an encoder left in a file's head, empty where it left none.

    FLAC and Ogg name a vendor in their comment block (https://xiph.org/vorbis/doc/v-comment.html),
    WAV may have an `ISFT` chunk, MP3 a `LAME` or `Lavc` tag in its first frame.

    Parameters
    ----------
    path : pathlib.Path
        The recording, of any format.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(b"fLaC"):
        return _clean(_flac_vendor(head))
    if head.startswith(b"RIFF"):
        return _clean(_riff_software(head))
    if head.startswith(b"OggS"):
        return _clean(_ogg_vendor(head))
    found = _SOFTWARE.search(head)
    return _clean(found[0]) if found else ""


def _flac_vendor(head: bytes) -> bytes:
    """Walk the metadata blocks to the comment block, which starts with the vendor's length."""
    at, last = 4, False
    while not last and at + 4 <= len(head):
        last, kind = bool(head[at] & 0x80), head[at] & 0x7F
        size = int.from_bytes(head[at + 1 : at + 4], "big")
        if kind == 4:
            return _counted(head, at + 4)
        at += 4 + size
    return b""


def _riff_software(head: bytes) -> bytes:
    at = head.find(b"ISFT")
    return _counted(head, at + 4) if at >= 0 else b""


def _ogg_vendor(head: bytes) -> bytes:
    for mark in (b"OpusTags", b"\x03vorbis"):
        at = head.find(mark)
        if at >= 0:
            return _counted(head, at + len(mark))
    return b""


def _counted(head: bytes, at: int) -> bytes:
    """Return bytes whose number stands before them, as a little-endian 32-bit integer."""
    size = int.from_bytes(head[at : at + 4], "little")
    return head[at + 4 : at + 4 + size] if size <= 256 else b""


def _clean(name: bytes) -> str:
    return _PRINTABLE.sub(" ", name.decode("latin-1")).strip()
