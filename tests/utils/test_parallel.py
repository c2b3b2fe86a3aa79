"""One loop over many recordings."""

import threading

import pytest

from src.utils.errors import AudioError
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


def test_a_bug_is_not_swallowed() -> None:
    def read(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        for_each_file(read, ["a"], "test")


def test_no_more_than_ahead_are_waiting() -> None:
    started: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            started.append(item)
        return item

    for taken, _ in enumerate(map_ahead(work, list(range(100)), ahead=4), start=1):
        with lock:
            assert len(started) <= taken + 4


def test_a_worker_a_core() -> None:
    assert n_workers() >= 1
