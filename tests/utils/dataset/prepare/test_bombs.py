"""Archives that claim, or unpack to, more than a machine has: refused before it is tried."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.prepare.prepare import prepare_dataset
from src.utils.zip_bounds import LARGEST_DIRECTORY
from tests.frugal import refusal
from tests.utils.dataset.prepare.builders import Item, content, write_rar, write_tar, write_zip

GIGABYTE = 1 << 30


def header(name: bytes, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return a tar header whose size may be anything, with its checksum."""
    number = b"%011o\0" % size
    if not 0 <= size < 8**11:
        number = (b"\xff" if size < 0 else b"\x80") + (size % 256**11).to_bytes(11, "big")
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + number)
    block += b"00000000000\0" + b" " * 8 + kind + bytes(100) + b"ustar\x0000"
    block = block.ljust(512, b"\0")
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE, size: int | None = None) -> bytes:
    return header(b"pax", len(records) if size is None else size, kind) + padded(records)


def record(key: bytes, value: bytes) -> bytes:
    rest = b" %s=%s\n" % (key, value)
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length += 1
    return b"%d" % length + rest


CLIP = header(b"release_in_the_wild/0.wav", 5) + padded(b"sound")
END = bytes(1024)
LONG = header(b"././@LongLink", 4, tarfile.GNUTYPE_LONGNAME) + padded(b"abc\0")

TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "long name of a terabyte": (
        lambda: header(b"././@LongLink", 1 << 40, tarfile.GNUTYPE_LONGNAME) + CLIP + END,
        "says that it has",
    ),
    "chain of long names": (lambda: LONG * 5_000 + CLIP + END, "more than 8 headers"),
    "chain of pax headers": (
        lambda: pax(record(b"a", b"b")) * 5_000 + CLIP + END,
        "more than 8 headers",
    ),
    "chain of global headers": (
        lambda: pax(record(b"a", b"b"), tarfile.XGLTYPE) * 5_000 + CLIP + END,
        "more than 8 headers",
    ),
    "pax header of gigabytes": (
        lambda: pax(b"", size=8 * GIGABYTE - 1) + CLIP + END,
        "says that it has",
    ),
    "pax record of gigabytes": (
        lambda: pax(b"9999999999 path=" + bytes(100)) + CLIP + END,
        "pax records are damaged",
    ),
    "pax digits": (lambda: pax(record(b"a", b"1" * 200_000)) + CLIP + END, "number without end"),
    "pax size below zero": (lambda: pax(record(b"size", b"-1024")) + CLIP + END, "negative size"),
    "pax size beyond the end": (
        lambda: pax(record(b"size", b"9" * 30)) + CLIP + END,
        "damaged or incomplete",
    ),
    "size below zero": (
        lambda: CLIP + header(b"release_in_the_wild/1.wav", -1024) + END,
        "negative size",
    ),
    "pax header below zero": (
        lambda: CLIP + pax(b"", size=-1024) + CLIP + END,
        "negative size",
    ),
    "sparse": (lambda: header(b"a", 5, tarfile.GNUTYPE_SPARSE) + CLIP + END, "with gaps"),
    "sparse by pax": (
        lambda: (
            pax(
                record(b"GNU.sparse.map", b"0,1," * 10_000 + b"0,1")
                + record(b"GNU.sparse.size", b"999999999999")
            )
            + CLIP
            + END
        ),
        "with gaps",
    ),
    "file of a terabyte": (
        lambda: header(b"release_in_the_wild/1.wav", 1 << 40) + CLIP + END,
        "damaged or incomplete",
    ),
    "path of many folders": (
        lambda: (
            header(b"././@LongLink", 200_020, tarfile.GNUTYPE_LONGNAME)
            + padded(b"release_in_the_wild/" + b"a/" * 99_999 + b"a\0")
            + CLIP
            + END
        ),
        "longer than",
    ),
}


def prepare(archive: Path) -> Callable[[], object]:
    return lambda: prepare_dataset(archive.parent / "data", CORPORA["in-the-wild"], archive)


@pytest.mark.parametrize("kind", TARS)
def test_tars(tmp_path: Path, kind: str) -> None:
    make, word = TARS[kind]
    (tmp_path / "a.tar").write_bytes(make())
    told = refusal(prepare(tmp_path / "a.tar"))
    assert word in told.text and "a.tar" in told.text, told
    assert not content(tmp_path / "data")


