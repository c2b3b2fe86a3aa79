"""Extraction on a Ray cluster: actors read recordings from shared storage and send vectors back.

Only vectors travel. This process alone writes the store, in whatever order they come, so a
cluster's store is as safe to kill as a local one; a worker that is lost is replaced by Ray, and
what it had in work is computed again.
"""

import json
import logging
import os
import secrets
import socket
import sys
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from src.utils.audio.augmentations.chain import Chain, Recipe, read_chain, write_chain
from src.utils.config import ROOT
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.engine import AS_RECORDED, Embedded, PathOf, Versions
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.plan import Batch, Plan
from src.utils.errors import ArgumentError, AudiosError
from src.utils.parallel import n_workers

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0

STORE_BYTES = 256 * 2**20
"""Shared memory of a cluster started here, for results in transit."""

TASK_BATCHES = 8
"""Batches of a task: an actor reads the next one while it computes."""

TASKS_AN_ACTOR = 8
"""Fewest tasks of an actor, where there are enough batches: with fewer, some would end late."""

THREADS = ("StreamingExecutor", "ray-data-", "iter_threaded")
"""How the names of Ray Data's threads begin, of those that call Ray."""

THREAD_SECONDS = 60.0
"""How long Ray Data's threads are waited for: a call takes them seconds on a slow machine."""

TASK_RETRIES = 10
"""Retries of a task whose actor dies: a lost machine is survived, a fatal clip is reported."""


