"""One loop over many recordings."""

import gc
import threading
import weakref
from collections.abc import Callable

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
