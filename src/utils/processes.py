"""A process pool, for calls so many that the global interpreter lock (GIL) would limit threads.

Threads call it and wait, each for one worker process, with the GIL released. A worker that is
killed is noticed at once, and if this process is killed the workers end, since each pair shares a
socket with nobody else. `concurrent.futures.ProcessPoolExecutor` and `multiprocessing.Pool` share
locks and pipes among their workers, where others would wait for what the dead one held.
"""

import math
import os
import queue
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn, TypeVar

import numpy as np

from src.utils.errors import AudioError, AudiosError
from src.utils.faults import one_line

Item = TypeVar("Item")
Answer = TypeVar("Answer", np.ndarray, list[np.ndarray | AudioError])
"""What a worker process may give: an array, or several of them, of which some may have failed."""


@contextmanager
def process_pool(
    function: Callable[[Item], Answer], count: int
) -> Iterator[Callable[[Item], Answer]]:
    """Run a pool of worker processes; give a function that calls `function` in one of them.

    It is meant to be called from `count` threads. What `function` raises is raised by the call.

    Parameters
    ----------
    function : callable
        Takes what can be pickled and returns an array, or a list of arrays and of `AudioError`s.
        It is pickled itself, once, so it must be importable from another module than `__main__`.
    count : int
        Number of worker processes.

    Yields
    ------
    callable
        Like `function`, and computed by an idle worker.

    Raises
    ------
    AudiosError
        By a call whose worker is killed.
    """
    pairs = [socket.socketpair() for _ in range(count)]
    theirs = [their.fileno() for _, their in pairs]
    # A process made by fork would have this one's threads' locks, and its GPU, in a state that
    # nobody mends: a fresh one imports what the function needs, and then is forked.
    parent = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve({theirs})"],
        pass_fds=theirs,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        # Ctrl-C is for this process, which ends the others.
        process_group=0,
    )
    connections = []
    idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
    for our, their in pairs:
        their.close()
        connections.append(Connection(our.detach()))
        idle.put(connections[-1])

    def call(item: Item) -> Any:
        connection = idle.get()
        try:
            return _ask(connection, item)
        finally:
            idle.put(connection)

    try:
        connections[0].send(function)
        yield call
    finally:
        for connection in connections:
            connection.close()
        parent.wait()


def serve(descriptors: Sequence[int]) -> NoReturn:
    """Fork a worker process for each socket, which answers calls until the socket is closed.

    Parameters
    ----------
    descriptors : sequence of int
        File descriptors of the sockets; the function to call comes first, through the first one.
    """
    connections = [Connection(descriptor) for descriptor in descriptors]
    with suppress(EOFError, ConnectionError):
        function = connections[0].recv()
        for mine in connections:
            if not os.fork():
                for other in connections:
                    if other is not mine:
                        other.close()
                _answer(function, mine)
    for connection in connections:
        connection.close()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    # Python's own end would take seconds, to clear away modules that nobody needs any more.
    os._exit(0)


def _answer(function: Callable[[Any], Any], connection: Connection) -> NoReturn:
    """Answer calls until the other end closes, which raises `EOFError` or `ConnectionError`."""
    while True:
        item = connection.recv()
        try:
            result = function(item)
            are_several = isinstance(result, list)
            parts = [_sendable(part) for part in (result if are_several else [result])]
        except Exception as error:
            connection.send_bytes(_packed(error))
            continue
        told = [
            part if isinstance(part, AudioError) else (part.shape, part.dtype.str) for part in parts
        ]
        connection.send(told if are_several else told[0])
        for part in parts:
            left = memoryview(b"") if isinstance(part, AudioError) else _bytes_of(part)
            while len(left):
                left = left[os.write(connection.fileno(), left) :]


def _sendable(part: Any) -> np.ndarray | AudioError:
    return part if isinstance(part, AudioError) else np.asarray(part, order="C")


def _packed(error: Exception) -> bytes:
    """Return an exception as it travels: itself, or where it cannot, what it says."""
    if not isinstance(error, AudiosError):
        error.add_note(f"In a process of its own:\n{traceback.format_exc()}")
    try:
        packed = bytes(ForkingPickler.dumps(error))
        # Some can be packed and not unpacked: those whose arguments are not those of their class.
        ForkingPickler.loads(packed)
    except Exception:
        told = RuntimeError(f"{type(error).__name__}: {one_line(error)}")
        return bytes(ForkingPickler.dumps(told))
    return packed


def _ask(connection: Connection, item: Any) -> Any:
    try:
        connection.send(item)
        answer = connection.recv()
        if not isinstance(answer, Exception):
            are_several = isinstance(answer, list)
            told = answer if are_several else [answer]
            try:
                parts = [one if isinstance(one, AudioError) else np.empty(*one) for one in told]
            except MemoryError:
                # The next call is not to be given what is on its way for this one.
                for shape, dtype in (one for one in told if not isinstance(one, AudioError)):
                    _take_away(connection, math.prod(shape) * np.dtype(dtype).itemsize)
                raise
            for part in parts:
                # Straight into the array, where `recv` would make two copies under the GIL.
                left = memoryview(b"") if isinstance(part, AudioError) else _bytes_of(part)
                while len(left):
                    left = left[_receive(connection, left) :]
            return parts if are_several else parts[0]
    except (EOFError, ConnectionError) as error:
        raise AudiosError(
            "a process that prepares recordings was killed, perhaps because memory ran out; run "
            "this again to go on"
        ) from error
    raise answer


def _receive(connection: Connection, into: memoryview | bytearray) -> int:
    count = os.readv(connection.fileno(), [into])
    if not count:
        raise EOFError
    return count


def _take_away(connection: Connection, size: int) -> None:
    left = bytearray(min(size, 1 << 16))
    while size:
        size -= _receive(connection, memoryview(left)[: min(size, len(left))])


def _bytes_of(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
