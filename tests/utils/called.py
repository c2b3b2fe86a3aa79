"""What the tests call in other processes, where only what can be imported arrives."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np

from src.utils.errors import AudioError


def double(item: np.ndarray) -> np.ndarray:
    return 2 * item


def whoami(_: int) -> np.ndarray:
    return np.array([os.getpid()])


def fail(error: Exception) -> np.ndarray:
    raise error


def reject(item: int) -> np.ndarray:
    if item % 2:
        raise AudioError(f"is odd: {item}")
    return np.array([item])


def end(_: int) -> np.ndarray:
    os.kill(os.getpid(), signal.SIGKILL)
    return np.empty(0)


def end_half_way(_: int) -> np.ndarray:
    """Be killed while the result is on its way, which a socket's buffer does not hold."""
    if not os.fork():
        time.sleep(0.5)
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(0)
    return np.zeros(100_000_000, np.uint8)


def note_and_work(item: tuple[Path, float]) -> np.ndarray:
    """Leave a note of this process's number, then be busy for a while."""
    folder, seconds = item
    (folder / str(os.getpid())).touch()
    time.sleep(seconds)
    return np.zeros(1)


class OddError(Exception):
    """An exception that can be packed and not unpacked, as those of some libraries."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")


class TightError(Exception):
    """An exception that cannot be packed."""

    def __init__(self) -> None:
        super().__init__("holds a thread")
        self.held = threading.Lock()


def fail_oddly(number: int) -> np.ndarray:
    """Raise what does not travel, or return the number."""
    if number == 1:
        raise OddError(7, "odd")
    if number == 2:
        raise TightError
    if number == 3:
        return fail_oddly(3)
    if number == 4:
        raise MemoryError
    return np.array(number)


def parts(item: np.ndarray) -> list[np.ndarray | AudioError]:
    return [item, AudioError("is too short"), item[:0]]
