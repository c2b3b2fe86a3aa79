"""Running `fab` in forks of this process, which has imported everything that is heavy."""

import fcntl
import importlib
import mmap
import os
import pkgutil
import select
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import src
from src.utils.config import ROOT
from tests.cli import warm_fab

_SAID_BYTES = 1 << 20
_LATER = ("fabfile", "fabric.main", "umap", "sklearn.manifold", "transformers", "seaborn")
"""What is imported by the functions that need it."""


def import_everything() -> None:
    """Import what the stages import, so that a fork begins with its work."""
    names = [one.name for one in pkgutil.walk_packages(src.__path__, "src.")]
    apart = ("src.notebooks",)  # what they need is installed for them alone
    for name in (*(name for name in names if not name.startswith(apart)), *_LATER):
        importlib.import_module(name)


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code : int
        The exit status, negative for a signal.
    err : str
        What it said on stderr.
    peak : int
        Bytes of memory, of itself or of its largest child.
    seconds : float
        From its start.
    hung : bool
        Whether it had to be killed since it did not end in time.
    """

    code: int
    err: str
    peak: int
    seconds: float
    hung: bool = False

    @property
    def lines(self) -> list[str]:
        """What it said, without empty lines."""
        return [line for line in self.err.splitlines() if line.strip()]

    @property
    def is_traceback(self) -> bool:
        """Whether it ended as no expected failure does."""
        return "Traceback (most recent call last)" in self.err

    @property
    def last_line(self) -> str:
        """What it said last."""
        return self.lines[-1] if self.lines else ""


class Fork:
    """A process of its own, in a session of its own.

    Parameters
    ----------
    body : callable
        What it does; its result is the exit status.
    loud : bool
        Whether its stdout is shown.
    """

    def __init__(self, body: Callable[[], int], loud: bool = False) -> None:
        # No file, since a limit on the size of files must not cut off what is said of it.
        self._said, saying = os.pipe()
        fcntl.fcntl(saying, fcntl.F_SETPIPE_SZ, _SAID_BYTES)
        os.set_blocking(self._said, False)
        self.started = time.monotonic()
        self.pid = os.fork()
        if not self.pid:
            code = 70
            try:
                os.setsid()
                if not loud:
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(saying, 2)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                code = body()
            except BaseException:
                # Not by `sys.stderr`, which tests put something else in place of.
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(code)
        os.close(saying)
        # Polling would cost a core's share, and notice an end late.
        self._end = os.pidfd_open(self.pid)
        self.ended: Ended | None = None

    def poll(self, seconds: float = 0.0) -> Ended | None:
        """Wait so long at most, and return how it ended if it has.

        Parameters
        ----------
        seconds : float
            The longest wait.
        """
        if self.ended is None and select.select([self._end], [], [], max(0.0, seconds))[0]:
            self._reap()
        return self.ended

    def _reap(self, hung: bool = False) -> Ended:
        _, status, used = os.wait4(self.pid, 0)
        os.close(self._end)
        try:
            err = os.read(self._said, _SAID_BYTES).decode(errors="replace")
        except BlockingIOError:
            err = ""
        os.close(self._said)
        code, seconds = os.waitstatus_to_exitcode(status), time.monotonic() - self.started
        self.ended = Ended(code, err, used.ru_maxrss * 1024, seconds, hung)
        return self.ended

    def kill(self, hung: bool = False) -> Ended:
        """Kill it and what it has started."""
        if self.ended is None:
            # A process that was just begun leads no group yet.
            for kill in (os.killpg, os.kill):
                with suppress(ProcessLookupError):
                    kill(self.pid, signal.SIGKILL)
            self._reap(hung)
        return self.ended

    def wait(self, seconds: float) -> Ended:
        """Return how it ended; kill it after so long.

        Parameters
        ----------
        seconds : float
            The longest wait.
        """
        return self.poll(seconds) or self.kill(hung=True)


def fork_fab(words: Sequence[str], before: Callable[[], None] | None = None, **env: str) -> Fork:
    """Run a `fab` command in a fork.

    Parameters
    ----------
    words : sequence of str
        The command.
    before : callable, optional
        Called in the fork first.
    **env : str
        Of the environment.
    """
    quiet = {"HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}

    def body() -> int:
        if before is not None:
            before()
        about = {"words": list(words), "cwd": str(ROOT), "env": quiet | env}
        return warm_fab.run(about | {"out": os.devnull, "err": "/dev/fd/2"})

    return Fork(body)


def apart(function: Callable[[], object], seconds: float = 600.0) -> Ended:
    """Call a function in a fork, so that this process never starts the threads of a library.

    A fork of a process whose OpenMP threads have begun would wait for them for ever.

    Parameters
    ----------
    function : callable
        What it returns is lost.
    seconds : float
        The longest that it may take.

    Raises
    ------
    RuntimeError
        When it fails.
    """

    def body() -> int:
        function()
        return 0

    ended = Fork(body).wait(seconds)
    if ended.code:
        raise RuntimeError(f"ended with {ended.code}:\n{ended.err}")
    return ended


class SharedNumber:
    """A number that forks add to and this process reads."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    @property
    def value(self) -> int:
        """The number."""
        return int.from_bytes(self._memory[:8], "little")

    @value.setter
    def value(self, number: int) -> None:
        self._memory[:8] = number.to_bytes(8, "little")
