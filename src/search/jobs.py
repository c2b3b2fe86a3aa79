"""Several workers at one study on this machine, each a process of its own."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import optuna

from src.models.data import TrainingStores
from src.search.folds import FoldSettings
from src.search.objective import Task
from src.search.outcomes import Outcomes
from src.search.storage import connect, told_of
from src.search.worker import work
from src.utils.accelerated import limit_threads
from src.utils.errors import AudiosError
from src.utils.interrupts import Interrupts
from src.utils.parallel import limit_workers, n_workers
from src.utils.run_manifest import read_manifest
from src.utils.runs import MANIFEST, Run

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.3
_END_SECONDS = 30.0

_STOPPED = 130
"""Exit code of a worker that was asked to end."""
_FAULT = 3
"""Exit code of one that has said in one line what is wrong."""


@dataclass(frozen=True)
class Order:
    """What a worker process is told, as JSON values.

    Attributes
    ----------
    embeddings, backbone, augmented
        As `TrainingStores.open` takes them.
    study : str
        The folder of the study.
    number : int
        Of the study.
    name : str
        The study's name where its trials are kept.
    storage : str or None
        The address of a database.
    classifier, pruning, seed, total
        See `Task.of`.
    folds : dict
        Of a `FoldSettings`.
    n_threads : int
        How many threads it may use.
    """

    embeddings: str
    backbone: str
    augmented: bool
    study: str
    number: int
    name: str
    storage: str | None
    classifier: str
    pruning: str
    seed: int
    total: int
    folds: dict[str, Any]
    n_threads: int


def work_together(
    order: Order,
    n_jobs: int,
    look: Callable[[], Outcomes],
    progress: Callable[[Outcomes], None],
    interrupts: Interrupts,
) -> None:
    """Let worker processes try trials until the study has as many as it shall have.

    A worker that is killed is replaced, and its trial made again.

    Parameters
    ----------
    order : Order
        What each is told.
    n_jobs : int
        How many.
    look : callable
        Returns what the study has come to.
    progress : callable
        Called with it now and then.
    interrupts : Interrupts
        Lets Ctrl-C end the workers.

    Raises
    ------
    AudiosError
        When a worker ends with an error, or one after the other is killed.
    RuntimeError
        With its traceback, when a worker ends by a bug.
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(_begin(order)) for _ in range(n_jobs)]
        # Before each of them is ended by itself.
        stack.callback(_end, workers)
        n_spare = n_jobs
        while workers:
            with interrupts.allowed():
                time.sleep(_POLL_SECONDS)
            progress(look())
            for ended in [one for one in workers if one.has_ended()]:
                workers.remove(ended)
                code = ended.process.returncode
                if code == 0:
                    continue
                if code > 0 and code != _STOPPED:
                    raise ended.fault()
                if not n_spare:
                    raise AudiosError(
                        f"{n_jobs + 1} worker processes were killed, perhaps because memory ran "
                        f"out: use fewer --jobs, and continue with --study-number={order.number}"
                    )
                n_spare -= 1
                workers.append(stack.enter_context(_begin(order)))


@dataclass(frozen=True)
class _Worker:
    """A worker process, and the files that it writes what it has to say into."""

    process: subprocess.Popen[str]
    said: IO[str]
    faults: IO[str]

    def has_ended(self) -> bool:
        """Say whether it has ended, and hand on its warnings."""
        has_ended = self.process.poll() is not None
        for line in self.said.read().splitlines():
            log.warning("%s", line)
        return has_ended

    def fault(self) -> Exception:
        """Return what has ended it."""
        code = self.process.returncode
        text = self.faults.read().strip()
        if code == _FAULT and text:
            return AudiosError(text.splitlines()[-1])
        return RuntimeError(f"a worker process ended with exit code {code}\n{text}")


@contextmanager
def _begin(order: Order) -> Iterator[_Worker]:
    with ExitStack() as stack:
        # Files, since a pipe that nobody reads is full one day.
        said, faults = (
            stack.enter_context(tempfile.NamedTemporaryFile("r", encoding="utf-8")) for _ in "12"
        )
        said_into, faults_into = (
            stack.enter_context(Path(file.name).open("a", encoding="utf-8"))
            for file in (said, faults)
        )
        process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=said_into,
            stderr=faults_into,
            text=True,
            env=os.environ | environment(order.n_threads),
            # Ctrl-C is for this process, which ends the others.
            process_group=0,
        )
        one = _Worker(process, said, faults)
        stack.callback(_end, [one])
        assert process.stdin is not None
        # Not as an argument, which all users of the machine can see: it may hold a password. Left
        # open: its end tells the worker that this process is gone.
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asdict(order)) + "\n")
            process.stdin.flush()
        yield one


def environment(n_threads: int) -> dict[str, str]:
    """Return what a worker's environment has to hold before its libraries are loaded.

    Parameters
    ----------
    n_threads : int
        How many threads it may use.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys(names, str(n_threads))
    return limits | {"PYTHONPATH": os.pathsep.join(sys.path)}


def _end(workers: list[_Worker]) -> None:
    """End worker processes, all at once."""
    for one in workers:
        with suppress(BrokenPipeError):
            assert one.process.stdin is not None
            one.process.stdin.close()
    until = time.monotonic() + _END_SECONDS
    for one in workers:
        try:
            one.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()


def serve() -> None:
    """Be a worker: read an `Order` and try trials; SIGTERM ends it as Ctrl-C does.

    So does the end of the process that began it, in whatever way.
    """
    order = Order(**json.loads(sys.stdin.readline()))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.WARNING)
    limit_workers(order.n_threads)
    limit_threads(order.n_threads)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        _serve(order)
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
    except AudiosError as error:
        print(error, file=sys.stderr)
        sys.exit(_FAULT)


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_END_SECONDS)
    # In a computation that nothing interrupts; as after any kill, its trial is made again.
    os._exit(_STOPPED)


def _serve(order: Order) -> None:
    folder = Path(order.study)
    run = Run(order.number, folder, read_manifest(folder / MANIFEST))
    stores = TrainingStores.open(Path(order.embeddings), order.backbone, order.augmented)
    folds = FoldSettings(**order.folds)
    task = Task.of(run, stores, order.classifier, folds, order.pruning, order.seed, order.total)
    with Interrupts() as interrupts, told_of(order.storage):
        study = connect(run, order.storage, order.name, is_new=False)
        work(study, task, interrupts, lambda _: None)


def threads_each(n_jobs: int) -> int:
    """Return how many threads each of several workers may use on this machine.

    Parameters
    ----------
    n_jobs : int
        How many workers.
    """
    return max(1, n_workers() // n_jobs)
