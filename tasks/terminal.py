"""The terminal or pipe that answers go to: one that cannot print a letter, one nobody reads."""

import atexit
import io
import logging
import os
import select
import sys
from contextlib import suppress
from types import TracebackType

from src.utils.shown_text import visible

UNREAD = 141
"""Exit status of a program whose reader has left, as a shell gives it: 128 and SIGPIPE's number."""


def prepare_streams() -> None:
    """Make stdout and stderr print whatever they are given, and end quietly with their reader.

    A letter that their encoding lacks is escaped. Called by the fabfile, so that it holds for the
    listing of tasks too.
    """
    # Closed streams are none to Python: what is printed goes nowhere, and asks of them would fail.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - until the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # The interpreter flushes once more when it ends, and complains of what it cannot write.
    atexit.register(_flush)
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _report


def end_well() -> None:
    """Let the program, which has done all it was asked, end as soon as it has told so.

    Else the interpreter takes apart every library that was imported, a second or two in which
    nothing happens that a user waits for. Whatever is registered for the end is done before.
    """
    global _has_ended_well
    _has_ended_well = True


_has_ended_well = False


def reader_has_left() -> bool:
    """Say whether stdout or stderr is a pipe that nobody reads any more; they are closed then."""
    poll = select.poll()
    for number in (1, 2):
        with suppress(OSError):
            os.fstat(number)
            poll.register(number, 0)
    unread = [number for number, event in poll.poll(0) if event & select.POLLERR]
    for number in unread:
        # What is still in a buffer must go somewhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
    return bool(unread)


class LogLines(logging.Formatter):
    """Messages alone, with nothing in them that a terminal would act upon."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's message, and its traceback where it has one.

        Parameters
        ----------
        record : logging.LogRecord
            What was logged.
        """
        return "\n".join(map(visible, super().format(record).split("\n")))


def _flush() -> None:
    # Registered before the libraries of any stage are loaded, and so called after what they
    # have registered.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            reader_has_left()
    if _has_ended_well:
        os._exit(0)


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if not (isinstance(error, BrokenPipeError) and reader_has_left()):
        sys.__excepthook__(kind, error, traceback)
