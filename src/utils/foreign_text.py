"""Opening text files as people have them: the encoding is told by rules, never guessed.

Of a file, in this order:

1. a byte order mark says UTF-8, UTF-16 or UTF-32;
2. a null byte without a mark is no text (or UTF-16 whose mark is lost, which is told);
3. whatever is UTF-8 throughout is UTF-8;
4. the rest is Windows-1252, which holds all that Latin-1 prints, unless it has control characters
   or one of the five bytes without a meaning there. This is noted, with the first line it holds
   for, since other encodings look the same: `José` in Latin-1 is `Josť` in Latin-2.

Tables that AUDIOS writes are UTF-8 throughout and are read by `tables.read_csv`.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from src.utils.errors import DatasetError
from src.utils.notes import note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # The mark of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 16
_SHOWN = 80
"""Characters of a line that are shown."""

_NEVER_TEXT = re.compile(rb"[\x01-\x08\x0e-\x19\x1b\x7f\x81\x8d\x8f\x90\x9d]")
"""Control characters, but for white space and the end mark of DOS, and what Windows-1252 lacks."""


@contextmanager
def open_text(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file of any encoding that the module names, and close it afterwards.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    newline : str or None
        As of the builtin `open`; a carriage return alone ends a line too.

    Raises
    ------
    DatasetError
        When it cannot be read, or proves to be no text; also while it is read.
    """
    try:
        about = path.stat()
        encoding, told = _encoding_of(path, (about.st_ino, about.st_size, about.st_mtime_ns))
        if told:
            note(told)
        with path.open(encoding=encoding, newline=newline) as stream:
            yield stream
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeError as error:
        raise DatasetError(f"{path} is not text: {error}") from error


@lru_cache(maxsize=16)
def _encoding_of(path: Path, _identity: tuple[int, ...]) -> tuple[str, str]:
    """Return what a file is encoded in, by the rules above, and what is to be told of that.

    A long table is opened several times, to see what it is before it is read.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, ""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = may_be_windows = True
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if b"\0" in block:
                raise DatasetError(
                    f"{path} is not text: it holds null bytes (UTF-16 without its mark, or no "
                    f"table at all); save it as UTF-8"
                )
            is_utf8 = is_utf8 and _decodes(decoder, block)
            may_be_windows = may_be_windows and _NEVER_TEXT.search(block) is None
    if is_utf8 and _decodes(decoder, b"", is_last=True):
        return "utf-8", ""
    if not may_be_windows:
        raise DatasetError(
            f"{path} is not text: it is no UTF-8, and no Windows-1252 (Latin-1) either"
        )
    number, line = _first_fault(path)
    return "cp1252", (
        f"{path} is not UTF-8: it is read as Windows-1252 (Latin-1), from line {number} on, "
        f"'{line}'; if letters look wrong there, save it as UTF-8"
    )


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, is_last: bool = False) -> bool:
    try:
        decoder.decode(block, is_last)
    except UnicodeDecodeError:
        return False
    return True


def _first_fault(path: Path) -> tuple[int, str]:
    """Return the number and the beginning of the first line that is not UTF-8."""
    # A line end is never part of a longer sequence, so each line decodes or not by itself.
    number, content = 0, b""
    with path.open(encoding="latin-1") as stream:
        for number, line in enumerate(stream, 1):  # noqa: B007 - it is told behind the loop
            content = line.encode("latin-1")
            if not _decodes(codecs.getincrementaldecoder("utf-8")(), content, is_last=True):
                break
    return number, " ".join(content[:_SHOWN].decode("cp1252").split())
