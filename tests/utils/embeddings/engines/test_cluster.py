"""The same store from a Ray cluster: two workers, one of them killed."""

import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from src.demo.checkpoint import make_checkpoint
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.copies import Copies
from src.utils.embeddings.engines import cluster, load_engine
from src.utils.embeddings.engines.cluster import THREADS
from src.utils.embeddings.extract import extract_split, extract_versions
from src.utils.errors import ArgumentError, AudiosError
from tests.utils.embeddings.engines import driver
from tests.utils.embeddings.toy import BROKEN, N_GOOD, Broken, Deadly, Killed, Toy, content

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs Ray (requirements-cluster.txt)"
)

START_SECONDS = 120
"""How long a slow machine may take to start a cluster."""

CALL_SECONDS = 300
"""How long it may take to do a test's work on it."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a cluster for two workers, whatever cores there are, as `ray start` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Cluster and driver must hold the same token; Ray reads it once, when it is imported.
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    command = [
        *(Path(sys.executable).with_name("ray"), "start", "--head", "--block"),
        *(f"--port={port}", "--min-worker-port=0", "--max-worker-port=0"),
        *("--include-dashboard=false", "--dashboard-agent-listen-port=0", "--disable-usage-stats"),
        *(f"--num-cpus={2 * torch.get_num_threads()}", "--num-gpus=0"),
        f"--object-store-memory={80 * 2**20}",
    ]
    log = tmp_path_factory.mktemp("ray") / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=stream,
            # The backbones of tests are no part of what travels.
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "--block" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        # Asked politely, it takes half a minute.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        del os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"]


@pytest.fixture(scope="module")
def on_cluster(address: str) -> Iterator[Callable[..., Any]]:
    """Call a function of `driver` with the cluster's address, in a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:

        def call(function: Callable, *arguments: Any) -> Any:
            return pool.submit(function, address, *arguments).result(CALL_SECONDS)

        yield call


def test_a_worker_is_killed_half_way(
    dataset: Dataset, tmp_path: Path, on_cluster: Callable
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    found = on_cluster(driver.extract, dataset, Deadly(notes), tmp_path / "ray")
    assert (found.n_computed, list(found.rejected)) == (N_GOOD, [BROKEN])
    # Both workers had something to do, and a third took the place of the one that was killed.
    assert (notes / "killed").is_dir()
    assert len([path for path in notes.iterdir() if path.is_file()]) == 3
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    assert content(tmp_path / "ray/toy/full") == content(tmp_path / "plain/toy/full")


def test_a_real_model(dataset: Dataset, tmp_path: Path, on_cluster: Callable) -> None:
    checkpoint = str(make_checkpoint(tmp_path / "checkpoint", "wav2vec2"))
    on_cluster(driver.extract_checkpoint, dataset, checkpoint, tmp_path / "ray")
    backbone = load_backbone("wav2vec2", checkpoint)
    backbone.batch_seconds = driver.BATCH_SECONDS
    extract_split(dataset, "full", backbone, tmp_path / "plain")
    there, here = (content(tmp_path / name / "wav2vec2/full") for name in ("ray", "plain"))
    assert there == here


def test_what_one_engine_began_another_ends(
    dataset: Dataset, tmp_path: Path, on_cluster: Callable
) -> None:
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(stop_after=4), tmp_path / "ray")
    found = on_cluster(driver.extract, dataset, Toy(), tmp_path / "ray")
    assert 0 < found.n_kept < N_GOOD
    assert on_cluster(driver.extract, dataset, Toy(0), tmp_path / "ray").n_computed == 0
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    assert content(tmp_path / "ray/toy/full") == content(tmp_path / "plain/toy/full")


def test_a_worker_that_cannot_work_tells_why(
    dataset: Dataset, tmp_path: Path, on_cluster: Callable
) -> None:
    with pytest.raises(AudiosError, match=r"^the checkpoint toy lacks its weights$"):
        on_cluster(driver.extract, dataset, Broken(), tmp_path / "ray")


def test_no_thread_calls_ray_while_it_is_shut_down(
    dataset: Dataset, tmp_path: Path, on_cluster: Callable
) -> None:
    seen, left = on_cluster(driver.threads_of_ray, dataset, Broken(), tmp_path / "ray")
    assert not left
    assert seen == set(THREADS), "what Ray calls its threads has changed"


@pytest.mark.parametrize("text", ["", "somewhere", ":6379", "host:", "host:0", "host:70000", "a:b"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ArgumentError, match=f"--ray-address={text} is not HOST:PORT"):
        load_engine("ray", text)


def test_nothing_answers() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(AudiosError, match=f"no Ray cluster answers at --ray-address={address}"):
            load_engine("ray", address)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_something_else_answers(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(AudiosError, match="is no Ray cluster"):
            load_engine("ray", f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def test_something_that_stays_silent_answers(monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(AudiosError, match=r"no Ray cluster answers at .*: timed out"),
    ):
        load_engine("ray", f"127.0.0.1:{server.getsockname()[1]}")


def test_ray_is_not_installed(monkeypatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(AudiosError, match=r"pip install -r requirements-cluster\.txt$"):
        load_engine("ray")


@pytest.fixture
def two_threads(monkeypatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([{"CPU": 2}], (1, 2, 0)),
        ([{"CPU": 8}, {"CPU": 5}, {}], (6, 2, 0)),
        ([{"CPU": 1}, {"CPU": 1}], (2, 1, 0)),
        ([{"CPU": 16, "GPU": 4}, {"CPU": 8, "GPU": 1}, {"CPU": 64}], (5, 4, 1)),
        ([{"GPU": 2}], (2, 0, 1)),
    ],
)
def test_what_the_cluster_has_is_shared_out(
    two_threads: None, nodes: list[dict], expected: tuple
) -> None:
    actors = cluster._actors(nodes)
    assert (actors.count, actors.cores, actors.gpus) == expected


def test_idle_machines_are_told(two_threads: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        actors = cluster._actors([{"CPU": 4}, {"CPU": 1}, {"CPU": 1}, {"memory": 1.0}])
    assert (actors.count, actors.cores) == (2, 2)
    [line] = caplog.messages
    assert line.startswith("2 of the cluster's machines stay idle")
    assert "OMP_NUM_THREADS=1" in line


def test_a_cluster_of_nothing(two_threads: None) -> None:
    with pytest.raises(AudiosError, match="neither cores nor GPUs"):
        cluster._actors([{"CPU": 0}, {"memory": 1.0}])


def test_augmented_copies_are_the_same(
    dataset: Dataset, tmp_path: Path, on_cluster: Callable
) -> None:
    versions = [None, *Copies(Recipe(("noise", "gain"), (1, 2)), 2).each()]
    extract_versions(dataset, "downstream_train", Toy(), tmp_path / "local", versions)
    on_cluster(driver.extract_copies, dataset, Toy(), tmp_path / "ray", versions)
    for copy in ("", ".copy1", ".copy2"):
        ours, theirs = (
            content(tmp_path / name / f"toy/downstream_train{copy}") for name in ("ray", "local")
        )
        assert ours == theirs
