"""No silence: a task says what it begins, and what it is at while nothing else is to be seen.

What a task reports, its log and its bars of progress are all sound; between them lie imports,
compilations, fits and pictures that have no bar. For these the line of stderr that a bar would
stand on tells what the program is doing, and is wiped away before anything else is written.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO

FIRST = 0.4
"""Seconds of silence before a task says what it begins; what ends sooner need not."""
SILENCE = 1.5
"""Seconds of silence before it says what it is at."""
TICK = 0.25

DOING = (
    ("numba", "compiling"),
    ("src.utils.metrics", "drawing speakers for the intervals"),
    ("src.visualize", "drawing figures"),
    ("src.results", "writing pages"),
    ("src.evaluation", "computing metrics"),
    ("src.networks.pretraining.units", "finding units"),
    ("src.networks.released", "reading released weights"),
    ("src.scoring", "scoring recordings"),
    ("src.exported", "exporting"),
    ("src.fusion", "fusing"),
    ("src.adaptation", "adapting"),
    ("src.predict.exporting", "comparing with the run"),
    ("src.predict", "judging"),
    ("src.networks", "training"),
    ("src.models", "fitting and scoring"),
    ("src.audit", "measuring"),
    ("src.robustness", "comparing conditions"),
    ("src.utils.embeddings", "computing vectors"),
    ("src.utils.dataset", "reading tables and recordings"),
    ("src.utils.audio", "reading recordings"),
    ("src.demo", "making recordings"),
)
"""What is being done while code of a module, or of one below it, runs."""

_IMPORTS = "_find_and_load"
"""Python's function that imports a module, whose name is its first local variable."""


class Voice:
    """Speaks on stderr while a task is silent.

    Parameters
    ----------
    task : str
        The task's name.
    begins : str
        What it begins, in a few words.
    """

    def __init__(self, task: str, begins: str) -> None:
        self._task = task
        self._begins: str | None = begins
        self._streams: list[tuple[TextIO, Callable[[str], int]]] = []
        self._lock = threading.RLock()
        self._shown = 0
        self._started = self._heard = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self._main = threading.main_thread().ident or 0

    def begin(self) -> None:
        """Listen to what is written from now on, and speak in between."""
        global _speaking
        for stream in dict.fromkeys((sys.stdout, sys.stderr)):
            write = stream.write
            self._streams.append((stream, write))
            stream.write = self._heed(write)  # type: ignore[method-assign]
        _speaking = self
        self._thread.start()

    def end(self) -> None:
        """Wipe away what stands there, and be silent."""
        global _speaking
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._wipe()
            for stream, write in self._streams:
                stream.write = write  # type: ignore[method-assign]
            _speaking = None

    def forget(self) -> None:
        """Be silent in a forked child, where no thread speaks and a lock may never be free."""
        self._lock = threading.RLock()
        self._shown = 0

    def _heed(self, write: Callable[[str], int]) -> Callable[[str], int]:
        def heard(text: str) -> int:
            with self._lock:
                self._wipe()
                self._heard = time.monotonic()
                self._begins = None
            return write(text)

        return heard

    def _watch(self) -> None:
        while not self._stop.wait(TICK):
            # A bar may be made or closed by the thread that works while it is looked at.
            with suppress(AttributeError, OSError, RuntimeError, ValueError):
                self._speak(time.monotonic() - self._heard)

    def _speak(self, silent: float) -> None:
        if self._begins is not None:
            if silent >= FIRST:
                sys.stderr.write(f"{self._task}: {self._begins}\n")
                sys.stderr.flush()
            return
        if silent < SILENCE:
            return
        bars = _bars()
        for bar in bars:
            # It counts the seconds, whether or not it has moved.
            bar.refresh()
        if not bars:
            self._show(f"{self._task}: {doing(sys._current_frames().get(self._main))}")

    def _show(self, text: str) -> None:
        seconds = int(time.monotonic() - self._started)
        line = f"{text}, {seconds} s"
        with self._lock:
            if line != getattr(self, "_line", None) or not self._shown:
                self._write(f"\r{line}{' ' * (self._shown - len(line))}")
                self._shown, self._line = len(line), line

    def _wipe(self) -> None:
        if self._shown:
            with suppress(OSError, ValueError):
                self._write(f"\r{' ' * self._shown}\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        """Write past what listens."""
        _, write = self._streams[-1]
        write(text)
        self._streams[-1][0].flush()


def doing(frame: FrameType | None) -> str:
    """Say in a few words what a thread is at.

    Parameters
    ----------
    frame : frame or None
        The innermost of the thread.
    """
    inner, loads = None, None
    while frame is not None:
        code, module = frame.f_code, str(frame.f_globals.get("__name__", ""))
        if code.co_name == _IMPORTS and module.startswith("importlib"):
            name = str(frame.f_locals.get("name", "")).partition(".")[0]
            if name not in ("src", "tasks"):
                loads = name
        # A module that is being loaded does nothing yet of what its package is for.
        if code.co_name != "<module>":
            inner = inner or next((text for start, text in DOING if _is_of(module, start)), None)
        frame = frame.f_back
    return f"loading {loads}" if loads else inner or "at work"


def _is_of(module: str, start: str) -> bool:
    return module == start or module.startswith(f"{start}.")


def _bars() -> list[Any]:
    """Return the bars that stand there."""
    # The thread that works may be in the midst of loading it.
    bar = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    return list(getattr(bar, "_instances", ()))


_speaking: Voice | None = None


def _forget() -> None:
    if _speaking is not None:
        _speaking.forget()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def speaking(task: str, begins: str, is_quiet: bool = False) -> Iterator[None]:
    """Let a task be heard while it works.

    Nothing is told where bars of progress are switched off, by `TQDM_DISABLE` or `--quiet`.

    Parameters
    ----------
    task : str
        The task's name.
    begins : str
        What it begins, in a few words.
    is_quiet : bool
        Whether it is to be silent.
    """
    is_quiet |= os.environ.get("TQDM_DISABLE", "").lower() not in ("", "0", "false")
    # Of several processes that a launcher started, the main one alone speaks.
    if is_quiet or os.environ.get("RANK", "0") != "0":
        yield
        return
    voice = Voice(task, begins)
    voice.begin()
    try:
        yield
    finally:
        voice.end()
