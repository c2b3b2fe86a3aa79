"""Finding recordings by one walk."""

import errno
import os
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.layouts.tree import (
    find_named,
    find_recordings,
    folders_below,
    has_named,
    why_no_file,
)
from src.utils.dataset.layouts.unread import Aside
from src.utils.errors import DatasetError


def test_recordings_are_found_and_sorted(tmp_path: Path, make_files: Callable) -> None:
    make_files(
        tmp_path, "b.WAV", "a/2.flac", "a/b/1.ogg", "a-.mp3", "notes.txt", "wav", "x.wav.txt"
    )
    make_files(tmp_path, ".hidden.wav", ".hidden/1.wav")
    problems: dict[str, str] = {}
    aside = Aside()
    (tmp_path / "folder.wav").mkdir()
    found = find_recordings(tmp_path, problems, aside)
    assert found == ["a-.mp3", "a/2.flac", "a/b/1.ogg", "b.WAV"]
    assert problems == {"wav": "is not a kind of recording that is read (no suffix)"}
    assert aside == Aside(Counter(txt=2), 2)
    more = find_recordings(tmp_path, {}, also=lambda name: name == "wav")
    assert more == sorted([*found, "wav"])


def test_what_is_no_recording_is_told(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "memo.M4Q", "all.zip", "song.mid", "sub/x.xyz", "1.2.3", "a.cue")
    make_files(tmp_path, "README", "LICENSE.md", "a.TextGrid", "Thumbs.db", "b.PNG")
    problems: dict[str, str] = {}
    aside = Aside()
    assert find_recordings(tmp_path, problems, aside) == []
    assert problems == {
        "memo.M4Q": "is not a kind of recording that is read (.m4q)",
        "all.zip": "is an archive: unpack it (.zip)",
        "song.mid": "holds notes, not sound: play it into a WAV file (.mid)",
        "a.cue": "is a playlist: name the recordings (.cue)",
        "sub/x.xyz": "is not a kind of recording that is read (.xyz)",
        "1.2.3": "is not a kind of recording that is read (.3)",
    }
    assert sum(aside.companions.values()) == 5
    told = "5 companion files (db, md, png, textgrid) were left aside"
    assert aside.describe() == told
    aside.add(Aside(Counter(wrd=1, eaf=1, phn=1), 1))
    told = "8 companion files (db, eaf, md, phn, png, textgrid, ...) and 1 hidden file were left"
    assert aside.describe() == f"{told} aside"
    assert Aside(n_hidden=1).describe() == "1 hidden file was left aside"
    assert not Aside() and Aside().describe() == ""


def test_pipes_and_the_like_are_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a pipe that nobody writes to waits for ever."""
    os.mkfifo(tmp_path / "a.wav")
    os.mkfifo(tmp_path / "b")
    # The address of a socket is short.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("c.wav")
    (tmp_path / "d.flac").symlink_to("/dev/zero")
    problems: dict[str, str] = {}
    assert find_recordings(tmp_path, problems) == []
    assert problems == {
        "a.wav": "is a named pipe, not a file",
        "b": "is a named pipe, not a file",
        "c.wav": "is a socket, not a file",
        "d.flac": "is a device, not a file",
    }
    assert why_no_file(tmp_path / "a.wav") == "is a named pipe, not a file"
    assert why_no_file(tmp_path) == "is a folder"
    assert why_no_file(tmp_path / "none") == "is not there"
    assert why_no_file(Path(__file__)) == ""


def test_a_folder_that_fails_is_told(
    tmp_path: Path, make_files: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, "a.wav", "bad/b.wav", "closed/c.wav")
    scandir = os.scandir

    def fail(path: str):
        if path.endswith("bad"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    problems: dict[str, str] = {}
    assert find_recordings(tmp_path, problems) == ["a.wav"]
    assert problems == {
        "bad": "is a folder that cannot be read: Input/output error",
        "closed": "is a folder that may not be read",
    }


def test_links_are_followed_but_not_in_circles(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "disk/1.wav", "corpus/own/2.wav")
    corpus = tmp_path / "corpus"
    (corpus / "linked").symlink_to(tmp_path / "disk")
    (corpus / "again").symlink_to(tmp_path / "disk")
    (corpus / "3.wav").symlink_to(tmp_path / "disk/1.wav")
    (corpus / "dangling.wav").symlink_to(tmp_path / "gone.wav")
    (corpus / "own/up").symlink_to(corpus)
    (corpus / "itself").symlink_to(corpus / "itself")
    (corpus / "notes.txt").symlink_to(tmp_path / "gone.txt")
    problems: dict[str, str] = {}
    expected = ["3.wav", "again/1.wav", "linked/1.wav", "own/2.wav"]
    assert find_recordings(corpus, problems) == expected
    assert problems == {
        "dangling.wav": "is a link to what is not there",
        "itself": "is a link in a circle",
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
    for name in (b"caf\xe9.wav", b"caf\xe8.wav"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    (tmp_path / "closed").chmod(0)
    problems: dict[str, str] = {}
    try:
        found = find_recordings(tmp_path, problems)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert [file for file in found if not file.startswith("closed")] == ["a.wav", "não.wav"]
    assert problems[r"caf\xe9.wav"] == problems[r"caf\xe8.wav"] == "has a name that is not UTF-8"
    # Root may read everything.
    assert ("closed" in problems) != ("closed/b.wav" in found)


def test_links_in_circles_end_no_search(tmp_path: Path) -> None:
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "a").mkdir()
    assert list(folders_below(tmp_path, 2)) == [tmp_path, tmp_path / "a"]


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
