"""Writing in one step, and JSON."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from src.utils.config import ROOT
from src.utils.errors import AudiosError, StorageError
from src.utils.files import (
    is_locked,
    locked,
    make_folder,
    number_or_nan,
    read_json,
    replacing,
    sha256_file,
    sha256_text,
    without_nan,
    write_json,
    write_text,
    writing,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".txt"
        assert temporary.parent == path.parent
    assert path.read_text() == "half"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_old_file_survives_a_failure(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_an_impossible_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AudiosError, match="cannot write"):
        write_text(tmp_path / "file" / "a.txt", "x")
    with pytest.raises(AudiosError, match="cannot make the folder"):
        make_folder(tmp_path / "file" / "deep")
    with pytest.raises(AudiosError, match="cannot write"):
        write_text(tmp_path, "x")


def test_json_round_trip(tmp_path: Path) -> None:
    value = {"é": [1, 2.5, None, True], "b": {"c": "d"}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_broken_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match="cannot read"):
        read_json(tmp_path / "absent.json")
    (tmp_path / "a.json").write_text('{"a": ')
    with pytest.raises(AudiosError, match="not valid JSON"):
        read_json(tmp_path / "a.json")


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("añ".encode())
    expected = hashlib.sha256("añ".encode()).hexdigest()
    assert sha256_file(tmp_path / "a") == sha256_text("añ") == expected


def test_values_for_json() -> None:
    value = {1: [np.float32(0.5), np.int64(3)], "a": (float("nan"), np.nan, None), "b": np.bool_(1)}
    plain = without_nan(value)
    assert plain == {"1": [0.5, 3], "a": [None, None, None], "b": True}
    assert [type(item) for item in plain["1"]] == [float, int]
    assert np.isnan(number_or_nan(None))
    assert number_or_nan("x") == "x" and number_or_nan(0) == 0


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_the_umasks(tmp_path: Path, umask: int, mode: int) -> None:
    """Whatever a library makes of the file: many write to one of 0600 and rename it."""
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "a.bin") as temporary:
            temporary.write_text("x")
            temporary.chmod(0o600)
        with replacing(tmp_path / "b.bin") as temporary:
            temporary.write_text("x")
            temporary.chmod(0o777)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}


def test_the_disk_has_a_file_before_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut between the two must leave the old file, not an empty one."""
    done: list[tuple[str, bool]] = []
    fsync, replace = os.fsync, Path.replace

    def noting_fsync(descriptor: int) -> None:
        about = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(about.st_mode)
        done.append(("folder" if is_folder else "file", is_folder or about.st_size > 0))
        fsync(descriptor)

    def noting_replace(self: Path, target: Path) -> Path:
        done.append(("name", True))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    write_text(tmp_path / "a.txt", "x")
    assert done == [("file", True), ("name", True)]
    done.clear()
    write_json(tmp_path / "manifest.json", {})
    assert done == [("file", True), ("name", True), ("folder", True)]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_write_error_names_path_and_cause(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.txt"
    expected = f"^cannot write {path}: {os.strerror(number)}$"
    with pytest.raises(StorageError, match=expected), replacing(path):
        raise OSError(number, os.strerror(number))
    with pytest.raises(StorageError, match=expected), writing(path):
        raise OSError(number, os.strerror(number))
    # As safetensors says it, whose errors are not Python's.
    told = f"Error while serializing: I/O error: {os.strerror(number)} (os error {number})"
    with pytest.raises(StorageError, match=expected), replacing(path):
        raise RuntimeError(told)
    assert not list(tmp_path.iterdir())


def test_a_folder_taken_away_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with pytest.raises(StorageError, match="cannot write"), replacing(path) as temporary:
        temporary.write_text("x")
        temporary.unlink()
        path.parent.rmdir()
    assert not path.parent.exists()


@pytest.mark.parametrize("name", ["x" * 250 + ".txt", "é" * 125 + ".csv"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_threads_do_not_mix_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    both = threading.Barrier(2, timeout=10)

    def write(text: str) -> None:
        with replacing(path) as temporary, temporary.open("w") as stream:
            both.wait()
            stream.write(text)

    threads = [threading.Thread(target=write, args=(letter * 9,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in ("a" * 9, "b" * 9)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_lock_is_for_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / ".lock"
    assert not is_locked(path)
    with locked(path, "the store"):
        assert is_locked(path)
        refused = pytest.raises(AudiosError, match=r"^another process is writing the store$")
        with refused, locked(path, "the store"):
            pass
        assert is_locked(path)
    assert not path.exists()
    path.touch()  # as a kill leaves it
    assert not is_locked(path)
    with locked(path, "the store"):
        pass
    assert not path.exists()


def test_who_waits_for_a_lock_gets_it(tmp_path: Path) -> None:
    """Each in turn, though each removes the file that the others wait at."""
    path, at_work, most = tmp_path / ".lock", [], []

    def work() -> None:
        with locked(path, "it", wait=20):
            at_work.append(1)
            most.append(len(at_work))
            time.sleep(0.01)
            at_work.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert not path.exists()


def test_a_lock_is_freed_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    code = (
        "import sys, time, pathlib; from src.utils.files import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'it'): print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_locked(path)
        process.kill()
    assert path.exists() and not is_locked(path)


def test_looking_at_a_lock_refuses_nobody(tmp_path: Path) -> None:
    """Pages and lists look while others begin."""
    path = tmp_path / ".lock"
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(path)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(50):
            with locked(path, "it"):
                pass
    finally:
        stop.set()
        thread.join()
