"""What is computed of recordings is kept: across states, versions, kills and processes."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from src.utils.config import ROOT
from src.utils.dataset import recording_cache
from src.utils.dataset.recording_cache import open_cache
from src.utils.errors import DatasetError, StorageError
from tests.utils.dataset.damage import DAMAGES, damage

COLUMNS = ("number", "text", "content")
STATE = ("10", "1000")
VALUES = (1.5, "á", b"\x00\xff")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


def opened(path: Path, version: int = 1, columns: tuple[str, ...] = COLUMNS, **settings):
    return open_cache(path, columns, version, "measured", **settings)


def rows_of(path: Path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT file, version FROM clips ORDER BY file").fetchall()


def fill(path: Path, files: str, version: int = 1, columns: tuple[str, ...] = COLUMNS) -> None:
    with opened(path, version, columns) as cache:
        for file in files:
            cache.add(file, STATE, VALUES[: len(columns)])


def test_values_come_back(path: Path) -> None:
    fill(path, "ab")
    with opened(path) as cache:
        assert cache.read({"a": STATE, "b": STATE}) == {"a": VALUES, "b": VALUES}
        assert cache.read({"b": STATE, "other": STATE}) == {"b": VALUES}
        assert cache.read({"a": STATE}, ["content", "number"]) == {"a": (b"\x00\xff", 1.5)}
        assert cache.read({"a": STATE}, []) == {"a": ()}


def test_what_was_just_added_is_read(path: Path) -> None:
    with opened(path) as cache:
        cache.add("a", STATE, VALUES)
        assert cache.read({"a": STATE}) == {"a": VALUES}


def test_a_changed_recording_is_unknown(path: Path) -> None:
    fill(path, "ab")
    with opened(path) as cache:
        assert cache.read({"a": ("11", "1000"), "b": STATE}) == {"b": VALUES}
        assert cache.read({"a": ("10", "1001")}) == {}
        cache.add("a", ("11", "1000"), (2, "new", b""))
        assert cache.read({"a": ("11", "1000"), "b": STATE}) == {
            "a": (2, "new", b""),
            "b": VALUES,
        }
    assert rows_of(path) == [("a", 1), ("b", 1)]


def test_an_absent_recording_is_unknown(path: Path) -> None:
    with opened(path) as cache:
        cache.add("a", ("", ""), VALUES)
        assert cache.read({"a": ("", "")}) == {}


def test_another_version_is_unknown(path: Path) -> None:
    fill(path, "ab", version=1)
    with opened(path, version=2) as cache:
        assert cache.read({"a": STATE, "b": STATE}) == {}
        cache.add("a", STATE, VALUES)
        assert cache.read({"a": STATE, "b": STATE}) == {"a": VALUES}
    # The older version goes on with what the newer has not replaced.
    with opened(path, version=1) as cache:
        assert list(cache.read({"a": STATE, "b": STATE})) == ["b"]


def test_other_columns_are_begun_anew(path: Path) -> None:
    fill(path, "a")
    with opened(path, columns=("number", "other")) as cache:
        assert cache.read({"a": STATE}) == {}
        cache.add("b", STATE, (1, 2))
    assert rows_of(path) == [("b", 1)]


def test_rows_are_written_in_batches(path: Path) -> None:
    with opened(path, batch_rows=3) as cache:
        for count, file in enumerate("abcdefgh", 1):
            cache.add(file, STATE, VALUES)
            assert len(rows_of(path)) == count // 3 * 3
    assert len(rows_of(path)) == 8


def test_rows_do_not_wait_for_long(path: Path) -> None:
    with opened(path, batch_seconds=0) as cache:
        cache.add("a", STATE, VALUES)
        assert len(rows_of(path)) == 1
    with opened(path, batch_seconds=3600) as cache:
        cache.add("b", STATE, VALUES)
        assert len(rows_of(path)) == 1


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, DatasetError])
def test_a_stop_loses_nothing(path: Path, stopped_by: type[BaseException]) -> None:
    with pytest.raises(stopped_by), opened(path) as cache:
        cache.add("a", STATE, VALUES)
        cache.add("b", STATE, VALUES)
        raise stopped_by
    assert rows_of(path) == [("a", 1), ("b", 1)]


def test_ctrl_c_while_a_batch_is_written_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = recording_cache._quoted

    def once(names: Sequence[str]) -> str:
        if not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        return quote(names)

    stopped: list[bool] = []
    with pytest.raises(KeyboardInterrupt), opened(path, batch_rows=2) as cache:
        monkeypatch.setattr(recording_cache, "_quoted", once)
        for file in "abc":
            cache.add(file, STATE, VALUES)
    assert stopped
    assert rows_of(path) == [("a", 1), ("b", 1)]


WRITER = """
import sys
from pathlib import Path
from src.utils.dataset import recording_cache
from src.utils.dataset.recording_cache import open_cache
path, prefix, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with open_cache(path, ("number",), 1, "measured", batch_rows=10) as cache:
    for number in range(count):
        cache.add(f"{prefix}{number}", ("10", "1000"), (number,))
    print("added", flush=True)
    sys.stdin.readline()