class RayEngine:
    """Computes batches as Ray Data actors, one for each GPU, or else as many as cores allow.

    An actor without a GPU gets as many cores and threads as torch uses in this process: torch
    divides sums among its threads, so another number would change the last bits.

    Parameters
    ----------
    address : str, optional
        `host:port` of a running cluster of which this machine is part (default: start one here).

    Raises
    ------
    ArgumentError
        When the address is not `host:port`.
    AudiosError
        When Ray is not installed, or nothing answers at the address.
    """

    def __init__(self, address: str | None = None) -> None:
        if find_spec("ray") is None:
            raise AudiosError(
                "--engine=ray needs Ray; install it with: pip install -r requirements-cluster.txt"
            )
        if address is not None:
            _check(address)
        self.address = address
        self._is_connected = False

    @classmethod
    def at(cls, address: str | None) -> "RayEngine":
        """Make one for the cluster at an address, or for one made here (see `Engine.at`).

        Parameters
        ----------
        address : str or None
            `host:port` of a running cluster; None to make one on this machine.

        Raises
        ------
        ArgumentError, AudiosError
            As the class does.
        """
        return cls(address)

    def run(
        self, backbone: Backbone, batches: Plan, path_of: PathOf, versions: Versions = AS_RECORDED
    ) -> Generator[Embedded]:
        """Compute batches on the cluster, in no order; for the parameters see `Engine.run`.

        Raises
        ------
        AudiosError
            When the cluster fails, or a worker cannot make the backbone work.
        """
        if not batches:
            return
        self._connect()
        import ray

        packed = [_pack(batch, path_of, versions) for batch in batches]
        tables = self._tables(backbone, versions.recipe, packed)
        try:
            while True:
                with _silent_stdout():
                    table = next(tables, None)
                if table is None:
                    return
                for about, vectors in zip(table["about"], table["vectors"], strict=True):
                    yield _unpack(about.as_py(), vectors.as_buffer())
        except BaseException as error:
            # At once: until then Ray would tell of every actor that is stopped.
            with _silent_stdout():
                # Its thread first, which would fail without the cluster.
                tables.close()
                self.close()
            # An error of a task is a mistake in our own code: its traceback is wanted.
            is_cluster = isinstance(error, ray.exceptions.RayError)
            if not is_cluster or isinstance(error, ray.exceptions.RayTaskError):
                raise
            raise AudiosError(
                f"the Ray cluster failed ({_first_line(error)}); run this again to go on"
            ) from error

    def _tables(
        self, backbone: Backbone, recipe: Recipe | None, packed: Sequence[dict[str, Any]]
    ) -> Generator[Any]:
        """Send the batches to actors and yield their results as Arrow tables."""
        import ray
        from ray.util.annotations import RayDeprecationWarning

        actors = _actors([node["Resources"] for node in ray.nodes() if node["Alive"]])
        size = min(TASK_BATCHES, max(1, len(packed) // (TASKS_AN_ACTOR * actors.count)))
        tasks = [
            {"batches": json.dumps(packed[start : start + size])}
            for start in range(0, len(packed), size)
        ]
        shared = ray.put((backbone, recipe))
        with warnings.catch_warnings():
            # Named parameters are to replace `max_task_retries`, but there is none for it yet.
            warnings.simplefilter("ignore", RayDeprecationWarning)
            results = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
                _Worker,
                fn_constructor_args=(shared, actors.cores),
                batch_size=1,
                batch_format="numpy",
                compute=ray.data.ActorPoolStrategy(
                    min_size=1, max_size=actors.count, initial_size=actors.count
                ),
                num_cpus=actors.cores,
                num_gpus=actors.gpus,
                max_task_retries=TASK_RETRIES,
            )
        # Nothing fetched ahead: the thread that does it never ends when it is left before the last
        # table, and keeps references to what the cluster has forgotten by then.
        yield from results.iter_batches(prefetch_batches=0, batch_size=None, batch_format="pyarrow")

    def close(self) -> None:
        """Disconnect from the cluster; one that was started here ends."""
        # Ray ends the whole process, without a word, when a thread calls it while it shuts down.
        # Ray Data waits two seconds for its own, which on a slow machine is not enough; where one
        # stays, what was started here ends with this process.
        if self._is_connected and _wait_for_threads():
            import ray

            ray.shutdown()
            self._is_connected = False

    def _connect(self) -> None:
        if self._is_connected:
            return
        # Read when Ray is imported. No statistics of use are sent anywhere.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        # Its core logs what it mends by itself; what it cannot mend is raised.
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        where: dict[str, Any] = {"address": self.address}
        if self.address is None:
            where = {
                "address": "local",
                "num_cpus": n_workers(),
                "object_store_memory": STORE_BYTES,
                "include_dashboard": False,
            }
            # Others on this machine may not send it work. Ray's own choice would be a token in the
            # user's home, which every cluster started later would ask for.
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        else:
            # A cluster that answers at all needs no twenty attempts.
            os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "3")
        import ray
        import ray.data

        try:
            with _silent_stderr():
                ray.init(
                    **where,
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                    runtime_env={
                        # Travels with the job, so that no machine computes by another version.
                        "py_modules": [str(ROOT / "src")],
                        "env_vars": {"OMP_NUM_THREADS": str(torch.get_num_threads())},
                    },
                )
        except Exception as error:  # Ray raises what comes, mostly RuntimeError
            raise AudiosError(
                f"cannot use the Ray cluster at {self.address or 'this machine'}: "
                f"{_first_line(error)}"
            ) from error
        self._is_connected = True
        # Their tracebacks are of what is raised as well, here or in one line.
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False


class _Worker:
    """A Ray actor that computes batches with a `LocalEngine`.

    Parameters
    ----------
    shared : ray.ObjectRef
        A reference to the backbone, which is too large to be sent again with every restart, and
        to what chains are applied by.
    n_readers : int
        Number of reading threads.
    """

    def __init__(self, shared: Any, n_readers: int) -> None:
        import ray

        self.backbone: Backbone
        self.recipe: Recipe | None
        self.backbone, self.recipe = ray.get(shared)
        self.engine = LocalEngine(n_readers)

    def __call__(self, task: dict[str, np.ndarray]) -> Generator[dict[str, list]]:
        batches: list[Batch] = []
        paths: dict[int, Path] = {}
        chains: dict[int, dict[int, Chain] | None] = {}
        for packed in json.loads(task["batches"][0]):
            rows, numbers = packed["rows"], tuple(packed["versions"])
            batches.append(Batch(np.array(rows, np.int32), packed["seconds"], numbers))
            paths |= dict(zip(rows, map(Path, packed["paths"]), strict=True))
            for number, texts in zip(numbers, packed["chains"], strict=True):
                if texts is None:
                    chains[number] = None
                else:
                    known = chains.get(number) or {}
                    chains[number] = known | dict(zip(rows, map(read_chain, texts), strict=True))
        of_all = tuple(chains.get(number) for number in range(max(chains) + 1))
        versions = Versions(of_all, self.recipe)
        try:
            for done in self.engine.run(self.backbone, batches, paths.__getitem__, versions):
                about = {
                    "rows": done.rows,
                    "shape": done.vectors.shape,
                    "rejected": done.rejected,
                    "version": done.version,
                }
                yield {"about": [json.dumps(about)], "vectors": [done.vectors.tobytes()]}
        except AudiosError as error:
            # An exception would arrive wrapped in those of Ray, and be tried again.
            yield {"about": [json.dumps({"failure": str(error)})], "vectors": [b""]}


