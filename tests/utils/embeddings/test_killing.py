"""A store that was killed, again and again, is the one that was not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from src.demo.checkpoint import make_checkpoint
from src.utils.config import ROOT
from src.utils.dataset.generate import generate_tables
from tests.utils.embeddings.toy import BROKEN, PEOPLE, content

STORE = ["clips.csv", "embeddings.npy", "manifest.json", "rejected.csv"]

N_GOOD = 8
"""Four batches: what happens in one is the same in more, and each costs ten kills."""

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def dataset(make_cetuc: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_cetuc(tmp_path_factory.mktemp("killing") / "release", PEOPLE[:2])
    (folder / BROKEN).write_text("no audio")
    generate_tables(folder)
    return folder


def kill(dataset: Path, work: Path, backbone: str, *seeds: int) -> dict[str, dict]:
    """Make stores with kills (see `killing.main`); give what is told of each, by its folder."""
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, script, dataset, work, backbone, *map(str, seeds)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return {store["folder"]: store for store in json.loads(done.stdout.splitlines()[-1])}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toy")


@pytest.fixture(scope="module")
def stores(dataset: Path, work: Path) -> dict[str, dict]:
    """What all tests of the toy look at, made by one process."""
    return kill(dataset, work, "toy", 0, *SEEDS)


def test_a_kill_at_every_file_operation(stores: dict[str, dict], work: Path) -> None:
    plain = content(work / "plain/e/toy/full")
    assert list(plain) == STORE
    one_each = [store for folder, store in stores.items() if folder.isdigit()]
    assert len(one_each) > 40
    for store in one_each:
        folder = work / store["folder"] / "e/toy"
        assert content(folder / "full") == plain, store
        assert sorted(path.name for path in folder.iterdir()) == ["full"], store
        # Two clips share a batch here: no more than the one in work is computed twice.
        assert N_GOOD <= store["computed"] <= N_GOOD + 2, store


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_at_random_until_it_is_done(stores: dict[str, dict], work: Path, seed: int) -> None:
    store = stores[f"seed{seed}"]
    assert store["kills"] > 0
    assert content(work / f"seed{seed}/e/toy/full") == content(work / "plain/e/toy/full")
    assert N_GOOD <= store["computed"] <= N_GOOD + 2 * store["kills"]


def test_a_real_model_is_killed_at_random(dataset: Path, tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", "wav2vec2")
    [store] = kill(dataset, tmp_path, str(checkpoint), 4).values()
    assert store["kills"] > 0
    plain = content(tmp_path / "plain/e/wav2vec2/full")
    assert list(plain) == STORE
    assert content(tmp_path / "seed4/e/wav2vec2/full") == plain
    assert N_GOOD <= store["computed"] <= N_GOOD + 2 * store["kills"]