def test_what_goes_before_an_honest_entry_is_let_through(tmp_path: Path) -> None:
    """A long name, a long target and pax records of a real archiver are read as they were."""
    name = "release_in_the_wild/" + "a" * 120 + "/" + "ü" * 60 + ".wav"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        folder = tmp_path / str(form)
        folder.mkdir()
        with tarfile.open(folder / "a.tar.gz", "w:gz", format=form) as archive:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 5, 1.5
            archive.addfile(info, io.BytesIO(b"sound"))
        prepare(folder / "a.tar.gz")()
        assert content(folder / "data") == {name: b"sound"}


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_packed_zeros(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    size = 100 << 20
    zeros = pack(header(b"release_in_the_wild/0.wav", size) + bytes(size) + END)
    (tmp_path / "a.tar").write_bytes(zeros)
    assert "unpack to" in refusal(prepare(tmp_path / "a.tar")).text


def test_recordings_of_silence_are_let_through(tmp_path: Path) -> None:
    """They are packed to a thousandth too, but are few."""
    item = Item("release_in_the_wild/0.wav", bytes(32 << 20))
    for write, name in ((write_tar, "a.tar.gz"), (write_zip, "a.zip")):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        prepare(write(folder / name, [item]))()
        assert len(content(folder / "data")[item.name]) == 32 << 20


def directory(archive: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    """Change every entry of a zip's list, given where it begins."""
    whole = bytearray(archive)
    place = whole.find(b"PK\1\2")
    while place >= 0:
        change(whole, place)
        place = whole.find(b"PK\1\2", place + 4)
    return bytes(whole)


def zipped(n_entries: int, size: int, path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(n_entries):
            archive.writestr(f"release_in_the_wild/{number}.wav", bytes(size))
    return path.read_bytes()


def test_zip_of_zeros(tmp_path: Path) -> None:
    zipped(9, 10 << 20, tmp_path / "a.zip")
    assert "would unpack to" in refusal(prepare(tmp_path / "a.zip")).text


def test_zip_whose_entries_share_their_bytes(tmp_path: Path) -> None:
    whole = zipped(200, 1 << 20, tmp_path / "a.zip")

    def to_the_first(content: bytearray, place: int) -> None:
        struct.pack_into("<L", content, place + 42, 0)

    (tmp_path / "a.zip").write_bytes(directory(whole, to_the_first))
    assert "share their bytes" in refusal(prepare(tmp_path / "a.zip")).text


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        (20, 0xFFFFFFF0, "beyond its end"),  # packed size
        (24, 0xFFFFFFF0, "would unpack to"),  # size
        (42, 0x7FFFFFFF, "beyond its end"),  # offset
        (24, 0xFFFFFFFF, "damaged"),  # a size of 64 bits that is not there
    ],
)
def test_zip_that_lies(tmp_path: Path, place: int, value: int, word: str) -> None:
    whole = zipped(1, 100, tmp_path / "a.zip")

    def lie(content: bytearray, start: int) -> None:
        struct.pack_into("<L", content, start + place, value)

    (tmp_path / "a.zip").write_bytes(directory(whole, lie))
    assert word in refusal(prepare(tmp_path / "a.zip")).text


def test_zip_with_a_list_of_millions(tmp_path: Path) -> None:
    """A sparse file stands for ten million entries."""
    with (tmp_path / "a.zip").open("wb") as stream:
        stream.write(b"PK\3\4" + bytes(508))
        stream.truncate(8 * LARGEST_DIRECTORY)
        stream.seek(0, 2)
        size = 4 * LARGEST_DIRECTORY
        place = stream.tell() - size
        stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, size, place, 0))
    from src.utils.dataset.prepare.open_archive import open_archive
    from src.utils.dataset.prepare.sources import Source

    # Behind the checksum, which would read the gigabyte of zeros.
    told = refusal(lambda: open_archive(Source("a.zip", (tmp_path / "a.zip",))))
    assert "too long" in told.text


def test_rar_that_lies(tmp_path: Path) -> None:
    for size in (1 << 32, 1 << 62):
        items = [Item("release_in_the_wild/0.wav")]
        archive = write_rar(tmp_path / "a.rar", items, claimed_size=size)
        assert "would unpack to" in refusal(prepare(archive)).text
