"""A store that was killed, again and again, is the one that was not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.demo.checkpoint import make_checkpoint
from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from tests.utils.embeddings.toy import N_GOOD, content

STORE = ["clips.csv", "embeddings.npy", "manifest.json", "rejected.csv"]


def kill(dataset: Dataset, work: Path, backbone: str, seed: int) -> list[dict]:
    """Make stores with kills (see `killing.main`)."""
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, script, dataset.root, work, backbone, str(seed)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_kill_at_every_file_operation(dataset: Dataset, tmp_path: Path) -> None:
    stores = kill(dataset, tmp_path, "toy", seed=0)
    plain = content(tmp_path / "plain/e/toy/full")
    assert list(plain) == STORE
    assert len(stores) > 40
    for store in stores:
        folder = tmp_path / store["folder"] / "e/toy"
        assert content(folder / "full") == plain, store
        assert sorted(path.name for path in folder.iterdir()) == ["full"], store
        # Two clips share a batch here: no more than the one in work is computed twice.
        assert N_GOOD <= store["computed"] <= N_GOOD + 2, store


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kills_at_random_until_it_is_done(dataset: Dataset, tmp_path: Path, seed: int) -> None:
    [store] = kill(dataset, tmp_path, "toy", seed)
    assert store["kills"] > 0
    assert content(tmp_path / "chain/e/toy/full") == content(tmp_path / "plain/e/toy/full")
    assert N_GOOD <= store["computed"] <= N_GOOD + 2 * store["kills"]


def test_a_real_model_is_killed_at_random(dataset: Dataset, tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", "wav2vec2")
    [store] = kill(dataset, tmp_path, str(checkpoint), seed=4)
    assert store["kills"] > 0
    plain = content(tmp_path / "plain/e/wav2vec2/full")
    assert list(plain) == STORE
    assert content(tmp_path / "chain/e/wav2vec2/full") == plain
    assert N_GOOD <= store["computed"] <= N_GOOD + 2 * store["kills"]
