"""The encoding of a text file is told by its marks and its bytes."""

import codecs
from pathlib import Path

import pytest

from src.utils import foreign_text
from src.utils.errors import DatasetError
from src.utils.foreign_text import open_text
from src.utils.notes import gather

TEXT = "José,Łódź,日本\nÄnna,ü,x\n"


def read(folder: Path, content: bytes) -> tuple[str, list[str]]:
    """Return the text and what was noted of it."""
    path = folder / "table.csv"
    path.write_bytes(content)
    with gather() as noted, open_text(path) as stream:
        return stream.read(), list(noted)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_every_unicode(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == (TEXT, [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_latin1_is_read_and_told(tmp_path: Path, end: str) -> None:
    content = end.join(["file,speaker", "ä".encode().decode("latin-1"), "0.wav,José “x”", ""])
    text, noted = read(tmp_path, content.encode("cp1252"))
    assert text.splitlines()[2] == "0.wav,José “x”"
    [told] = noted
    # The second line happens to be UTF-8, the third is not.
    assert told.startswith(f"{tmp_path / 'table.csv'} is not UTF-8: ")
    assert "from line 3 on, '0.wav,José “x”'" in told


def test_letters_may_lie_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_text, "_BLOCK", 7)
    assert read(tmp_path, TEXT.encode() * 5) == (TEXT * 5, [])
    text, [told] = read(tmp_path, b"x" * 20 + b"\ny\xc3")
    assert text.endswith("\nyÃ")
    assert "from line 2 on" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"f\0i\0l\0e\0", "holds null bytes"),
        (b"\x93NUMPY\x01", "is no UTF-8"),
        (b"caf\xe9 \x81", "is no UTF-8"),
        (b"\xff\xfe\0", "is not text"),
        (b"\xff\xfe\x00\xd8\x00\x00", "is not text"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DatasetError, match=told) as raised:
        read(tmp_path, content)
    assert str(tmp_path / "table.csv") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*absent"), open_text(tmp_path / "absent"):
        pass
    with pytest.raises(DatasetError, match="cannot read"), open_text(tmp_path):
        pass
