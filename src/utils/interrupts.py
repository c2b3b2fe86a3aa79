"""Deferred handling of Ctrl-C (SIGINT)."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Context manager that defers Ctrl-C to the blocks where it is `allowed`, or to its end.

    A `KeyboardInterrupt` may otherwise be raised between any two lines, also in a library's
    clean-up code that then fails in turn. One that was held back is raised at the next
    `allowed`, or at the end of the block. It does nothing in other threads than the main one,
    which are never interrupted, and where Ctrl-C is ignored, as in a background job.

    Examples
    --------
    >>> with Interrupts() as interrupts:
    ...     with interrupts.allowed():
    ...         print("long work, may be interrupted")
    long work, may be interrupted
    """

    def __init__(self) -> None:
        self._is_allowed = False
        self._is_pending = False

    def __enter__(self) -> "Interrupts":
        self._before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        self._is_installed = is_main and callable(self._before)
        if self._is_installed:
            signal.signal(signal.SIGINT, self._receive)
        return self

    def __exit__(self, *raised: object) -> None:
        if not self._is_installed:
            return
        signal.signal(signal.SIGINT, self._before)
        if self._is_pending and raised[0] is None:
            raise KeyboardInterrupt

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let Ctrl-C raise `KeyboardInterrupt` inside this block, also one that came before it."""
        self._is_allowed = True
        try:
            if self._is_pending:
                self._interrupt()
            yield
        finally:
            self._is_allowed = False

    def _receive(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_pending = True
        if self._is_allowed:
            self._interrupt()

    def _interrupt(self) -> None:
        # A second Ctrl-C must not break off what the first one set going.
        self._is_allowed = self._is_pending = False
        raise KeyboardInterrupt