def _pack(batch: Batch, path_of: PathOf, versions: Versions) -> dict[str, Any]:
    rows = batch.rows.tolist()
    wanted = [versions.chains[number] for number in batch.versions]
    chains = [one if one is None else [write_chain(one[row]) for row in rows] for one in wanted]
    return {
        "rows": rows,
        "seconds": batch.seconds,
        "paths": [str(path_of(row)) for row in rows],
        "versions": batch.versions,
        "chains": chains,
    }


def _unpack(text: str, vectors: Any) -> Embedded:
    about = json.loads(text)
    if "failure" in about:
        raise AudiosError(about["failure"])
    return Embedded(
        about["rows"],
        np.frombuffer(vectors, np.float32).reshape(about["shape"]),
        {int(row): reason for row, reason in about["rejected"].items()},
        about["version"],
    )


@dataclass(frozen=True)
class _Actors:
    """The number of actors, and the cores and GPUs of each."""

    count: int
    cores: int
    gpus: int


def _actors(nodes: Sequence[dict[str, float]]) -> _Actors:
    """Divide the resources of a cluster's nodes among actors.

    Raises
    ------
    AudiosError
        When they have neither cores nor GPUs.
    """
    with_gpu = [node for node in nodes if node.get("GPU", 0) >= 1]
    if with_gpu:
        cores = min(int(node.get("CPU", 0) // node["GPU"]) for node in with_gpu)
        return _Actors(sum(int(node["GPU"]) for node in with_gpu), cores, 1)
    cores = min(torch.get_num_threads(), max(int(node.get("CPU", 0)) for node in nodes))
    if not cores:
        raise AudiosError("the Ray cluster offers neither cores nor GPUs")
    counts = [int(node.get("CPU", 0) // cores) for node in nodes]
    idle = sum(
        not count and node.get("CPU", 0) >= 1 for count, node in zip(counts, nodes, strict=True)
    )
    if idle:
        log.warning(
            "%d of the cluster's machines stay idle, having fewer than the %d cores that an actor "
            "gets; OMP_NUM_THREADS=%d before fab would use them",
            idle,
            cores,
            min(int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1),
        )
    return _Actors(sum(counts), cores, 0)


def _wait_for_threads() -> bool:
    """Wait until no thread of Ray Data is left; return whether that was soon enough."""
    end = time.monotonic() + THREAD_SECONDS
    for thread in threading.enumerate():
        if thread.name.startswith(THREADS):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                return False
    return True


def _check(address: str) -> None:
    """Check that a Ray server answers at an address; Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ArgumentError(f"--ray-address={address} is not HOST:PORT, such as 10.0.0.1:6379")
    try:
        with socket.create_connection((host, int(port)), CONNECT_SECONDS) as connection:
            # Ray speaks gRPC over HTTP/2, where both sides open with their settings (RFC 9113,
            # section 3.4): three bytes of length, then the type.
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
            answer = connection.recv(9)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AudiosError(f"no Ray cluster answers at --ray-address={address}: {reason}") from error
    if answer[3:4] != b"\4":
        raise AudiosError(f"what answers at --ray-address={address} is no Ray cluster")


@contextmanager
def _silent_stdout() -> Iterator[None]:
    """Suppress stdout, where Ray prints of faults that it recovers from."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Suppress stderr, where Ray's core logs; what matters is raised as well."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
