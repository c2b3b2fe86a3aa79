"""What the tests call in a process of its own, which alone speaks with a Ray cluster.

Ray ends the process that called it where something of its own goes wrong. Of a test run that
would end the worker, and with it whatever else it had to do.
"""

import threading
import time
from pathlib import Path
from typing import Any

from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.engines import load_engine
from src.utils.embeddings.engines.cluster import THREADS, RayEngine
from src.utils.embeddings.extract import Extraction, extract_split, extract_versions
from src.utils.errors import AudiosError

BATCH_SECONDS = 1.0
"""Of a batch: so that there are several, of clips of several lengths."""

_engines: dict[str, RayEngine] = {}


def _engine(address: str) -> RayEngine:
    """Return the one engine of this process: connecting takes seconds."""
    if address not in _engines:
        _engines[address] = load_engine("ray", address)
    return _engines[address]


def extract(address: str, dataset: Dataset, backbone: Any, folder: Path) -> Extraction:
    """Extract all clips of a data set on the cluster at an address."""
    return extract_split(dataset, "full", backbone, folder, _engine(address))


def extract_checkpoint(address: str, dataset: Dataset, checkpoint: str, folder: Path) -> None:
    """Extract all clips by a wav2vec2 checkpoint."""
    backbone = load_backbone("wav2vec2", checkpoint)
    backbone.batch_seconds = BATCH_SECONDS
    extract_split(dataset, "full", backbone, folder, _engine(address))


def extract_copies(
    address: str, dataset: Dataset, backbone: Any, folder: Path, versions: list
) -> None:
    """Extract the training clips and their augmented copies on the cluster."""
    extract_versions(dataset, "downstream_train", backbone, folder, versions, _engine(address))


def threads_of_ray(
    address: str, dataset: Dataset, backbone: Any, folder: Path
) -> tuple[set[str], list[str]]:
    """Extract what fails, with a slow end of Ray's own thread.

    Returns
    -------
    set of str
        Of the names in `THREADS`, those that were seen.
    list of str
        The threads that were left when Ray was shut down.
    """
    import ray
    from ray.data._internal.execution.streaming_executor import StreamingExecutor

    seen: set[str] = set()
    left: list[str] = []
    step, shutdown = StreamingExecutor._scheduling_loop_step, ray.shutdown
    start = threading.Thread.start

    def names() -> list[str]:
        return [one.name for one in threading.enumerate() if one.name.startswith(THREADS)]

    def noted_start(self: threading.Thread) -> None:
        # Some live too briefly to be found by looking now and then.
        seen.update(known for known in THREADS if self.name.startswith(known))
        start(self)

    def slow_step(self: StreamingExecutor, *arguments: Any) -> bool:
        end = time.monotonic() + 0.5
        while not self._shutdown and time.monotonic() < end:
            time.sleep(0.01)
        if self._shutdown:
            # Longer than Ray Data waits for it.
            time.sleep(3)
        return step(self, *arguments)

    def watched_shutdown(*arguments: Any, **named: Any) -> None:
        left.extend(names())
        shutdown(*arguments, **named)

    StreamingExecutor._scheduling_loop_step, ray.shutdown = slow_step, watched_shutdown
    threading.Thread.start = noted_start  # type: ignore[method-assign]
    try:
        extract(address, dataset, backbone, folder)
    except AudiosError:
        return seen, left
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
        StreamingExecutor._scheduling_loop_step, ray.shutdown = step, shutdown
    raise AssertionError("the extraction did not fail")
