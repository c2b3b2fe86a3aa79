"""Whatever a table or key holds, it is read or refused in one line."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.keys import read_key
from src.utils.errors import AudiosError

CELLS = st.sampled_from(
    [
        *("file", "label", "speaker", "gender", "is_spoof", "id", "attack", "a.wav", "b.WAV"),
        *("./b", "C:\\b.wav", "/a.wav", "real", "fake", "deepfake", "1", "0", "", " ", '"', "-"),
        *("nan", "Änna", "A\u0308nna", "F", "m", "sep=;", "\ud7ff", "\x00", "\x1a", "\u2028", "é"),
    ]
)
TABLES = st.builds(
    lambda rows, by, end, encoding, mark: (
        mark + end.join(by.join(row) for row in rows).encode(encoding, "replace")
    ),
    st.lists(st.lists(CELLS, max_size=5), max_size=6),
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "latin-1", "utf-16-le", "utf-16-be"]),
    st.sampled_from([b"", b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]),
)
BYTES = st.binary(max_size=200) | TABLES


def one_line_or_none(read: Callable[[], object]) -> None:
    try:
        read()
    except AudiosError as error:
        assert str(error)
        assert len(str(error).splitlines()) == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("a.wav", "b.wav"):
        (folder / name).touch()
    return folder


@given(content=BYTES)
def test_any_metadata(folder: Path, content: bytes) -> None:
    (folder / "metadata.csv").write_bytes(content)
    one_line_or_none(lambda: scan_folder(folder, "csv"))


@given(content=BYTES)
def test_any_key(folder: Path, content: bytes) -> None:
    (folder / "key").write_bytes(content)
    one_line_or_none(lambda: read_key(folder / "key"))


@given(first=CELLS, second=CELLS, gender=CELLS)
def test_what_is_read_is_written(folder: Path, first: str, second: str, gender: str) -> None:
    lines = [f"a.wav;real;{first};{gender}", f"b.wav;fake;{second};F"]
    text = "\n".join(["file;label;speaker;gender", *lines])
    (folder / "metadata.csv").write_text(text, encoding="utf-16")
    one_line_or_none(lambda: generate_tables(folder, "csv"))


def test_a_name_that_no_file_can_have(folder: Path) -> None:
    (folder / "metadata.csv").write_text(f"file,label\na.wav,real\n{'x' * 5000}.wav,fake\n")
    problems = scan_folder(folder, "csv").problems
    assert problems[f"{'x' * 5000}.wav"] == "is listed in metadata.csv but missing"
    assert problems["b.wav"] == "is not listed in metadata.csv"