"""


def start_writer(path: Path, prefix: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, path, prefix, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_numbers(path: Path, names: list[str]) -> dict[str, tuple]:
    with opened(path, columns=("number",)) as cache:
        return cache.read(dict.fromkeys(names, STATE))


def test_a_kill_loses_no_more_than_a_batch(path: Path) -> None:
    with start_writer(path, "a", 57) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "added\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    names = [f"a{number}" for number in range(57)]
    assert read_numbers(path, names) == {name: (row,) for row, name in enumerate(names[:50])}
    # What it left behind is gone on with.
    with start_writer(path, "a", 57) as writer:
        writer.communicate("\n")
    assert read_numbers(path, names) == {name: (row,) for row, name in enumerate(names)}


def test_many_write_at_once(path: Path) -> None:
    # No table yet: all make it, and none may throw away what another has written.
    writers = [start_writer(path, prefix, 300) for prefix in "abcd"]
    for writer in writers:
        with writer:
            writer.communicate("\n")
        assert writer.returncode == 0
    names = [f"{prefix}{number}" for prefix in "abcd" for number in range(300)]
    assert sorted(read_numbers(path, names)) == sorted(names)


def test_a_table_made_meanwhile_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process makes and fills it between the look at it and the making."""
    connect = sqlite3.connect

    class Late(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == "BEGIN IMMEDIATE":
                monkeypatch.setattr(sqlite3, "connect", connect)
                fill(path, "a")
            return super().execute(sql, *values)

    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Late))
    fill(path, "b")
    assert rows_of(path) == [("a", 1), ("b", 1)]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_gives_one_line(path: Path, how: str) -> None:
    with opened(path) as cache:
        for number in range(2_000):
            cache.add(str(number), STATE, VALUES)
    damage(path, how)
    with (
        pytest.raises(
            DatasetError, match=r"cannot use .*; remove it, and .* measured anew"
        ) as error,
        opened(path) as cache,
    ):
        cache.read(dict.fromkeys(map(str, range(2_000)), STATE))
    assert "\n" not in str(error.value)
    path.unlink()
    fill(path, "a")
    assert rows_of(path) == [("a", 1)]


def test_a_folder_that_may_not_be_written_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*cache.sqlite: No such file"):
        fill(tmp_path / "absent" / "cache.sqlite", "a")
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*a.sqlite: unable to open"):
        fill(tmp_path / "a.sqlite", "a")


def test_a_full_disk_is_not_a_damaged_file(path: Path) -> None:
    """No word of removing it: what it holds is sound, and stays."""
    fill(path, "a")
    full = pytest.raises(StorageError, match=r"^cannot write .*: database or disk is full$")
    with full, opened(path) as cache:
        cache._database.execute("PRAGMA max_page_count = 3")
        cache.add("b", STATE, (1.0, "x" * 100_000, b""))
    assert rows_of(path) == [("a", 1)]
    fill(path, "b")
    assert rows_of(path) == [("a", 1), ("b", 1)]
