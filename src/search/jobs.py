"""Several workers at one study on this machine, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna

from src.models.data import TrainingStores
from src.search.folds import FoldSettings
from src.search.objective import Task
from src.search.outcomes import Outcomes
from src.search.storage import connect
from src.search.worker import work
from src.utils.errors import AudiosError
from src.utils.interrupts import Interrupts
from src.utils.parallel import limit_workers, n_workers
from src.utils.run_manifest import read_manifest
from src.utils.runs import MANIFEST, Run

_POLL_SECONDS = 0.3
_END_SECONDS = 30.0


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
    """
    with ExitStack() as stack:
        workers = [stack.enter_context(_process(order)) for _ in range(n_jobs)]
        n_spare = n_jobs
        while workers:
            with interrupts.allowed():
                time.sleep(_POLL_SECONDS)
            progress(look())
            for ended in [one for one in workers if one.poll() is not None]:
                workers.remove(ended)
                if ended.returncode > 0:
                    raise AudiosError(_fault_of(ended))
                if ended.returncode < 0 and not n_spare:
                    raise AudiosError(
                        f"{n_jobs + 1} worker processes were killed, perhaps because memory ran "
                        f"out: use fewer --jobs, and continue with --study-number={order.number}"
                    )
                if ended.returncode < 0:
                    n_spare -= 1
                    workers.append(stack.enter_context(_process(order)))


@contextmanager
def _process(order: Order) -> Iterator[subprocess.Popen[str]]:
    threads = str(order.n_threads)
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | limits | {"PYTHONPATH": os.pathsep.join(sys.path)},
        # Ctrl-C is for this process, which ends the others.
        process_group=0,
    )
    assert process.stdin is not None
    # Not as an argument, which all users of the machine can see: it may hold a password.
    process.stdin.write(json.dumps(asdict(order)) + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        except ValueError:  # what it said was read already
            process.wait()


def _fault_of(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate()
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else f"a worker process ended with exit code {process.returncode}"


def serve() -> None:
    """Be a worker: read an `Order` and try trials; SIGTERM ends it as Ctrl-C does."""
    order = Order(**json.loads(sys.stdin.readline()))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    limit_workers(order.n_threads)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        _serve(order)
    except KeyboardInterrupt:
        sys.exit(0)
    except AudiosError as error:
        sys.exit(str(error))


def _serve(order: Order) -> None:
    folder = Path(order.study)
    run = Run(order.number, folder, read_manifest(folder / MANIFEST))
    stores = TrainingStores.open(Path(order.embeddings), order.backbone, order.augmented)
    folds = FoldSettings(**order.folds)
    task = Task.of(run, stores, order.classifier, folds, order.pruning, order.seed, order.total)
    with Interrupts() as interrupts:
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
