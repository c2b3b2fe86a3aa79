"""The formats that are read: how each is known by its first bytes, and which library reads it.

libsndfile (https://libsndfile.github.io/libsndfile/formats.html) reads the formats of sound files,
FFmpeg's libraries (https://ffmpeg.org/ffmpeg-formats.html) all others. A file is known by its
content: a suffix may lie, and FFmpeg is told which demuxer to use, since some of those that it
would find by itself open further files and addresses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from src.utils.errors import AudioError

HEAD_BYTES = 4096
"""Bytes of a file's start that it is known by."""


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    name : str
        As libsndfile names it where that reads it, such as `WAV`.
    suffixes : tuple of str
        The usual ones, in lower case.
    matches : callable
        Says of a file's first `HEAD_BYTES` bytes whether it is of this format.
    demuxer : str
        FFmpeg's name of it, empty where FFmpeg does not read it.
    by_libsndfile : bool
        Whether libsndfile reads it.
    counts_packets : bool
        Whether FFmpeg tells the length of every packet to the sample, so that the length of a
        recording is known without decoding it.
    tells_length : bool
        Whether the container tells how long the sound is, rather than FFmpeg guess it from the
        bit rate, so that a file is known to be cut short.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[bytes], bool]
    demuxer: str = ""
    by_libsndfile: bool = False
    counts_packets: bool = False
    tells_length: bool = False


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _form(kind: bytes, *marks: bytes) -> Callable[[bytes], bool]:
    """Return a test for a container of chunks, whose kind stands behind its length."""
    return lambda head: head.startswith(marks) and head[8:12] == kind


_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

_PACKET = 188
"""Bytes of a packet of an MPEG transport stream, each beginning with the same byte."""


def _is_transport_stream(head: bytes) -> bool:
    marks = head[: 5 * _PACKET : _PACKET]
    return len(marks) == 5 and set(marks) == {0x47}


def is_mpeg_frame(head: bytes) -> bool:
    """Say whether bytes begin with the header of an MPEG audio frame (layers I to III).

    Parameters
    ----------
    head : bytes
        At least 4.
    """
    return (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 != 0xF0
        and head[2] & 0x0C != 0x0C
    )


def _is_adts(head: bytes) -> bool:
    return len(head) >= 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] & 0x3C < 0x34


FORMATS = (
    Format(
        "WAV",
        (".wav", ".wave"),
        _form(b"WAVE", b"RIFF", b"RIFX"),
        demuxer="wav",
        by_libsndfile=True,
    ),
    Format("RF64", (".rf64",), _form(b"WAVE", b"RF64", b"BW64"), demuxer="wav", by_libsndfile=True),
    Format("W64", (".w64",), _starts(b"riff\x2e\x91\xcf\x11"), demuxer="w64", by_libsndfile=True),
    Format("AIFF", (".aiff", ".aif"), _form(b"AIFF", b"FORM"), demuxer="aiff", by_libsndfile=True),
    Format("AIFF", (".aifc",), _form(b"AIFC", b"FORM"), demuxer="aiff", by_libsndfile=True),
    Format("AU", (".au", ".snd"), _starts(b".snd", b"dns."), demuxer="au", by_libsndfile=True),
    Format("CAF", (".caf",), _starts(b"caff"), demuxer="caf", by_libsndfile=True),
    Format("FLAC", (".flac",), _starts(b"fLaC"), demuxer="flac", by_libsndfile=True),
    Format(
        "OGG",
        (".ogg", ".oga", ".opus", ".spx"),
        _starts(b"OggS"),
        demuxer="ogg",
        by_libsndfile=True,
        counts_packets=True,
    ),
    Format(
        "NIST", (".nist", ".sph"), _starts(b"NIST_1A"), demuxer="nistsphere", by_libsndfile=True
    ),
    Format("VOC", (".voc",), _starts(b"Creative Voice File"), demuxer="voc", by_libsndfile=True),
    Format(
        "MP4",
        (".m4a", ".mp4", ".m4b", ".m4v", ".mov", ".3gp", ".3g2"),
        lambda head: head[4:8] in _MP4_BOXES,
        demuxer="mov",
        counts_packets=True,
        tells_length=True,
    ),
    Format(
        "MATROSKA",
        (".webm", ".mka", ".mkv"),
        _starts(b"\x1a\x45\xdf\xa3"),
        demuxer="matroska",
        tells_length=True,
    ),
    Format(
        "ASF",
        (".wma", ".wmv", ".asf"),
        _starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
        demuxer="asf",
    ),
    Format("AMR", (".amr", ".awb"), _starts(b"#!AMR"), demuxer="amr", counts_packets=True),
    Format("AVI", (".avi",), _form(b"AVI ", b"RIFF"), demuxer="avi"),
    Format("FLV", (".flv",), _starts(b"FLV\x01"), demuxer="flv"),
    Format("WAVPACK", (".wv",), _starts(b"wvpk"), demuxer="wv", tells_length=True),
    Format("APE", (".ape",), _starts(b"MAC "), demuxer="ape", tells_length=True),
    Format("TTA", (".tta",), _starts(b"TTA1"), demuxer="tta", tells_length=True),
    Format("AC3", (".ac3",), _starts(b"\x0b\x77"), demuxer="ac3", counts_packets=True),
    Format("MPEG-TS", (".ts", ".mts", ".m2ts"), _is_transport_stream, demuxer="mpegts"),
    Format("MPEG-PS", (".mpg", ".mpeg"), _starts(b"\x00\x00\x01\xba"), demuxer="mpeg"),
    Format("ADTS", (".aac",), _is_adts, demuxer="aac", counts_packets=True),
    # Last, since an MPEG frame is known by no more than eleven bits and what is forbidden.
    Format("MP3", (".mp3", ".mp2"), is_mpeg_frame, demuxer="mp3"),
)
"""Every format that is read, in the order in which they are tried."""

AUDIO_SUFFIXES = tuple(sorted({suffix for format in FORMATS for suffix in format.suffixes}))
"""What names of recordings end in, in lower case."""

_OTHERS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"PK\x03\x04", b"PK\x05\x06"), "is a zip archive: unpack it"),
    (
        (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
        "is an archive: unpack it",
    ),
    (
        (b"version https://git-lfs",),
        "is a Git LFS pointer and not the recording: fetch that with git lfs pull",
    ),
    ((b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML", b"<?xml"), "is a web page, not a recording"),
    ((b"#EXTM3U", b"[playlist]"), "is a playlist, not a recording"),
    ((b"MThd",), "is MIDI: notes, not sound"),
    ((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "is a document or picture, not a recording"),
)
"""What is mistaken for a recording, by its first bytes, and what is said of it."""


def identify(head: bytes) -> Format:
    """Return the format of a file by its first bytes.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES`, without an ID3 tag before the sound.

    Raises
    ------
    AudioError
        Saying what it is instead, where that is known.
    """
    for known in FORMATS:
        if known.matches(head):
            return known
    for marks, reason in _OTHERS:
        if head.startswith(marks):
            raise AudioError(reason)
    if not any(head):
        raise AudioError("is not audio: it begins with zeros alone")
    raise AudioError("is not audio of any format that is read")


def id3_size(head: bytes) -> int:
    """Return the size in bytes of the ID3v2 tag that a file begins with, 0 where there is none.

    (https://id3.org/id3v2.4.0-structure, section 3.1.)

    Parameters
    ----------
    head : bytes
        The file's first 10 bytes or more.
    """
    if len(head) < 10 or not head.startswith(b"ID3") or any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte
    has_footer = bool(head[5] & 0x10)
    return 10 + size + (10 if has_footer else 0)
