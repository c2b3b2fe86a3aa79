"""One loop over many recordings: all cores, a progress bar, bad files set aside."""

import math
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tqdm import tqdm

from src.utils.errors import AudioError

Item = TypeVar("Item")
Result = TypeVar("Result")


def n_workers() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    ahead: int | None = None,
    cost: Callable[[Item], float] | None = None,
    budget: float = math.inf,
    threads: int | None = None,
) -> Generator[Result]:
    """Apply `function` to every item in threads and yield the results in order.

    Decoding and array arithmetic leave Python's lock, so threads use all cores; where they would
    not suffice, they may wait for processes (see `in_processes`).

    Parameters
    ----------
    function : callable
    items : iterable
    ahead : int, optional
        How many results may wait, finished or in work (default: four a core).
    cost : callable, optional
        What an item's result takes up while it waits, in the unit of `budget`.
    budget : float
        How much may wait by cost; a single item may exceed it, alone.
    threads : int, optional
        How many (default: one a core).
    """
    ahead = ahead or 4 * n_workers()
    waiting: deque[tuple[Future[Result], float]] = deque()
    held = 0.0
    with ThreadPoolExecutor(threads or n_workers()) as pool:
        try:
            for item in items:
                price = cost(item) if cost else 0.0
                while waiting and (len(waiting) >= ahead or held + price > budget):
                    held -= waiting[0][1]
                    yield waiting.popleft()[0].result()
                waiting.append((pool.submit(function, item), price))
                held += price
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            for future, _ in waiting:
                future.cancel()


def attempt(function: Callable[[Item], Result], item: Item) -> Result | AudioError:
    """Return what `function` gives, or the `AudioError` that it raises, for one loop over many."""
    try:
        return function(item)
    except AudioError as error:
        return error


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of a list of files.

    Attributes
    ----------
    results : list
        In the order of the files, None for a rejected one.
    rejected : dict of str to str
        The reason by file.
    """

    results: list[Result | None]
    rejected: dict[str, str]


def for_each_file(
    function: Callable[[str], Result], files: Sequence[str], description: str
) -> Outcome[Result]:
    """Apply `function` to every file under a progress bar, collecting the rejected ones."""
    results: list[Result | None] = []
    rejected: dict[str, str] = {}
    outcomes = map_ahead(partial(attempt, function), files)
    progress = tqdm(outcomes, description, len(files), unit="clip", leave=False)
    for file, result in zip(files, progress, strict=True):
        if isinstance(result, AudioError):
            rejected[file] = str(result)
            results.append(None)
        else:
            results.append(result)
    return Outcome(results, rejected)
