"""Finding recordings by one walk."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.layouts.tree import find_named, find_recordings, folders_below, has_named
from src.utils.errors import DatasetError


def test_recordings_are_found_and_sorted(tmp_path: Path, make_files: Callable) -> None:
    make_files(
        tmp_path, "b.WAV", "a/2.flac", "a/b/1.ogg", "a-.mp3", "notes.txt", "wav", "x.wav.txt"
    )
    make_files(tmp_path, ".hidden.wav", ".hidden/1.wav")
    problems: dict[str, str] = {}
    (tmp_path / "folder.wav").mkdir()
    assert find_recordings(tmp_path, problems) == ["a-.mp3", "a/2.flac", "a/b/1.ogg", "b.WAV"]
    assert not problems


def test_links_are_followed_but_not_in_circles(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "disk/1.wav", "corpus/own/2.wav")
    corpus = tmp_path / "corpus"
    (corpus / "linked").symlink_to(tmp_path / "disk")
    (corpus / "again").symlink_to(tmp_path / "disk")
    (corpus / "3.wav").symlink_to(tmp_path / "disk/1.wav")
    (corpus / "dangling.wav").symlink_to(tmp_path / "gone.wav")
    (corpus / "own/up").symlink_to(corpus)
    (corpus / "itself").symlink_to(corpus / "itself")
    problems: dict[str, str] = {}
    expected = ["3.wav", "again/1.wav", "linked/1.wav", "own/2.wav"]
    assert find_recordings(corpus, problems) == expected
    assert problems == {
        "itself": "is a link that cannot be followed",
        "own/up": "is a link to a folder that it lies in",
    }


def test_a_file_is_never_asked_for_by_name(
    tmp_path: Path, make_files: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, *(f"deep/{number}.wav" for number in range(50)))
    asked: list[str] = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *a, **k: asked.append(path) or stat(path, *a, **k))
    assert len(find_recordings(tmp_path, {})) == 50
    assert asked == [str(tmp_path), str(tmp_path / "deep")]


def test_what_cannot_be_listed_is_told(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "a.wav", "closed/b.wav", "não.wav")
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"")
    (tmp_path / "closed").chmod(0)
    problems: dict[str, str] = {}
    try:
        found = find_recordings(tmp_path, problems)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert [file for file in found if not file.startswith("closed")] == ["a.wav", "não.wav"]
    assert problems["caf\ufffd.wav"] == "has a name that is not UTF-8"
    # Root may read everything.
    assert ("closed" in problems) != ("closed/b.wav" in found)


def test_named_files_are_found_down_to_a_depth(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "a/b/keys/x.txt", "y.txt", ".hidden/z.txt", "a/b/c/w.txt")
    names = ("keys/x.txt", "y.txt", "z.txt", "w.txt")
    found = find_named(tmp_path, names, 2)
    assert found == {"keys/x.txt": tmp_path / "a/b/keys/x.txt", "y.txt": tmp_path / "y.txt"}
    assert has_named(tmp_path, ("keys/x.txt",), 2)
    assert not has_named(tmp_path, ("keys/x.txt",), 1)
    assert list(folders_below(tmp_path, 1)) == [tmp_path, tmp_path / "a"]
    make_files(tmp_path, "copy/y.txt")
    with pytest.raises(DatasetError, match=r"y\.txt is there twice: .*; keep one"):
        find_named(tmp_path, names, 2)
