"""One loop over many recordings."""

import errno
import gc
import os
import struct
import threading
import weakref
from collections.abc import Callable

import pytest

from src.utils.errors import AudioError, DatasetError, StorageError
from src.utils.faults import EXHAUSTED, FULL
from src.utils.parallel import for_each_file, map_ahead, n_workers


def test_results_keep_their_order() -> None:
    assert list(map_ahead(lambda n: n * n, list(range(50)), ahead=3)) == [n * n for n in range(50)]
    assert list(map_ahead(str, [])) == []


def test_bad_files_are_set_aside() -> None:
    def read(file: str) -> str:
        if file.startswith("bad"):
            raise AudioError(f"is {file}")
        return file.upper()

    outcome = for_each_file(read, ["a", "bad1", "b", "bad2"], "test")
    assert outcome.results == ["A", None, "B", None]
    assert outcome.rejected == {"bad1": "is bad1", "bad2": "is bad2"}


class UnspeakableError(Exception):
    """An exception that cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError


def deep() -> None:
    deep()


RAISED = {
    "memory": (MemoryError(), "raised MemoryError while it was read"),
    "bug": (
        ZeroDivisionError("division by this zero"),
        "raised ZeroDivisionError: division by this zero while it was read",
    ),
    "lines": (struct.error("unpack\n  needs\n4"), "raised error: unpack needs 4 while it was read"),
    "text": (
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        "raised UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid "
        "start byte while it was read",
    ),
    "overflow": (OverflowError("too large"), "raised OverflowError: too large while it was read"),
    "silent": (UnspeakableError(), "raised UnspeakableError while it was read"),
    "denied": (
        PermissionError(errno.EACCES, "Permission denied", "x.wav"),
        "cannot be read: Permission denied",
    ),
    "sector": (OSError(errno.EIO, "Input/output error"), "cannot be read: Input/output error"),
}


def test_one_bad_file_never_ends_a_stage(caplog: pytest.LogCaptureFixture) -> None:
    def read(file: str) -> str:
        if file == "recursion":
            deep()
        if file in RAISED:
            raise RAISED[file][0]
        return file.upper()

    files = ["a", *RAISED, "recursion", "b"]
    outcome = for_each_file(read, files, "test")
    assert [result for result in outcome.results if result] == ["A", "B"]
    assert outcome.rejected.pop("recursion").startswith("raised RecursionError: maximum recursion")
    assert outcome.rejected == {file: reason for file, (_, reason) in RAISED.items()}
    # A fault of ours is not hidden: it is logged as well, each kind once.
    assert "ZeroDivisionError: division by this zero" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        StorageError("cannot write x"),
        DatasetError("is broken"),
        KeyboardInterrupt(),
        SystemExit(3),
        *(OSError(number, os.strerror(number), "x.wav") for number in (*FULL, *EXHAUSTED)),
    ],
)
def test_what_is_not_the_recordings_fault_ends_the_stage(error: BaseException) -> None:
    def read(_: str) -> None:
        raise error

    expected = StorageError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected) as caught:
        for_each_file(read, ["a", "b"], "test")
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot go on at x.wav: {error.strerror}"


def test_the_work_can_be_watched() -> None:
    seen = []

    def read(file: str) -> None:
        if file == "b":
            raise AudioError("is b")

    for_each_file(read, ["a", "b", "c"], "test", lambda *noted: seen.append(noted))
    assert seen == [("a", False), ("b", True), ("c", False)]


@pytest.fixture
def started() -> list[int]:
    """The items that `work` was given so far."""
    return []


@pytest.fixture
def lock() -> threading.Lock:
    """Held while `started` grows."""
    return threading.Lock()


@pytest.fixture
def work(started: list[int], lock: threading.Lock) -> Callable[[int], int]:
    def work(item: int) -> int:
        with lock:
            started.append(item)
        return item

    return work


def test_no_more_than_ahead_are_waiting(
    work: Callable, started: list[int], lock: threading.Lock
) -> None:
    for taken, _ in enumerate(map_ahead(work, list(range(100)), ahead=4), start=1):
        with lock:
            assert len(started) <= taken + 4


def test_no_more_than_the_budget_is_waiting(
    work: Callable, started: list[int], lock: threading.Lock
) -> None:
    # Long ones first, as in extraction: 9, 9, 5, 5, 2, 2, ... of a budget of 8.
    prices = [9, 9, 5, 5, *[2] * 40]
    results = map_ahead(
        work, range(len(prices)), ahead=100, cost=prices.__getitem__, budget=8, threads=2
    )
    for taken, result in enumerate(results):
        assert result == taken
        with lock:
            ahead = sum(prices[item] for item in started if item > taken)
        assert ahead <= 8 or len(started) - taken - 1 <= 1
    assert len(started) == len(prices)


def test_a_result_is_not_kept() -> None:
    """A clip of half an hour must not stay in memory because it was the last one."""

    class Clip:
        pass

    references = []

    def work(_: int) -> Clip:
        clip = Clip()
        references.append(weakref.ref(clip))
        return clip

    results = map_ahead(work, range(3), ahead=1)
    for number in range(3):
        next(results)
        gc.collect()
        assert references[number]() is None


def test_what_is_left_is_not_begun() -> None:
    begun: list[int] = []
    results = map_ahead(begun.append, range(1000), ahead=4, threads=1)
    next(results)
    results.close()
    assert len(begun) <= 5


def test_a_worker_a_core() -> None:
    assert n_workers() >= 1
