"""Two processes that train together, on gloo, as `accelerate launch` starts them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.networks.trainer.processes import Processes
from src.utils.config import ROOT
from tests.networks.trainer.joined import train


def launch(words: list[str], count: int = 2) -> None:
    """Run a program in several processes, with the variables that a launcher sets."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    about = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    about |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "ACCELERATE_USE_CPU": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=os.environ | about | {"RANK": str(number), "LOCAL_RANK": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(count)
    ]
    try:
        for child in children:
            told, _ = child.communicate(timeout=120)
            assert child.returncode == 0, told
    finally:
        for child in children:
            child.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("joined")
    launch(["-m", "tests.networks.trainer.joined", str(made)])
    return made


@pytest.fixture(scope="module")
def arrays(folder: Path) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(folder / f"process{number}.npz")) for number in range(2)]


@pytest.fixture(scope="module")
def told(folder: Path) -> list[dict]:
    return [json.loads((folder / f"process{number}.json").read_text()) for number in range(2)]


def test_the_gradient_of_two_is_that_of_one_with_the_double_batch(
    arrays: list[dict[str, np.ndarray]], tmp_path: Path
) -> None:
    alone = train(tmp_path, 8, 1, 8, None).front.weight.grad.numpy()
    for process in arrays:
        np.testing.assert_allclose(process["gradient"], alone, rtol=1e-5, atol=1e-8)


def test_both_have_the_weights_of_one_with_the_double_batch(
    arrays: list[dict[str, np.ndarray]], tmp_path: Path
) -> None:
    """Also where the last step of an epoch is of six examples."""
    alone = train(tmp_path, 8, 3, 22, None).state_dict()
    for name, value in alone.items():
        np.testing.assert_array_equal(arrays[0][name], arrays[1][name])
        np.testing.assert_allclose(arrays[0][name], value.numpy(), rtol=1e-3, atol=1e-5)


def test_what_both_had_summed_is_counted_once_when_they_go_on(told: list[dict]) -> None:
    for one in told:
        whole, broken = one["losses"]
        assert broken == pytest.approx(whole, rel=1e-12)


def test_they_agree_and_gather(told: list[dict]) -> None:
    for one in told:
        assert (one["count"], one["agreed"]) == (2, 0)
        assert one["gathered"] == ["process 0", "process 1"]


def test_what_the_main_one_fails_of_ends_both_and_is_told_once(told: list[dict]) -> None:
    assert [one["error"] for one in told] == ["the disk is full"] * 2
    assert [one["is_told_elsewhere"] for one in told] == [False, True]


def test_one_process_alone_needs_no_other() -> None:
    processes = Processes.join()
    assert (processes.number, processes.count, processes.is_main) == (0, 1, True)
    assert processes.agree("it") == "it"
    assert processes.gather(3) == [3]
    assert processes.by_main(lambda: 5) == 5
