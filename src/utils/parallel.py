"""Thread-pool loops over recordings: all cores, bounded read-ahead, bad files set aside."""

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
from src.utils.faults import rejection

Item = TypeVar("Item")
Result = TypeVar("Result")


_limit: list[int] = []


def limit_workers(count: int) -> None:
    """Let this process use so many cores at most, since others of its kind use the rest.

    Parameters
    ----------
    count : int
        At least 1.
    """
    _limit[:] = [count]


def n_workers() -> int:
    """Return the number of CPU cores that this process may use."""
    if _limit:
        return _limit[0]
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
    """Apply `function` to every item in a thread pool and yield the results in order.

    Decoding and array arithmetic release the global interpreter lock (GIL), so threads use all
    cores; where they would not, they may wait for processes (see `process_pool`).

    Parameters
    ----------
    function : callable
        Takes an item; what it raises is raised here, at the item's turn.
    items : iterable
        Read only so far ahead as results may wait.
    ahead : int, optional
        The most results that wait to be taken, finished or in work (default: four a core).
    cost : callable, optional
        Gives the size of an item's result, in the unit of `budget`; 0 by default.
    budget : float
        The most that the waiting results may cost in sum; a single item may exceed it, alone.
    threads : int, optional
        Size of the pool (default: one a core).

    Yields
    ------
    object
        The result of each item.
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
    """Return the result of a function that reads a recording, or why the recording is set aside.

    Whatever reading raises rejects the recording, `MemoryError` and `RecursionError` included,
    since nobody knows all that a damaged file can set going in a decoder. Writing is not to be
    done here, unless what it raises is a `StorageError`, as `replacing` and `writing` see to.

    Parameters
    ----------
    function : callable
        Reads, decodes or measures.
    item : object
        What it is called with.

    Raises
    ------
    AudiosError
        Any other than an `AudioError`: it is not the recording's fault (see `faults.rejection`).
    """
    try:
        return function(item)
    except Exception as error:
        return rejection(error)


@dataclass(frozen=True)
class FileResults(Generic[Result]):
    """The result of a function for each file, and the files that it rejected.

    Attributes
    ----------
    results : list
        One a file, in the order of the files; None for a rejected one.
    rejected : dict of str to str
        The reason of each rejected file.
    """

    results: list[Result | None]
    rejected: dict[str, str]


def for_each_file(
    function: Callable[[str], Result],
    files: Sequence[str],
    description: str,
    watch: Callable[[str, bool], None] = lambda *_: None,
) -> FileResults[Result]:
    """Apply a function to every file, with a progress bar, and collect the rejected ones.

    Parameters
    ----------
    function : callable
        Takes a file; what it raises rejects the file (see `attempt`).
    files : sequence of str
        What `function` is called with, one at a time.
    description : str
        The text before the progress bar.
    watch : callable
        Called with each file and whether it was rejected; stops the work by what it raises.
    """
    results: list[Result | None] = []
    rejected: dict[str, str] = {}
    outcomes = map_ahead(partial(attempt, function), files)
    progress = tqdm(outcomes, description, len(files), unit="clip", leave=False)
    for file, result in zip(files, progress, strict=True):
        watch(file, isinstance(result, AudioError))
        if isinstance(result, AudioError):
            rejected[file] = str(result)
            results.append(None)
        else:
            results.append(result)
    return FileResults(results, rejected)
